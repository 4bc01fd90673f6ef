import type { JobEventType, JobState } from '@app/domain';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One line for every change of a job. */
@Entity('history')
export class HistoryEntity {
  @PrimaryColumn('bigint')
  id!: string;

  @Column('uuid', { name: 'job_id', select: false })
  jobId!: string;

  @Column('timestamptz')
  at!: Date;

  @Column('integer')
  version!: number;

  @Column('text')
  event!: JobEventType | 'created';

  @Column('text', { name: 'from_state', nullable: true })
  from!: JobState | null;

  @Column('text', { name: 'to_state' })
  to!: JobState;

  @Column('integer')
  attempt!: number;

  @Column('text', { nullable: true })
  actor!: string | null;

  @Column('jsonb')
  detail!: Record<string, unknown>;
}
