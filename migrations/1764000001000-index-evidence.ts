import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Built while everything works: an index that is built within a transaction would keep events and answers out. */
export class IndexEvidence1764000001000 implements MigrationInterface {
  readonly name = 'IndexEvidence1764000001000';
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`set statement_timeout = 0`); // it takes as long as it takes, and nobody waits for it
    for (const index of ['event_unmatched_media', 'job_submitted_at']) {
      // What a build that was cut off has left behind is of no use.
      await runner.query(`drop index concurrently if exists ${index}`);
    }
    await runner.query(`
      -- Events that may be the answer to a lost submission.
      create index concurrently event_unmatched_media on event (media_id) where verdict = 'unmatched'`);
    await runner.query(`
      -- A neighbour in time, of which VOD's list has to know.
      create index concurrently job_submitted_at on job (region, type, submitted_at) where vod_job_id is not null`);
    await runner.query(`reset statement_timeout`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`set lock_timeout = '5s'`);
    await runner.query(`drop index event_unmatched_media, job_submitted_at`);
    await runner.query(`reset lock_timeout`);
  }
}
