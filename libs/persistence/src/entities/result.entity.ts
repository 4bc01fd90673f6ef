import { Column, Entity, JoinColumn, OneToOne, PrimaryColumn } from 'typeorm';
import { JobEntity } from './job.entity';

/** What the latest read of a job brought: VOD's own text, and the same in one shape. */
@Entity('result')
export class ResultEntity {
  @PrimaryColumn('uuid', { name: 'job_id', primaryKeyConstraintName: 'result_pkey' })
  jobId!: string;

  @OneToOne(() => JobEntity)
  @JoinColumn({ name: 'job_id', foreignKeyConstraintName: 'result_job_id_fkey' })
  job?: JobEntity;

  @Column('text', { nullable: true })
  raw!: string | null;

  @Column('jsonb', { nullable: true })
  normalized!: unknown;

  @Column('text')
  source!: string;

  @Column('timestamptz', { name: 'read_at' })
  readAt!: Date;
}
