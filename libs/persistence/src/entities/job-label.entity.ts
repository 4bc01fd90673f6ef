import type { JobType } from '@app/domain';
import { Entity, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { JobEntity } from './job.entity';

const key = { primaryKeyConstraintName: 'job_label_pkey' };

/** One label of one job, beside what else never changes about it. */
@Entity('job_label')
export class JobLabelEntity {
  @PrimaryColumn('text', key)
  key!: string;

  @PrimaryColumn('text', key)
  value!: string;

  @PrimaryColumn('uuid', { ...key, name: 'job_id' })
  jobId!: string;

  @PrimaryColumn('text', key)
  client!: string;

  @PrimaryColumn('text', key)
  region!: string;

  @PrimaryColumn('text', key)
  type!: JobType;

  @ManyToOne(() => JobEntity)
  @JoinColumn({ name: 'job_id', foreignKeyConstraintName: 'job_label_job_id_fkey' })
  job?: JobEntity;
}
