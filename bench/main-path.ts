import { setTimeout as pause } from 'node:timers/promises';
import type { Part } from './bench';
import type { ProcessName } from './product';
import { callsOf, type Counters } from './meter';
import { median, type Figures, type Latencies } from './report';
import { only } from './rows';
import { say } from './say';

export const ROUNDS = 3;
export const STEADY_PER_SECOND = 50;

/** How much of everything. */
export interface Plan {
  warmUp: number;
  steadySeconds: number;
  burst: number;
  enqueued: number;
  restMs: number;
}

export interface MainPathOptions extends Part {
  plan: Plan;
}

/** One store's run. Every number is taken outside the product: from SQL, from the emulator, from the kernel. */
export class MainPath {
  constructor(private readonly part: MainPathOptions) {}

  async run(): Promise<Figures> {
    const { plan } = this.part;
    await pause(plan.restMs / 4);
    const idle = this.memory();
    this.progress('warming up');
    await this.settle(() => this.part.load.burst(plan.warmUp));

    const steady = await this.counted(() => this.steadyRounds());
    const burst = await this.counted(() => this.burstRounds());
    const loaded = this.memory();

    this.progress('enqueueing while no worker runs');
    await this.part.product.stopOne('worker');
    const enqueueAlone: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      enqueueAlone.push(plan.enqueued / (await this.part.load.burst(plan.enqueued)));
    }

    return {
      enqueueAlone: median(enqueueAlone),
      enqueueUnderLoad: median(burst.rounds.map((round) => round.enqueuePerSecond)),
      jobsPerSecond: median(burst.rounds.map((round) => round.jobsPerSecond)),
      latencies: mediansOf(steady.rounds),
      burst: burst.perJob,
      steady: steady.perJob,
      memory: idle && loaded && { idle, loaded },
      jobs: this.part.load.total - ROUNDS * plan.enqueued,
    };
  }

  private async steadyRounds(): Promise<{ jobs: number; rounds: Latencies[] }> {
    const { steadySeconds } = this.part.plan;
    const jobs = steadySeconds * STEADY_PER_SECOND;
    const rounds: Latencies[] = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      this.progress(`${STEADY_PER_SECOND} jobs a second for ${steadySeconds} s, round ${round}`);
      const since = new Date();
      await this.settle(() => this.part.load.steadily(jobs, STEADY_PER_SECOND));
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
      await this.settle(async () => void (seconds = await this.part.load.burst(burst)));
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
    const { meter } = this.part;
    const before = await meter.counters();
    const others = meter.othersCores();
    const result = await part();
    const cpu = meter.cpu(); // before the rest, in which every process goes on idling
    const othersCores = others?.() ?? null;
    await pause(this.part.plan.restMs);
    const after = { ...(await meter.counters()), cpu };
    const per = (from: number, to: number) => (to - from) / result.jobs;
    const operations = Object.keys(after.calls);
    const calls = (counters: Counters, name: string) => {
      const { ok, throttled, refused } = callsOf(counters.calls, name);
      return ok + throttled + refused;
    };
    return {
      ...result,
      perJob: {
        othersCores,
        calls: Object.fromEntries(operations.map((name) => [name, per(calls(before, name), calls(after, name))])),
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

  private memory(): Record<ProcessName, { rssMb: number; peakMb: number }> | null {
    const { usage } = this.part.meter;
    if (!usage) return null;
    const of = (name: ProcessName) => usage.memory(this.part.product.pid(name));
    return { api: of('api'), worker: of('worker'), webhook: of('webhook'), emulator: of('emulator') };
  }

  /** Does it, and waits until all that was asked for is over and well. */
  private async settle(work: () => Promise<unknown>): Promise<void> {
    const { load } = this.part;
    await work();
    await load.untilOver();
    await load.assertAllSucceeded();
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
