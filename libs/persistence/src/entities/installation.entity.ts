import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** What this database calls itself where it shares something with others. One row. */
@Entity('installation')
@Check('installation_one_row', 'singleton')
export class InstallationEntity {
  @PrimaryColumn('boolean', { primaryKeyConstraintName: 'installation_pkey', default: true })
  singleton!: boolean;

  @Column('uuid')
  id!: string;
}
