import type { JobEventType, JobState } from '@app/domain';
import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type ColumnType } from 'typeorm';
import { JobEntity } from './job.entity';

/** A type of Postgres that TypeORM's list lacks; createDataSource completes it. */
export const xid8 = 'xid8' as string as ColumnType;

/** One line for every change of a job. */
@Entity('history')
@Index('history_job_version', ['jobId', 'version'], { unique: true })
@Index('history_tx', ['tx'], { where: 'tx IS NOT NULL' })
export class HistoryEntity {
  @PrimaryColumn('bigint', {
    generated: 'identity',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'history_pkey',
  })
  id!: string;

  @Column('uuid', { name: 'job_id' })
  jobId!: string;

  @ManyToOne(() => JobEntity)
  @JoinColumn({ name: 'job_id', foreignKeyConstraintName: 'history_job_id_fkey' })
  job?: JobEntity;

  @Column('integer')
  version!: number;

  @Column('timestamptz')
  at!: Date;

  @Column('text')
  event!: JobEventType | 'created';

  @Column('text', { name: 'from_state', nullable: true })
  fromState!: JobState | null;

  @Column('text', { name: 'to_state' })
  toState!: JobState;

  @Column('integer')
  attempt!: number;

  @Column('text', { nullable: true })
  actor!: string | null;

  @Column('jsonb', { default: {} })
  detail!: Record<string, unknown>;

  @Column({ type: xid8, nullable: true, default: () => 'pg_current_xact_id()' })
  tx!: string | null;
}
