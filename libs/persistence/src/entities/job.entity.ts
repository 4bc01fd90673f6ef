import type { JobCore, JobState, JobType } from '@app/domain';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One AI job of one type, without what only the statements of the stores read. */
@Entity('job')
export class JobEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'request_id' })
  requestId!: string;

  @Column('text')
  type!: JobType;

  @Column('text')
  state!: JobState;

  @Column('integer')
  version!: number;

  @Column('timestamptz', { name: 'due_at', nullable: true })
  dueAt!: Date | null;

  @Column('integer')
  attempt!: number;

  @Column('integer')
  attempts!: number;

  @Column('integer')
  tries!: number;

  @Column('integer')
  misses!: number;

  @Column('text', { name: 'vod_job_id', nullable: true })
  vodJobId!: string | null;

  @Column('text', { name: 'event_status', nullable: true })
  eventStatus!: 'success' | 'fail' | null;

  @Column('text', { name: 'error_phase', nullable: true })
  errorPhase!: NonNullable<JobCore['error']>['phase'] | null;

  /** This and the message are there whenever the phase is. */
  @Column('text', { name: 'error_code', nullable: true })
  errorCode!: string;

  @Column('text', { name: 'error_message', nullable: true })
  errorMessage!: string;

  @Column('text')
  client!: string;

  @Column('text')
  region!: string;

  @Column('text', { name: 'media_id' })
  mediaId!: string;

  @Column('smallint')
  priority!: number;

  @Column('jsonb')
  labels!: Record<string, string>;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'submitted_at', nullable: true })
  submittedAt!: Date | null;

  @Column('timestamptz', { name: 'last_read_at', nullable: true })
  lastReadAt!: Date | null;

  @Column('timestamptz', { name: 'finished_at', nullable: true })
  finishedAt!: Date | null;

  @Column('timestamptz', { name: 'settled_at', nullable: true })
  settledAt!: Date | null;
}
