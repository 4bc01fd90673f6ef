import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** What a client asked for: one media, one or more types. See the migration for the reason of each column. */
@Entity('request')
@Index('request_idempotency_key', ['client', 'idempotencyKey'], { unique: true, where: 'idempotency_key IS NOT NULL' })
export class RequestEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'request_pkey' })
  id!: string;

  @Column('text')
  client!: string;

  @Column('text', { name: 'idempotency_key', nullable: true })
  idempotencyKey!: string | null;

  @Column('text', { name: 'body_hash' })
  bodyHash!: string;

  @Column('text', { name: 'media_id' })
  mediaId!: string;

  @Column('text')
  region!: string;

  @Column('jsonb', { default: {} })
  config!: Record<string, unknown>;

  @Column('smallint')
  priority!: number;

  @Column('jsonb', { default: {} })
  labels!: Record<string, string>;

  @Column('text', { nullable: true })
  extend!: string | null;

  @Column('boolean', { default: false })
  forced!: boolean;

  @Column('uuid', { name: 'shared_job_ids', array: true, default: [] })
  sharedJobIds!: string[];

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
