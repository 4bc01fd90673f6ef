import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Media ids in the order of their bytes: what begins alike lies together, whatever language the database sorts by. It finds equal
 * ids as well, newest first, so it takes the place of job_media_id. Built while everything works.
 */
export class IndexMediaPrefixes1764400002000 implements MigrationInterface {
  readonly name = 'IndexMediaPrefixes1764400002000';
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`set statement_timeout = 0`);
    await runner.query(`drop index concurrently if exists job_media_id_prefix`); // what a build that was cut off has left behind
    await runner.query(`create index concurrently job_media_id_prefix on job (media_id text_pattern_ops, id)`);
    await runner.query(`drop index concurrently if exists job_media_id`);
    await runner.query(`reset statement_timeout`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`set lock_timeout = '5s'`);
    await runner.query(`create index job_media_id on job (media_id, id)`);
    await runner.query(`drop index job_media_id_prefix`);
    await runner.query(`reset lock_timeout`);
  }
}
