import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A region whose account cannot submit. */
@Entity('circuit')
export class CircuitEntity {
  @PrimaryColumn('text')
  region!: string;

  /** VOD's own code and words for what is wrong with the account. */
  @Column('text')
  code!: string;

  @Column('text')
  message!: string;

  @Column('timestamptz', { name: 'opened_at' })
  openedAt!: Date;

  @Column('timestamptz', { name: 'probe_at' })
  probeAt!: Date;
}
