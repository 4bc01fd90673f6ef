import type { MigrationInterface, QueryRunner } from 'typeorm';

export class IndexUnmatchedEvents1764000001000 implements MigrationInterface {
  readonly name = 'IndexUnmatchedEvents1764000001000';

  /** Built while events come in: an index that is built within a transaction would keep them out. */
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`set statement_timeout = 0`); // it takes as long as it takes, and nobody waits for it
    // What a build that was cut off has left behind is of no use.
    await runner.query(`drop index concurrently if exists event_unmatched_media`);
    await runner.query(
      `create index concurrently event_unmatched_media on event (media_id) where verdict = 'unmatched'`,
    );
    await runner.query(`reset statement_timeout`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop index event_unmatched_media`);
  }
}
