import type { EventSignature, EventSource, EventVerdict } from '@app/domain';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One notice of VOD, kept as received. */
@Entity('event')
export class EventEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('timestamptz', { name: 'received_at' })
  receivedAt!: Date;

  @Column('timestamptz', { name: 'last_received_at' })
  lastReceivedAt!: Date;

  @Column('integer')
  copies!: number;

  @Column('text')
  region!: string;

  @Column('text')
  source!: EventSource;

  @Column('text')
  signature!: EventSignature;

  @Column('text')
  verdict!: EventVerdict;

  @Column('text', { nullable: true })
  reason!: string | null;

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

  @Column('uuid', { name: 'job_id', nullable: true })
  jobId!: string | null;

  @Column('integer', { name: 'body_size' })
  bodySize!: number;

  /** Since when the body is empty, as it had been kept for long enough. */
  @Column('timestamptz', { name: 'body_dropped_at', nullable: true })
  bodyDroppedAt!: Date | null;

  /** Up to a megabyte: only for whoever asks for it. */
  @Column('bytea', { select: false })
  body!: Buffer;
}
