import type { MigrationInterface, QueryRunner } from 'typeorm';

export class DateHistory1764100000000 implements MigrationInterface {
  readonly name = 'DateHistory1764100000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`set local lock_timeout = '5s'`);
    await runner.query(`
      -- The transaction that wrote the line. Ids are given out before commits, so the order of ids is not the order in which
      -- lines can be seen; a snapshot of Postgres knows, by this, which of them a reader has had.
      alter table history add tx xid8`);
    // Apart from the column: a default that comes with it would be computed for every row there is, and rewrite the table.
    await runner.query(`alter table history alter tx set default pg_current_xact_id()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`set local lock_timeout = '5s'`);
    await runner.query(`alter table history drop tx`);
  }
}
