import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Built while everything works, like the indexes of the evidence. */
export class IndexHistoryDates1764100001000 implements MigrationInterface {
  readonly name = 'IndexHistoryDates1764100001000';
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`set statement_timeout = 0`);
    await runner.query(`drop index concurrently if exists history_tx`); // what a build that was cut off has left behind
    await runner.query(`
      -- What has come since a snapshot. Lines from before this column are nobody's news.
      create index concurrently history_tx on history (tx) where tx is not null`);
    await runner.query(`reset statement_timeout`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`set lock_timeout = '5s'`);
    await runner.query(`drop index history_tx`);
    await runner.query(`reset lock_timeout`);
  }
}
