import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What this database calls itself where it shares something with others. One row. */
@Entity('installation')
export class InstallationEntity {
  @PrimaryColumn('boolean')
  singleton!: boolean;

  @Column('uuid')
  id!: string;
}
