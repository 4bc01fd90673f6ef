import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { RequestEntity } from './request.entity';

export type SubmissionOutcome = 'accepted' | 'refused' | 'busy' | 'blocked' | 'not_sent' | 'unknown';

/** One attempt to submit: a call of the operation that its types have in common. */
@Entity('submission')
@Check('submission_outcome_known', `outcome in ('accepted', 'refused', 'busy', 'blocked', 'not_sent', 'unknown')`)
@Index('submission_nonce', ['nonce'], { unique: true })
export class SubmissionEntity {
  @PrimaryColumn('uuid', { name: 'request_id', primaryKeyConstraintName: 'submission_pkey' })
  requestId!: string;

  @PrimaryColumn('integer', { primaryKeyConstraintName: 'submission_pkey' })
  number!: number;

  @ManyToOne(() => RequestEntity)
  @JoinColumn({ name: 'request_id', foreignKeyConstraintName: 'submission_request_id_fkey' })
  request?: RequestEntity;

  @Column('text', { array: true })
  types!: string[];

  @Column('text')
  nonce!: string;

  @Column('timestamptz', { name: 'signed_at' })
  signedAt!: Date;

  @Column('timestamptz', { name: 'sent_at', nullable: true })
  sentAt!: Date | null;

  @Column('timestamptz', { name: 'answered_at', nullable: true })
  answeredAt!: Date | null;

  @Column('text', { nullable: true })
  outcome!: SubmissionOutcome | null;

  @Column('text', { name: 'vod_request_id', nullable: true })
  vodRequestId!: string | null;

  @Column('text', { nullable: true })
  code!: string | null;

  @Column('text', { nullable: true })
  message!: string | null;

  @Column('text', { nullable: true })
  signer!: string | null;

  @Column('integer', { default: 0 })
  resends!: number;

  @Column('timestamptz', { name: 'resent_at', nullable: true })
  resentAt!: Date | null;

  @Column('timestamptz', { name: 'nonce_seen_at', nullable: true })
  nonceSeenAt!: Date | null;
}
