import type { MigrationInterface, QueryRunner } from 'typeorm';

export class LabelJobs1764200001000 implements MigrationInterface {
  readonly name = 'LabelJobs1764200001000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`set local lock_timeout = '5s'; set local statement_timeout = 0`);
    await runner.query(`
      -- The labels of every job, to find jobs by them in the order of their ids: an index of jsonb has no order. Written
      -- with the job and never changed. Behind the id stand those columns of the job that never change either: so the
      -- index alone tells that a label and a client never meet, without a look at all the jobs that have the label.
      create table job_label (
        key     text  not null,
        value   text  not null,
        job_id  uuid  not null,
        client  text  not null,
        region  text  not null,
        type    text  not null,
        constraint job_label_pkey primary key (key, value, job_id, client, region, type),
        constraint job_label_job_id_fkey foreign key (job_id) references job (id)
      )`);
    await runner.query(`
      insert into job_label (key, value, job_id, client, region, type)
      select key, value, id, client, region, type
        from job
        cross join lateral jsonb_each_text(labels)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop table job_label`);
  }
}
