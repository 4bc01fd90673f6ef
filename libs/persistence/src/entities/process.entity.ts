import { Column, Entity, PrimaryColumn } from 'typeorm';

export type ProcessRole = 'api' | 'worker' | 'webhook';

/** A process that runs, or did a moment ago. */
@Entity('process')
export class ProcessEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text')
  role!: ProcessRole;

  @Column('text')
  host!: string;

  @Column('text')
  version!: string;

  @Column('text', { array: true })
  regions!: string[];

  @Column('integer', { name: 'submit_qps', nullable: true })
  submitQps!: number | null;

  @Column('integer', { name: 'collect_qps', nullable: true })
  collectQps!: number | null;

  @Column('integer', { name: 'max_in_flight', nullable: true })
  maxInFlight!: number | null;

  @Column('timestamptz', { name: 'started_at' })
  startedAt!: Date;

  @Column('timestamptz', { name: 'last_seen_at' })
  lastSeenAt!: Date;
}
