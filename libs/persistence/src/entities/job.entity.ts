import {
  jobStates,
  readableStates,
  settledStates,
  silentStates,
  verdictStates,
  type JobState,
  type JobType,
} from '@app/domain';
import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { inStates } from '../in-states';
import { RequestEntity } from './request.entity';

/**
 * One AI job of one type. TypeORM's schema diff would drop CHECKs and partial indexes that only a migration knows,
 * so they are repeated here by name; the drift test holds the two together.
 */
@Entity('job')
@Check('job_state_known', `state ${inStates(jobStates)}`)
@Check('job_alarm_set', `(due_at is null) = (state ${inStates(silentStates)})`)
@Check('job_settled_at_set', `(settled_at is not null) = (state ${inStates(settledStates)})`)
@Check('job_known_to_vod', `state not ${inStates(readableStates)} or vod_job_id is not null`)
@Check('job_natural_key_released', `not holds_natural_key or settled_at is null`)
@Index('job_one_per_type', ['requestId', 'type'], { unique: true })
@Index('job_open_natural_key', ['naturalKey'], { unique: true, where: 'holds_natural_key' })
@Index('job_natural_key_open', ['naturalKey'], { where: 'settled_at IS NULL' })
@Index('job_vod_job_id', ['vodJobId', 'region'], { unique: true, where: 'vod_job_id IS NOT NULL' })
@Index('job_due_at', ['region', 'state', 'dueAt'], { where: 'due_at IS NOT NULL' })
@Index('job_backlog', ['region', 'priority', 'dueAt'], { where: `state = 'queued'` })
@Index('job_media_id_prefix', { synchronize: false }) // (media_id text_pattern_ops, id), which TypeORM cannot say
@Index('job_shape', ['client', 'region', 'type', 'state', 'id'])
@Index('job_error_code', ['errorCode', 'id', 'client', 'region', 'type', 'state'], { where: 'error_code is not null' })
@Index('job_queued', ['region', 'priority', 'id'], { where: `state = 'queued'` })
@Index('job_settled_at', ['settledAt'], { where: 'settled_at is not null' })
@Index('job_without_event', ['settledAt'], {
  where: `state ${inStates(verdictStates)} and vod_job_id is not null and event_status is null`,
})
@Index('job_submitted_at', ['region', 'type', 'submittedAt'], { where: 'vod_job_id is not null' })
export class JobEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'job_pkey' })
  id!: string;

  @Column('uuid', { name: 'request_id' })
  requestId!: string;

  @ManyToOne(() => RequestEntity)
  @JoinColumn({ name: 'request_id', foreignKeyConstraintName: 'job_request_id_fkey' })
  request?: RequestEntity;

  @Column('text')
  type!: JobType;

  @Column('text')
  state!: JobState;

  @Column('integer')
  version!: number;

  @Column('timestamptz', { name: 'due_at', nullable: true })
  dueAt!: Date | null;

  @Column('integer', { default: 0 })
  attempt!: number;

  @Column('integer', { default: 0 })
  attempts!: number;

  @Column('integer', { default: 0 })
  tries!: number;

  @Column('integer', { default: 0 })
  misses!: number;

  @Column('text', { name: 'vod_job_id', nullable: true })
  vodJobId!: string | null;

  @Column('text', { name: 'event_status', nullable: true })
  eventStatus!: 'success' | 'fail' | null;

  @Column('text', { name: 'error_phase', nullable: true })
  errorPhase!: string | null;

  @Column('text', { name: 'error_code', nullable: true })
  errorCode!: string | null;

  @Column('text', { name: 'error_message', nullable: true })
  errorMessage!: string | null;

  @Column('text')
  client!: string;

  @Column('text')
  region!: string;

  @Column('text', { name: 'media_id' })
  mediaId!: string;

  @Column('smallint')
  priority!: number;

  @Column('jsonb', { default: {} })
  labels!: Record<string, string>;

  @Column('text', { name: 'natural_key' })
  naturalKey!: string;

  @Column('boolean', { name: 'holds_natural_key' })
  holdsNaturalKey!: boolean;

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
