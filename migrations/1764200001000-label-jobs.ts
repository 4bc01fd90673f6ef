import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How many jobs are labelled at a time: each time is a transaction of its own, so that nobody waits for all of them. */
const PAGE = 5_000;

/**
 * Fills a new table from a big one while everything works: the old processes too, which know nothing of it. So a trigger
 * writes it, and is there before the jobs that are there already are gone through, page by page.
 */
export class LabelJobs1764200001000 implements MigrationInterface {
  readonly name = 'LabelJobs1764200001000';
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`set lock_timeout = '5s'`);
    await runner.query(`set statement_timeout = 0`);
    await runner.query(`
      -- The labels of every job, to find jobs by them in the order of their ids: an index of jsonb has no order. Written
      -- with the job and never changed. Behind the id stand those columns of the job that never change either: so the
      -- index alone tells that a label and a client never meet, without a look at all the jobs that have the label.
      create table if not exists job_label (
        key     text  not null,
        value   text  not null,
        job_id  uuid  not null,
        client  text  not null,
        region  text  not null,
        type    text  not null,
        constraint job_label_pkey primary key (key, value, job_id, client, region, type)
      )`);
    await runner.query(`
      create or replace function label_jobs() returns trigger language plpgsql as $$
      begin
        insert into job_label (key, value, job_id, client, region, type)
        select key, value, id, client, region, type
          from fresh
          cross join lateral jsonb_each_text(labels)
        on conflict do nothing;  -- the backfill may have been there first
        return null;
      end $$`);
    await runner.query(`drop trigger if exists job_labelled on job`);
    await runner.query(`
      create trigger job_labelled
       after insert on job
       referencing new table as fresh
         for each statement execute function label_jobs()`);
    for (let last: string | null = '00000000-0000-0000-0000-000000000000'; last !== null;) {
      last = await labelAfter(runner, last);
    }
    // Two steps: to validate what is there keeps nobody out.
    await runner.query(`alter table job_label drop constraint if exists job_label_job_id_fkey`);
    await runner.query(`
      alter table job_label add constraint job_label_job_id_fkey foreign key (job_id) references job (id) not valid`);
    await runner.query(`alter table job_label validate constraint job_label_job_id_fkey`);
    await runner.query(`reset statement_timeout`);
    await runner.query(`reset lock_timeout`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`set lock_timeout = '5s'`);
    await runner.query(`drop trigger job_labelled on job`);
    await runner.query(`drop function label_jobs()`);
    await runner.query(`drop table job_label`);
    await runner.query(`reset lock_timeout`);
  }
}

/** Labels the next jobs; answers the last of them, null when there are no more. */
async function labelAfter(runner: QueryRunner, last: string): Promise<string | null> {
  const [{ next }] = (await runner.query(
    `with page as materialized (
       select id, labels, client, region, type from job where id > $1 order by id limit ${PAGE}
     ), filled as (
       insert into job_label (key, value, job_id, client, region, type)
       select key, value, id, client, region, type
         from page
         cross join lateral jsonb_each_text(labels)
       on conflict do nothing
     )
     select (select id from page order by id desc limit 1) as next`,
    [last],
  )) as [{ next: string | null }];
  return next;
}
