import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Checked while events come in: a check within the transaction that adds the constraint would keep them out. */
export class CloseEventSources1764600000000 implements MigrationInterface {
  readonly name = 'CloseEventSources1764600000000';
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`set lock_timeout = '5s'`);
    await runner.query(`
      -- The ways in that there are, as it is for signatures and verdicts. Another one comes with another migration.
      alter table event
        drop constraint if exists event_source_known,  -- what an up that was cut off has left behind
        add constraint event_source_known check (source in ('http')) not valid`);
    await runner.query(`set statement_timeout = 0`); // it takes as long as it takes, and nobody waits for it
    await runner.query(`alter table event validate constraint event_source_known`);
    await runner.query(`reset statement_timeout`);
    await runner.query(`reset lock_timeout`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`set lock_timeout = '5s'`);
    await runner.query(`alter table event drop constraint event_source_known`);
    await runner.query(`reset lock_timeout`);
  }
}
