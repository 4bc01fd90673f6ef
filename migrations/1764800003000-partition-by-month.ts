import { setTimeout as pause } from 'node:timers/promises';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How often a lock is asked for that everybody else waits behind, and for how long each time. */
const TRIES = 60;
const LOCK_MS = 500;
const PAUSE_MS = 1_000;

const MONTHS_AHEAD = 3;

/**
 * History and results by the month in which their job was made, which its id tells. The tables that are there become the first
 * partition as they are: nothing is moved. All that takes long is done beside the running processes; what they have to wait for
 * are four short transactions, which give up as soon as they would keep others waiting.
 */
export class PartitionByMonth1764800003000 implements MigrationInterface {
  readonly name = 'PartitionByMonth1764800003000';
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`set statement_timeout = 0`);
    await runner.query(`set lock_timeout = '${LOCK_MS}ms'`);
    for (const statement of functions) await runner.query(statement);
    // The rows of a month go at once, those of jobs one after the other: so neither can hold the other one. Who writes a line has
    // the job's row locked, or writes it in the same statement.
    await patiently(runner, async () => {
      await runner.query(`lock table job, history, result in access exclusive mode`);
      await runner.query(`alter table history drop constraint if exists history_job_id_fkey`);
      await runner.query(`alter table result drop constraint if exists result_job_id_fkey`);
    });
    await partitionHistory(runner);
    await partitionResult(runner);
    await patiently(runner, () => runner.query(`select make_months(now(), ${MONTHS_AHEAD})`));
    await runner.query(`reset lock_timeout`);
    await runner.query(`reset statement_timeout`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`set statement_timeout = 0`);
    await runner.startTransaction();
    await runner.query(`set local lock_timeout = '5s'`);
    await runner.query(`lock table job, history, result in access exclusive mode`);
    await runner.query(`alter table history rename to history_parted`);
    await runner.query(`alter table result rename to result_parted`);
    await runner.query(`create table history (like history_parted including defaults)`);
    await runner.query(`create table result (like result_parted including defaults)`);
    await runner.query(`insert into history select * from history_parted where job_id in (select id from job)`);
    await runner.query(`insert into result select * from result_parted where job_id in (select id from job)`);
    await continueIds(runner, 'history', await nextId(runner, 'history_parted'));
    await runner.query(`drop table history_parted, result_parted`);
    await runner.query(`alter table history add primary key (id), add foreign key (job_id) references job (id)`);
    await runner.query(`create unique index history_version on history (job_id, version)`);
    await runner.query(`alter index history_version rename to history_job_version`);
    await runner.query(`create index history_tx on history (tx) where tx is not null`);
    await runner.query(`alter table result add primary key (job_id), add foreign key (job_id) references job (id)`);
    await runner.query(
      `drop function make_months(timestamptz, integer), drop_month(text, text), first_id_at(timestamp)`,
    );
    await runner.commitTransaction();
    await runner.query(`reset statement_timeout`);
  }
}

async function partitionHistory(runner: QueryRunner): Promise<void> {
  if (await isPartitioned(runner, 'history')) return;
  const bound = await boundFor(runner, 'history');
  await runner.query(`drop index concurrently if exists history_id`);
  await runner.query(`create index concurrently history_id on history (id)`);
  await patiently(runner, async () => {
    await runner.query(`lock table history in access exclusive mode`);
    await runner.query(`alter table history rename to history_before`);
    // The key of a partitioned table contains what it is partitioned by. An id stays what it was, by the identity.
    await runner.query(`alter table history_before drop constraint history_pkey`);
    await runner.query(`alter index history_job_version rename to history_before_pkey`);
    await runner.query(`
      alter table history_before add constraint history_before_pkey primary key using index history_before_pkey`);
    await runner.query(`alter index history_id rename to history_before_id`);
    await runner.query(`alter index history_tx rename to history_before_tx`);
    const next = await nextId(runner, 'history_before');
    await runner.query(`alter table history_before alter id drop identity`);
    await runner.query(`create table history (like history_before including defaults) partition by range (job_id)`);
    await continueIds(runner, 'history', next);
    await runner.query(`alter table history add primary key (job_id, version)`);
    await runner.query(`create index history_id on history (id)`);
    await runner.query(`create index history_tx on history (tx) where tx is not null`);
    await attachBefore(runner, 'history', bound);
  });
}

async function partitionResult(runner: QueryRunner): Promise<void> {
  if (await isPartitioned(runner, 'result')) return;
  const bound = await boundFor(runner, 'result');
  await patiently(runner, async () => {
    await runner.query(`lock table result in access exclusive mode`);
    await runner.query(`alter table result rename to result_before`);
    await runner.query(`alter index result_pkey rename to result_before_pkey`);
    await runner.query(`create table result (like result_before including defaults) partition by range (job_id)`);
    await runner.query(`alter table result add primary key (job_id)`);
    await attachBefore(runner, 'result', bound);
  });
}

async function isPartitioned(runner: QueryRunner, table: string): Promise<boolean> {
  const [{ parted }] = await ask<{ parted: boolean }>(
    runner,
    `select relkind = 'p' as parted from pg_class where oid = '${table}'::regclass`,
  );
  return parted;
}

/**
 * The end of what is there: a month's beginning that is not reached before this is over. That all rows lie before it is seen while
 * others write, and then need not be looked at any more. Should ids lie beyond it, which no clock has given, all months are its.
 */
async function boundFor(runner: QueryRunner, table: string): Promise<string> {
  const [{ bound }] = await ask<{ bound: string }>(
    runner,
    `select case when exists (select from ${table} where job_id >= bound) then 'ffffffff-ffff-ffff-ffff-ffffffffffff' else bound end as bound
       from first_id_at(date_trunc('month', now() at time zone 'UTC' + interval '3 days') + interval '1 month') as bound`,
  );
  await patiently(runner, async () => {
    await runner.query(`alter table ${table} drop constraint if exists ${table}_until`); // what a run that was cut off has left
    await runner.query(`alter table ${table} add constraint ${table}_until check (job_id < '${bound}') not valid`);
  });
  await runner.query(`alter table ${table} validate constraint ${table}_until`);
  return bound;
}

/** Beside the months there is one partition for whatever belongs to none: no row is ever refused for lack of a month. */
async function attachBefore(runner: QueryRunner, table: string, bound: string): Promise<void> {
  await runner.query(
    `alter table ${table} attach partition ${table}_before for values from (minvalue) to ('${bound}')`,
  );
  await runner.query(`alter table ${table}_before drop constraint ${table}_until`);
  await runner.query(`create table ${table}_default partition of ${table} default`);
  await runner.query(`
    -- Whoever may use the table may use it under its new roof.
    do $$
    declare right_of record;
    begin
      for right_of in
        select grantee, string_agg(privilege_type, ', ') as privileges
          from pg_class cross join lateral aclexplode(relacl)
         where oid = '${table}_before'::regclass and grantee <> relowner
         group by grantee
      loop
        execute format('grant %s on ${table} to %s', right_of.privileges,
                       case right_of.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(right_of.grantee)) end);
      end loop;
      execute (select format('alter table ${table} owner to %I', pg_get_userbyid(relowner))
                 from pg_class where oid = '${table}_before'::regclass);
    end $$`);
}

async function nextId(runner: QueryRunner, table: string): Promise<string> {
  const [{ sequence }] = await ask<{ sequence: string }>(
    runner,
    `select pg_get_serial_sequence('${table}', 'id') as sequence`,
  );
  const [{ next }] = await ask<{ next: string }>(runner, `select nextval('${sequence}') as next`);
  return next;
}

async function continueIds(runner: QueryRunner, table: string, next: string): Promise<void> {
  await runner.query(`alter table ${table} alter id add generated always as identity (start with ${next})`);
}

/** A short transaction that needs a lock. While it waits, others wait behind it: so it gives up soon, and comes back. */
async function patiently(runner: QueryRunner, work: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    await runner.startTransaction();
    try {
      await work();
      await runner.commitTransaction();
      return;
    } catch (error) {
      await runner.rollbackTransaction();
      const isLocked = (error as { code?: unknown }).code === '55P03' || (error as { code?: unknown }).code === '40P01';
      if (!isLocked || tries === TRIES) throw error;
      await pause(PAUSE_MS);
    }
  }
}

async function ask<T>(runner: QueryRunner, sql: string): Promise<[T]> {
  return (await runner.query(sql)) as [T];
}

const functions = [
  `
  -- A UUIDv7 begins with 48 bits of Unix milliseconds. A time without a zone is UTC here.
  create or replace function first_id_at(at timestamp) returns uuid language sql immutable as $$
    select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid
  $$`,
  `
  -- Makes the partitions of a month and of some after it, where they are missing; answers how many. With the rights of the owner,
  -- as a worker calls it, which owns no table. What has begun in the default partition goes on there.
  create or replace function make_months(since timestamptz, ahead integer) returns integer
  language plpgsql security definer set search_path = public, pg_temp set lock_timeout = '250ms' as $$
  declare
    parent text;
    month  timestamp;
    name   text;
    taken  boolean;
    made   integer := 0;
  begin
    perform pg_advisory_xact_lock(hashtext('vodai months'));
    foreach parent in array array['history', 'result'] loop
      for month in
        select date_trunc('month', since at time zone 'UTC') + make_interval(months => i) from generate_series(0, ahead) as i
      loop
        name := parent || to_char(month, '_YYYY_MM');
        continue when to_regclass(name) is not null;
        continue when exists (
          select from pg_class
           where oid = to_regclass(parent || '_before')
             and substring(pg_get_expr(relpartbound, oid) from 'TO \\(''([^'']+)''\\)')::uuid > first_id_at(month));
        execute format('select exists (select from %I where job_id >= $1 and job_id < $2)', parent || '_default')
           into taken using first_id_at(month), first_id_at(month + interval '1 month');
        continue when taken;
        execute format('create table %I (like %I including defaults)', name, parent);
        execute format('alter table %I attach partition %I for values from (%L) to (%L)',
                       parent, name, first_id_at(month), first_id_at(month + interval '1 month'));
        made := made + 1;
      end loop;
    end loop;
    return made;
  end $$`,
  `revoke execute on function make_months(timestamptz, integer) from public`,
  `
  -- Drops a month of one table, like '2026_05', of which no job is left; answers its rows, and null when it has to stay.
  create or replace function drop_month(parent text, month text) returns bigint
  language plpgsql security definer set search_path = public, pg_temp set lock_timeout = '250ms' as $$
  declare
    name  text := parent || '_' || month;
    first timestamp := to_date(month, 'YYYY_MM');
    lines bigint;
  begin
    if parent not in ('history', 'result') or month !~ '^\\d{4}_\\d\\d$' then
      raise exception 'no month of a table: %', name;
    end if;
    if to_regclass(name) is null
       or exists (select from job where id >= first_id_at(first) and id < first_id_at(first + interval '1 month')) then
      return null;
    end if;
    execute format('select count(*) from %I', name) into lines;
    execute format('drop table %I', name);
    return lines;
  end $$`,
  `revoke execute on function drop_month(text, text) from public`,
];
