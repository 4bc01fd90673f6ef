import type { JobType } from '@app/domain';
import { Column, Entity, PrimaryColumn } from 'typeorm';

export const submissionOutcomes = ['accepted', 'refused', 'busy', 'blocked', 'not_sent', 'unknown'] as const;
export type SubmissionOutcome = (typeof submissionOutcomes)[number];

/** One attempt to submit: a call of the operation that its types have in common. */
@Entity('submission')
export class SubmissionEntity {
  @PrimaryColumn('uuid', { name: 'request_id' })
  requestId!: string;

  @PrimaryColumn('integer')
  number!: number;

  @Column('text', { array: true })
  types!: JobType[];

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

  @Column('integer')
  resends!: number;

  @Column('timestamptz', { name: 'resent_at', nullable: true })
  resentAt!: Date | null;

  @Column('timestamptz', { name: 'nonce_seen_at', nullable: true })
  nonceSeenAt!: Date | null;
}
