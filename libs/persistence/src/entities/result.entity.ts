import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What the latest read of a job brought: VOD's own text, and the same in one shape. */
@Entity('result')
export class ResultEntity {
  @PrimaryColumn('uuid', { name: 'job_id' })
  jobId!: string;

  @Column('text', { nullable: true })
  raw!: string | null;

  @Column('jsonb', { nullable: true })
  normalized!: unknown;

  @Column('text')
  source!: string;

  @Column('timestamptz', { name: 'read_at' })
  readAt!: Date;
}
