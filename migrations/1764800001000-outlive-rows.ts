import type { MigrationInterface, QueryRunner } from 'typeorm';

export class OutliveRows1764800001000 implements MigrationInterface {
  readonly name = 'OutliveRows1764800001000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`set local lock_timeout = '5s'`);
    await runner.query(`
      -- A request with an idempotency key stays when its record is dropped, emptied: its key is a promise, and the unique index
      -- on it keeps that for processes of the version before, too. over_at is when the last of its jobs was over.
      alter table request
        add over_at    timestamptz,
        add dropped_at timestamptz`);
    await runner.query(`
      -- When its body was emptied; the row and the hash by which copies are known stay.
      alter table event add body_dropped_at timestamptz`);
    await runner.query(`
      -- What is still known of a job whose record is dropped: that it was there, and which JobIds of VOD were its own. An event
      -- or a list that names one of them is about no other job.
      create table dropped_job (
        id           uuid         not null,
        request_id   uuid         not null,
        region       text         not null,
        vod_job_ids  text[]       not null,
        settled_at   timestamptz  not null,
        dropped_at   timestamptz  not null,
        constraint dropped_job_pkey primary key (id)
      )`);
    await runner.query(`create index dropped_job_request_id on dropped_job (request_id)`);
    await runner.query(`create index dropped_job_settled_at on dropped_job (settled_at)`);
    await runner.query(`create index dropped_job_vod_job_ids on dropped_job using gin (vod_job_ids)`);
    await runner.query(`
      -- How far the retention is, one row. Bodies of events up to bodies_to have had their turn. job_drops counts the runs that
      -- have dropped jobs: whoever keeps a count of jobs has to count anew.
      create table retention (
        singleton  boolean      not null default true,
        ran_at     timestamptz,
        bodies_to  uuid         not null default '00000000-0000-0000-0000-000000000000',
        job_drops  integer      not null default 0,
        constraint retention_pkey primary key (singleton),
        constraint retention_one_row check (singleton)
      )`);
    await runner.query(`insert into retention default values`);
    // Labels have no index by job that a foreign key could ask: a job would be dropped at the price of a look at all labels.
    await runner.query(`alter table job_label drop constraint job_label_job_id_fkey`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`set local lock_timeout = '5s'`);
    await runner.query(`
      alter table job_label add constraint job_label_job_id_fkey foreign key (job_id) references job (id) not valid`);
    await runner.query(`drop table retention`);
    await runner.query(`drop table dropped_job`);
    await runner.query(`alter table event drop body_dropped_at`);
    // Without its mark an emptied request would be answered as if it had never had a job.
    await runner.query(`delete from request where dropped_at is not null`);
    await runner.query(`alter table request drop over_at, drop dropped_at`);
  }
}
