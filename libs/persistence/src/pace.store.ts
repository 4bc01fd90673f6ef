import type { DataSource } from 'typeorm';
import { toJson } from './rows';
import type { Statement, Transaction } from './transaction';

/** The network moves calls closer together than they left: so much of the limit is used. */
const SHARE = 0.985;

/** Calls that were reserved together: the first may start so many milliseconds from now, and each other a gap later. */
export interface Slots {
  operation: string;
  startInMs: number;
  gapMs: number;
}

/** Slots of an operation that nobody else can take before the transaction ends. */
export interface OpenSlots extends Slots {
  /** Seconds since 1970 by Postgres' clock, to the microsecond. */
  freeAt: number;
}

/**
 * VOD's limits on calls a second, a row for each operation in each region. Whoever wants to call reserves the call here and
 * learns when it may start, so a limit holds exactly over any number of workers. The only clock is that of Postgres.
 * `update pace set qps = …` changes the limit of a running system.
 */
export class PaceStore {
  constructor(
    private readonly db: DataSource,
    /** Calls a second of an operation that has no row yet. */
    private readonly quotaOf: (operation: string) => number,
  ) {}

  /** Reserves calls of one operation, evenly spaced. Does not wait for the disk: a crash of Postgres may forget the last. */
  async reserve(region: string, operation: string, calls: number): Promise<Slots> {
    const [{ startInMs, gapMs }] = await this.db.query<[Slots]>(reserve, [
      region,
      operation,
      this.quotaOf(operation),
      SHARE,
      calls,
    ]);
    return { operation, startInMs, gapMs };
  }

  /** Locks the rows of some operations until the transaction ends, and answers what is free of each. */
  async open(tx: Transaction, region: string, operations: readonly string[]): Promise<OpenSlots[]> {
    const locked = () => tx.query<OpenSlots[]>(open, [region, operations, SHARE]);
    const slots = await locked();
    if (slots.length === operations.length) return slots;
    const missing = operations.map((operation) => ({ region, operation, qps: this.quotaOf(operation) }));
    await tx.query(addMissing, [toJson(missing)]);
    return locked();
  }

  /** Reserves calls of what `open` has locked, by a statement of the same transaction. */
  spend(region: string, spent: readonly { slots: OpenSlots; calls: number }[]): Statement {
    const rows = spent
      .filter(({ calls }) => calls > 0)
      .map(({ slots: { operation, freeAt, gapMs }, calls }) => ({
        operation,
        nextAt: freeAt + (calls * gapMs) / 1000,
      }));
    return { text: spend, parameters: [region, toJson(rows)] };
  }

  /** Nothing that is not reserved yet starts before so many milliseconds more. */
  async delay(region: string, operation: string, ms: number): Promise<void> {
    await this.db.query(delay, [region, operation, ms]);
  }

  /** VOD has asked for fewer calls: nothing that is not reserved yet starts within so many milliseconds. */
  async pause(region: string, operation: string, ms: number): Promise<void> {
    await this.db.query(pause, [region, operation, this.quotaOf(operation), ms]);
  }

  /** Sets limits, for what a person has configured. The process that started last is right. */
  async setQuotas(regions: readonly string[], quotas: Readonly<Record<string, number>>): Promise<void> {
    const rows = regions.flatMap((region) =>
      Object.entries(quotas).map(([operation, qps]) => ({ region, operation, qps })),
    );
    await this.db.query(setQuotas, [toJson(rows)]);
  }
}

/** When the next call may start, of a row of pace. */
const freeAt = `greatest(pace.next_at, pace.paused_until, clock_timestamp())`;

// guard: pace-counts
const reserve = `
  /* reserve */
  insert into pace (region, operation, qps, next_at)
  values ($1, $2, $3, clock_timestamp() + make_interval(secs => $5::float8 / ($3::float8 * $4::float8)))
  on conflict (region, operation) do update
     set next_at = ${freeAt} + make_interval(secs => $5::float8 / (pace.qps * $4::float8))
  returning 1000 / (qps * $4::float8) as "gapMs",
            1000 * (extract(epoch from next_at - clock_timestamp())::float8 - $5::float8 / (qps * $4::float8)) as "startInMs",
            set_config('synchronous_commit', 'off', true) as commit`;

/**
 * In the order of operations, so that two that open several wait for each other. The clock is looked at after the wait for the
 * lock.
 */
// guard: claims-in-line
const open = `
  /* open pace */
  with pace as materialized (
    select operation, qps, next_at, paused_until
      from pace
     where region = $1 and operation = any($2::text[])
     order by operation
       for update
  )
  select operation, 1000 / (qps * $3::float8) as "gapMs",
         extract(epoch from ${freeAt})::float8 as "freeAt",
         1000 * extract(epoch from ${freeAt} - clock_timestamp())::float8 as "startInMs"
    from pace`;

const addMissing = `
  insert into pace (region, operation, qps)
  select region, operation, qps from jsonb_to_recordset($1::jsonb) as p(region text, operation text, qps float8)
   order by operation
  on conflict do nothing`;

const spend = `
  /* spend pace */
  update pace
     set next_at = to_timestamp(s."nextAt")
    from jsonb_to_recordset($2::jsonb) as s(operation text, "nextAt" float8)
   where pace.region = $1 and pace.operation = s.operation`;

const delay = `
  /* delay */
  update pace
     set next_at = ${freeAt} + make_interval(secs => $3::float8 / 1000)
   where region = $1 and operation = $2
  returning set_config('synchronous_commit', 'off', true)`;

const pause = `
  /* pause */
  insert into pace (region, operation, qps, paused_until)
  values ($1, $2, $3, clock_timestamp() + make_interval(secs => $4::float8 / 1000))
  on conflict (region, operation) do update
     set paused_until = greatest(pace.paused_until, excluded.paused_until)`;

const setQuotas = `
  insert into pace (region, operation, qps)
  select region, operation, qps from jsonb_to_recordset($1::jsonb) as p(region text, operation text, qps float8)
   order by region, operation
  on conflict (region, operation) do update set qps = excluded.qps where pace.qps <> excluded.qps`;
