import type { MigrationInterface, QueryRunner } from 'typeorm';

/** For the retention only. Built while everything works. */
export class IndexWhatIsShared1764800002000 implements MigrationInterface {
  readonly name = 'IndexWhatIsShared1764800002000';
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`set statement_timeout = 0`);
    // Before each build goes what one that was cut off has left behind.
    await runner.query(`drop index concurrently if exists request_shared_job_ids`);
    await runner.query(`
      -- Who shares a job: it stays as long as they do. Few requests share any.
      create index concurrently request_shared_job_ids on request using gin (shared_job_ids) where shared_job_ids <> '{}'`);
    await runner.query(`drop index concurrently if exists request_over_at`);
    await runner.query(`create index concurrently request_over_at on request (over_at) where over_at is not null`);
    await runner.query(`reset statement_timeout`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`set lock_timeout = '5s'`);
    await runner.query(`drop index request_over_at`);
    await runner.query(`drop index request_shared_job_ids`);
    await runner.query(`reset lock_timeout`);
  }
}
