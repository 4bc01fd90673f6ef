import { FlowReads, nothing, type Throughput } from './flow.reads';

export interface Flow {
  from: Date;
  to: Date;
  bucketMs: number;
  buckets: (Throughput & { at: Date })[];
  total: Throughput;
}

const MINUTE_MS = 60_000;
const QUARTER_MS = 15 * MINUTE_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const windows = {
  '1h': { ms: HOUR_MS, bucketMs: MINUTE_MS },
  '24h': { ms: DAY_MS, bucketMs: QUARTER_MS },
  '7d': { ms: 7 * DAY_MS, bucketMs: 2 * HOUR_MS },
} as const;

/**
 * A transaction notes its time before it commits, by the clock of its own process. After this long, which is more than
 * a statement may take, nothing is added to a stretch of time any more.
 */
const SETTLES_MS = 2 * MINUTE_MS;

/** As much as is counted with one statement, which has to end within its time however many jobs a week has. */
const AT_ONCE_MS = 6 * HOUR_MS;

/**
 * Throughput over the last hour, day or week. What is over hardly changes, so each minute, each quarter of an hour and each two hours are
 * counted once and kept for a while: a call counts the last few minutes anew, however many jobs the day had.
 */
export class FlowWindows {
  private readonly minutes: Stretches;
  private readonly quarters: Stretches;
  private readonly hours: Stretches;

  constructor(
    reads: FlowReads,
    private readonly now: () => Date = () => new Date(),
  ) {
    // What is recent is put together from shorter stretches, so that the one that is not over is not counted anew with every call.
    this.minutes = new Stretches(reads, { bucketMs: MINUTE_MS, keepMs: HOUR_MS + QUARTER_MS });
    this.quarters = new Stretches(reads, { bucketMs: QUARTER_MS, keepMs: DAY_MS });
    this.hours = new Stretches(reads, { bucketMs: 2 * HOUR_MS, keepMs: 7 * DAY_MS });
  }

  async over(window: keyof typeof windows): Promise<Flow> {
    const { ms, bucketMs } = windows[window];
    const now = this.now().getTime();
    const to = floor(now, bucketMs) + bucketMs;
    const from = to - ms;
    const step = Math.min(bucketMs, QUARTER_MS);
    const today = Math.max(from, floor(now - DAY_MS, bucketMs) + bucketMs);
    const recent = Math.max(from, floor(now - HOUR_MS, step) + step);
    const [oldest, older, newer] = await Promise.all([
      this.hours.between(from, today, now),
      this.quarters.between(today, recent, now),
      this.minutes.between(recent, floor(now, MINUTE_MS) + MINUTE_MS, now),
    ]);
    const kept = [...oldest, ...older, ...newer];
    const starts = Array.from({ length: ms / bucketMs }, (_, i) => from + i * bucketMs);
    return {
      from: new Date(from),
      to: new Date(now),
      bucketMs,
      buckets: starts.map((at) => {
        const within = kept.filter((each) => each.at >= at && each.at < at + bucketMs);
        return { at: new Date(at), ...sum(within.map(({ throughput }) => throughput)) };
      }),
      total: sum(kept.map(({ throughput }) => throughput)),
    };
  }
}

/** Stretches of equal length, each counted once when it is over. */
class Stretches {
  private readonly kept = new Map<number, Throughput>();
  private keptSince = 0;
  private counting: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly reads: FlowReads,
    private readonly options: { bucketMs: number; keepMs: number },
  ) {}

  /** From `from` to before `to`; calls that come together count what is missing once, one after the other. */
  between(from: number, to: number, now: number): Promise<{ at: number; throughput: Throughput }[]> {
    const answer = this.counting.then(() => this.count(from, to, now));
    this.counting = answer.catch(() => undefined);
    return answer;
  }

  private async count(from: number, to: number, now: number): Promise<{ at: number; throughput: Throughput }[]> {
    const { bucketMs, keepMs } = this.options;
    // People read a result again or retry, and the end of a job moves: so nothing is kept for long.
    if (now - this.keptSince > QUARTER_MS) {
      this.kept.clear();
      this.keptSince = now;
    }
    for (const at of this.kept.keys()) if (at < now - keepMs - bucketMs) this.kept.delete(at);
    const starts = Array.from({ length: Math.max(0, (to - from) / bucketMs) }, (_, i) => from + i * bucketMs);
    const first = starts.find((at) => !this.kept.has(at)) ?? to;
    const found = new Map(this.kept);
    // What is missing lies at the end: time only goes on. What is counted stays so when the next statement fails.
    for (let since = first; since < to; since += AT_ONCE_MS) {
      const until = Math.min(since + AT_ONCE_MS, to);
      const counted = await this.reads.throughput(since, until, bucketMs);
      for (let at = since; at < until; at += bucketMs) {
        const throughput = counted.get(at) ?? nothing();
        found.set(at, throughput);
        if (at + bucketMs < now - SETTLES_MS) this.kept.set(at, throughput);
      }
    }
    return starts.map((at) => ({ at, throughput: found.get(at) ?? nothing() }));
  }
}

function floor(ms: number, unit: number): number {
  return Math.floor(ms / unit) * unit;
}

function sum(parts: Throughput[]): Throughput {
  return parts.reduce((total, part) => {
    total.accepted += part.accepted;
    total.succeeded += part.succeeded;
    total.failed += part.failed;
    total.otherwise += part.otherwise;
    total.withoutEvent += part.withoutEvent;
    total.wait.addAll(part.wait);
    total.processing.addAll(part.processing);
    return total;
  }, nothing());
}
