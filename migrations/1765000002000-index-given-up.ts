import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Deliveries that were given up are few among all, and often old: whoever asks for them, at whatever endpoint, would walk through years of those
 * that arrived. The table is new, or small, when this runs.
 */
export class IndexGivenUp1765000002000 implements MigrationInterface {
  readonly name = 'IndexGivenUp1765000002000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`set local lock_timeout = '5s'`);
    await runner.query(`create index delivery_given_up on delivery (id) where state in ('failed', 'dropped')`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`set local lock_timeout = '5s'`);
    await runner.query(`drop index delivery_given_up`);
  }
}
