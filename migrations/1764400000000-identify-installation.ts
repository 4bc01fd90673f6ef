import type { MigrationInterface, QueryRunner } from 'typeorm';

export class IdentifyInstallation1764400000000 implements MigrationInterface {
  readonly name = 'IdentifyInstallation1764400000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`set local lock_timeout = '5s'`);
    await runner.query(`
      -- What this database calls itself where it shares something with others. Two deployments on one Redis would else
      -- take each other's work, find nothing of it in their own database, and leave it lying. One row, for ever.
      create table installation (
        id         uuid     not null,
        singleton  boolean  not null default true,
        constraint installation_pkey primary key (singleton),
        constraint installation_one_row check (singleton)
      )`);
    await runner.query(`insert into installation (id) values (gen_random_uuid())`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop table installation`);
  }
}
