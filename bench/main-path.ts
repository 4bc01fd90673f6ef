import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from 'pg';
import { enqueueAll, enqueueSteadily } from './http';
import { processNames, type Product, type ProcessName } from './product';
import { median, type Figures, type Latencies } from './report';
import { only } from './rows';
import { say } from './say';
import type { Stores } from './stores';
import { until } from './until';
import type { Usage } from './usage';

export const ROUNDS = 3;
const CONNECTIONS = 32;
export const STEADY_PER_SECOND = 50;

/** How much of everything. */
export interface Plan {
  warmUp: number;
  steadySeconds: number;
  burst: number;
  enqueued: number;
  restMs: number;
}

export interface MainPathOptions {
  kind: 'redis' | 'postgres';
  product: Product;
  sql: Client;
  usage: Usage | null;
  stores: Stores;
  plan: Plan;
}

/** One store's run. Every number is taken outside the product: from SQL, from the emulator, from the kernel. */
export class MainPath {
  private nextMedia = 0;

  constructor(private readonly part: MainPathOptions) {}

  async run(): Promise<Figures> {
    const { plan } = this.part;
    await pause(plan.restMs / 4);
    const idle = this.memory();
    this.progress('warming up');
    await this.settle(() => this.enqueue(plan.warmUp));

    const steady = await this.counted(() => this.steadyRounds());
    const burst = await this.counted(() => this.burstRounds());
    const loaded = this.memory();

    this.progress('enqueueing while no worker runs');
    await this.part.product.stopOne('worker');
    const enqueueAlone: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      enqueueAlone.push(plan.enqueued / (await this.enqueue(plan.enqueued)));
    }

    return {
      enqueueAlone: median(enqueueAlone),
      enqueueUnderLoad: median(burst.rounds.map((round) => round.enqueuePerSecond)),
      jobsPerSecond: median(burst.rounds.map((round) => round.jobsPerSecond)),
      latencies: mediansOf(steady.rounds),
      burst: burst.perJob,
      steady: steady.perJob,
      memory: idle && loaded && { idle, loaded },
      jobs: this.nextMedia - ROUNDS * plan.enqueued,
    };
  }

  private async steadyRounds(): Promise<{ jobs: number; rounds: Latencies[] }> {
    const { steadySeconds } = this.part.plan;
    const jobs = steadySeconds * STEADY_PER_SECOND;
    const rounds: Latencies[] = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      this.progress(`${STEADY_PER_SECOND} jobs a second for ${steadySeconds} s, round ${round}`);
      const since = new Date();
      await this.settle(() => enqueueSteadily(this.part.product.apiUrl, this.media(jobs), STEADY_PER_SECOND));
      rounds.push(await this.latencies(since));
    }
    return { jobs: jobs * ROUNDS, rounds };
  }

  private async burstRounds(): Promise<{
    jobs: number;
    rounds: { enqueuePerSecond: number; jobsPerSecond: number }[];
  }> {
    const { burst } = this.part.plan;
    const rounds: { enqueuePerSecond: number; jobsPerSecond: number }[] = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      this.progress(`${burst} jobs as fast as they go, round ${round}`);
      const since = new Date();
      let seconds = 0;
      await this.settle(async () => void (seconds = await this.enqueue(burst)));
      const end = await this.lastSettledAt();
      rounds.push({
        enqueuePerSecond: burst / seconds,
        jobsPerSecond: (burst * 1000) / (end.getTime() - since.getTime()),
      });
    }
    return { jobs: burst * ROUNDS, rounds };
  }

  /** Runs a part and divides what it used by its jobs. The rest at its end belongs to it: the counters come late. */
  private async counted<T extends { jobs: number }>(part: () => Promise<T>): Promise<T & { perJob: Figures['burst'] }> {
    const before = await this.counters();
    const others = this.othersCores();
    const result = await part();
    const cpu = this.cpu(); // before the rest, in which every process goes on idling
    const othersCores = others?.() ?? null;
    await pause(this.part.plan.restMs);
    const after = { ...(await this.counters()), cpu };
    const per = (from: number, to: number) => (to - from) / result.jobs;
    const operations = Object.keys(after.calls);
    return {
      ...result,
      perJob: {
        othersCores,
        calls: Object.fromEntries(
          operations.map((name) => [name, per(before.calls[name] ?? 0, after.calls[name] ?? 0)]),
        ),
        transactions: per(before.transactions, after.transactions),
        walKb: per(before.walBytes, after.walBytes) / 1024,
        cpuMs:
          before.cpu &&
          after.cpu &&
          Object.fromEntries(
            Object.entries(after.cpu).map(([name, seconds]) => [name, 1000 * per(before.cpu?.[name] ?? 0, seconds)]),
          ),
      },
    };
  }

  private async counters(): Promise<Counters> {
    const { rows } = await this.part.sql.query<{ transactions: number; walBytes: number }>(
      `select xact_commit::float8 as transactions, (pg_current_wal_insert_lsn() - '0/0')::float8 as "walBytes"
         from pg_stat_database
        where datname = current_database()`,
    );
    return { calls: await this.part.product.vodCalls(), ...only(rows), cpu: this.cpu() };
  }

  private cpu(): Record<string, number> | null {
    const { usage, stores } = this.part;
    if (!usage) return null;
    const ours = processNames.map((name) => [name, usage.cpuSeconds(this.part.product.pid(name))] as const);
    return {
      ...Object.fromEntries(ours),
      postgres: usage.cpuSecondsWithChildren(stores.postgres.pid),
      ...(this.part.kind === 'redis' && stores.redis ? { redis: usage.cpuSeconds(stores.redis.pid) } : {}),
    };
  }

  /** Answers, when called, how many cores the machine's other processes have kept busy since. */
  private othersCores(): (() => number) | null {
    const { usage } = this.part;
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

  private memory(): Record<ProcessName, { rssMb: number; peakMb: number }> | null {
    const { usage } = this.part;
    if (!usage) return null;
    const of = (name: ProcessName) => usage.memory(this.part.product.pid(name));
    return { api: of('api'), worker: of('worker'), webhook: of('webhook'), emulator: of('emulator') };
  }

  private enqueue(jobs: number): Promise<number> {
    return enqueueAll(this.part.product.apiUrl, this.media(jobs), CONNECTIONS);
  }

  private media(count: number): string[] {
    return Array.from({ length: count }, () => `bench${String((this.nextMedia += 1)).padStart(10, '0')}`);
  }

  /** Does it, and waits until all that was asked for is over and well. */
  private async settle(work: () => Promise<unknown>): Promise<void> {
    await work();
    await until(
      'all jobs are over',
      async () => {
        const { rows } = await this.part.sql.query(`select from job where due_at is not null limit 1`);
        return rows.length === 0;
      },
      { everyMs: 50 },
    );
    const { rows } = await this.part.sql.query<{ state: string; jobs: number }>(
      `select state, count(*)::int as jobs from job group by state`,
    );
    const seen = rows.map(({ state, jobs }) => `${jobs} ${state}`).join(', ');
    if (seen !== `${this.nextMedia} succeeded`) throw new Error(`${this.nextMedia} jobs were asked for, now: ${seen}`);
  }

  private async lastSettledAt(): Promise<Date> {
    const { rows } = await this.part.sql.query<{ at: Date }>(`select max(settled_at) as at from job`);
    return only(rows).at;
  }

  /** Where the time goes, from what the product itself has written down about each job. */
  private async latencies(since: Date): Promise<Latencies> {
    const ms = (from: string, to: string) => `extract(epoch from ${to} - ${from})::float8 * 1000`;
    const percentile = (share: number, from: string, to: string) =>
      `percentile_cont(${share}) within group (order by ${ms(from, to)})`;
    const { rows } = await this.part.sql.query<Latencies>(
      `select ${percentile(0.5, 'event.received_at', 'job.settled_at')} as "eventP50",
              ${percentile(0.95, 'event.received_at', 'job.settled_at')} as "eventP95",
              ${percentile(0.5, 'job.created_at', 'job.settled_at')} as "requestP50",
              ${percentile(0.95, 'job.created_at', 'job.settled_at')} as "requestP95",
              ${percentile(0.5, 'job.created_at', 'claimed.at')} as "toClaim",
              ${percentile(0.5, 'claimed.at', 'submission.sent_at')} as "toSend",
              ${percentile(0.5, 'event.received_at', 'matched.at')} as "toMatch",
              ${percentile(0.5, 'matched.at', 'job.settled_at')} as "toSettle"
         from job
         join event on event.job_id = job.id
         join submission on submission.request_id = job.request_id
         join history as claimed on claimed.job_id = job.id and claimed.event = 'claimed'
         join history as matched on matched.job_id = job.id and matched.event = 'event_received'
        where job.created_at >= $1`,
      [since],
    );
    return only(rows);
  }

  private progress(what: string): void {
    say(`${this.part.kind}: ${what}`);
  }
}

function mediansOf(rounds: Latencies[]): Latencies {
  const medianOf = (name: keyof Latencies) => median(rounds.map((round) => round[name]));
  return {
    eventP50: medianOf('eventP50'),
    eventP95: medianOf('eventP95'),
    requestP50: medianOf('requestP50'),
    requestP95: medianOf('requestP95'),
    toClaim: medianOf('toClaim'),
    toSend: medianOf('toSend'),
    toMatch: medianOf('toMatch'),
    toSettle: medianOf('toSettle'),
  };
}

interface Counters {
  calls: Record<string, number>;
  transactions: number;
  walBytes: number;
  cpu: Record<string, number> | null;
}
