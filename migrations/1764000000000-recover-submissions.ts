import type { MigrationInterface, QueryRunner } from 'typeorm';

export class RecoverSubmissions1764000000000 implements MigrationInterface {
  readonly name = 'RecoverSubmissions1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`set local lock_timeout = '5s'`);
    await runner.query(`
      alter table submission
        add signer         text,                          -- fingerprint of the access key: only the same one signs the same bytes
        add resends        integer not null default 0,
        add resent_at      timestamptz,
        add nonce_seen_at  timestamptz                    -- VOD's gateway refused the nonce: the first call had arrived
    `);
    await runner.query(`
      -- A region whose account cannot submit. One row while its circuit is open, none while everything flows.
      create table circuit (
        region     text         not null,
        code       text         not null,
        message    text         not null,
        opened_at  timestamptz  not null,
        probe_at   timestamptz  not null,                 -- when one request may try again
        constraint circuit_pkey primary key (region)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop table circuit`);
    await runner.query(`alter table submission drop signer, drop resends, drop resent_at, drop nonce_seen_at`);
  }
}
