import type { MigrationInterface, QueryRunner } from 'typeorm';

export class KnowProcesses1764400001000 implements MigrationInterface {
  readonly name = 'KnowProcesses1764400001000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`set local lock_timeout = '5s'`);
    await runner.query(`
      -- Each running process says every few seconds that it is there. Whoever is heard of no more is gone, and so is its row
      -- in time. What others must know of a worker's settings stands here too: their own environment may say something else.
      create table process (
        id             uuid         not null,
        role           text         not null,
        host           text         not null,
        version        text         not null,
        regions        text[]       not null,
        submit_qps     integer,
        collect_qps    integer,
        max_in_flight  integer,
        started_at     timestamptz  not null,
        last_seen_at   timestamptz  not null,
        constraint process_pkey primary key (id)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop table process`);
  }
}
