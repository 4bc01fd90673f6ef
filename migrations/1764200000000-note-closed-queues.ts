import type { MigrationInterface, QueryRunner } from 'typeorm';

export class NoteClosedQueues1764200000000 implements MigrationInterface {
  readonly name = 'NoteClosedQueues1764200000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`set local lock_timeout = '5s'`);
    await runner.query(`
      -- Queues that rest because VOD asked for fewer calls. BullMQ's store decides; this is what people see of it.
      create table closed_queue (
        region  text         not null,
        queue   text         not null,
        code    text         not null,
        until   timestamptz  not null,
        constraint closed_queue_pkey primary key (region, queue)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop table closed_queue`);
  }
}
