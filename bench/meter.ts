import type { Client } from 'pg';
import type { Product, VodCalls } from './product';
import { only } from './rows';
import type { Stores } from './stores';
import { openUsage, type Usage } from './usage';

/** Where BullMQ is. */
export type StoreKind = 'redis' | 'postgres';

/** What has been used so far, each from outside of the product. */
export interface Counters {
  calls: VodCalls;
  transactions: number;
  walBytes: number;
  /** Seconds by process, those of the stores too; null where the system does not tell. */
  cpu: Record<string, number> | null;
}

/** What was used between two readings. */
export interface Span extends Counters {
  seconds: number;
  /** Cores that the machine's other processes kept busy; null where the system does not tell. */
  othersCores: number | null;
}

export interface MeterOptions {
  kind: StoreKind;
  product: Product;
  sql: Client;
  stores: Stores;
}

/** Reads what the kernel, Postgres and VOD's ledger say. */
export class Meter {
  readonly usage: Usage | null = openUsage();

  constructor(private readonly part: MeterOptions) {}

  /** Answers, when called, what has been used since. */
  async start(): Promise<() => Promise<Span>> {
    const before = await this.counters();
    const others = this.othersCores();
    const started = performance.now();
    return async () => {
      const seconds = (performance.now() - started) / 1000;
      const othersCores = others?.() ?? null;
      return { ...used(before, await this.counters()), seconds, othersCores };
    };
  }

  async counters(): Promise<Counters> {
    const cpu = this.cpu(); // before our own questions cost something
    const { rows } = await this.part.sql.query<{ transactions: number; walBytes: number }>(
      `select xact_commit::float8 as transactions, (pg_current_wal_insert_lsn() - '0/0')::float8 as "walBytes"
         from pg_stat_database
        where datname = current_database()`,
    );
    return { calls: await this.part.product.vodCalls(), ...only(rows), cpu };
  }

  cpu(): Record<string, number> | null {
    const { usage } = this;
    if (!usage) return null;
    const { kind, stores, product } = this.part;
    const ours = Object.entries(product.pids()).map(([name, pid]) => [name, usage.cpuSeconds(pid)] as const);
    return {
      ...Object.fromEntries(ours),
      postgres: usage.cpuSecondsWithChildren(stores.postgres.pid),
      ...(kind === 'redis' && stores.redis ? { redis: usage.cpuSeconds(stores.redis.pid) } : {}),
    };
  }

  /** Answers, when called, how many cores the machine's other processes have kept busy since. */
  othersCores(): (() => number) | null {
    const { usage } = this;
    if (!usage) return null;
    const now = () => {
      const { user, system } = process.cpuUsage();
      const ours = Object.values(this.cpu() ?? {}).reduce((sum, seconds) => sum + seconds, (user + system) / 1e6);
      return { others: usage.machineCpuSeconds() - ours, at: performance.now() };
    };
    const before = now();
    return () => {
      const after = now();
      return ((after.others - before.others) * 1000) / (after.at - before.at);
    };
  }
}

function used(before: Counters, after: Counters): Counters {
  const calls = Object.entries(after.calls).map(([operation, { ok, throttled, refused }]) => {
    const earlier = before.calls[operation] ?? NO_CALLS;
    const since = { ok: ok - earlier.ok, throttled: throttled - earlier.throttled, refused: refused - earlier.refused };
    return [operation, since] as const;
  });
  const cpu = Object.entries(after.cpu ?? {}).map(([name, seconds]) => [name, seconds - (before.cpu?.[name] ?? 0)]);
  return {
    calls: Object.fromEntries(calls),
    transactions: after.transactions - before.transactions,
    walBytes: after.walBytes - before.walBytes,
    cpu: after.cpu && before.cpu && (Object.fromEntries(cpu) as Record<string, number>),
  };
}

const NO_CALLS = { ok: 0, throttled: 0, refused: 0 };

export function callsOf(calls: VodCalls, operation: string): VodCalls[string] {
  return calls[operation] ?? NO_CALLS;
}

/** Per cent of one core. */
export function percentOf({ cpu, seconds }: Span, name: string): number | null {
  const busy = cpu?.[name];
  return busy === undefined ? null : (100 * busy) / seconds;
}
