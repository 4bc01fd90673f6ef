import type { MigrationInterface, QueryRunner } from 'typeorm';

export class PaceCalls1764800000000 implements MigrationInterface {
  readonly name = 'PaceCalls1764800000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`set local lock_timeout = '5s'`);
    await runner.query(`
      -- VOD's limit on each operation: how many calls a second, and when the next may start. All workers reserve their calls here,
      -- so the limit holds however many there are. A row is updated with each call, in place: half of its page stays free for that.
      create table pace (
        region        text              not null,
        operation     text              not null,
        qps           double precision  not null,
        next_at       timestamptz       not null default now(),
        -- VOD has asked for fewer calls.
        paused_until  timestamptz,
        constraint pace_pkey primary key (region, operation),
        constraint pace_qps_positive check (qps > 0)
      ) with (fillfactor = 50)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop table pace`);
  }
}
