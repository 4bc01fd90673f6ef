import type { EventSignature, EventSource, EventVerdict } from '@app/domain';
import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** One notification of VOD, kept as received. */
@Entity('event')
@Check('event_source_known', `source in ('http')`)
@Check('event_signature_known', `signature in ('valid', 'missing', 'malformed', 'stale', 'mismatch', 'unchecked')`)
@Check('event_verdict_known', `verdict in ('received', 'matched', 'unmatched', 'ignored', 'rejected')`)
@Index('event_identity', ['region', 'eventType', 'vodJobId', 'status', 'bodyHash'], { unique: true })
@Index('event_waiting', ['receivedAt'], { where: `verdict = 'received'` })
@Index('event_verdict', ['verdict', 'id'])
@Index('event_vod_job_id', ['vodJobId', 'id'])
@Index('event_media_id', ['mediaId', 'id'])
@Index('event_job_id', ['jobId', 'id'], { where: 'job_id is not null' })
@Index('event_unmatched_media', ['mediaId'], { where: `verdict = 'unmatched'` })
export class EventEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'event_pkey' })
  id!: string;

  @Column('timestamptz', { name: 'received_at' })
  receivedAt!: Date;

  @Column('text')
  region!: string;

  @Column('text')
  source!: EventSource;

  @Column('text')
  signature!: EventSignature;

  @Column('text', { name: 'event_type' })
  eventType!: string;

  @Column('text', { name: 'vod_job_id' })
  vodJobId!: string;

  @Column('text', { name: 'media_id', nullable: true })
  mediaId!: string | null;

  @Column('text')
  status!: string;

  @Column('timestamptz', { name: 'event_time', nullable: true })
  eventTime!: Date | null;

  @Column('text', { nullable: true })
  extend!: string | null;

  @Column('bytea')
  body!: Buffer;

  @Column('integer', { name: 'body_size' })
  bodySize!: number;

  @Column('text', { name: 'body_hash' })
  bodyHash!: string;

  @Column('integer', { default: 1 })
  copies!: number;

  @Column('timestamptz', { name: 'last_received_at' })
  lastReceivedAt!: Date;

  @Column('text', { default: 'received' })
  verdict!: EventVerdict;

  @Column('text', { nullable: true })
  reason!: string | null;

  @Column('uuid', { name: 'job_id', nullable: true })
  jobId!: string | null;
}
