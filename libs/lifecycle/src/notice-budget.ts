/** How much of what comes in is stored before it is known whether any of it is about a job of ours. */
export interface Amount {
  rows: number;
  bytes: number;
}

export interface NoticeLimits {
  /** One pair of headers. VOD signs URL and second, so all events of a second share theirs, and their copies as well. */
  pair: Amount;
  /** All pairs together. */
  minute: Amount;
  /** What is about no job of ours, in 24 hours. */
  day: Amount;
}

const MIB = 1024 ** 2;

/**
 * A second of VOD's at its documented rate has 30 events of a few kilobytes, some of them of some hundreds; the product takes 500 a
 * second where VOD is as fast. 1 GiB of bodies a day is 30 GiB with the default EVENT_BODY_RETENTION.
 */
export const noticeLimits: NoticeLimits = {
  pair: { rows: 1_000, bytes: 16 * MIB },
  minute: { rows: 60_000, bytes: 128 * MIB },
  day: { rows: 500_000, bytes: 1024 * MIB },
};

/** `whole`: it is stored. `head`: only the beginning of its body. `over`: that, and only if it is about a job that we know. */
export type Allowance = 'whole' | 'head' | 'over';

export interface Pair {
  name: string;
  /** When it opens nothing any more, by our clock. */
  untilMs: number;
}

/**
 * Counts in memory, for one process: what is shared would be a row that all events of a second wait for, one after the other. With
 * two processes a stranger has twice as much in a pair and a minute. The day is counted in Postgres, and so for all.
 */
export class NoticeBudget {
  private readonly pairs = new Map<string, Amount & { untilMs: number }>();
  private minute = { at: 0, ...nothing() };
  private day: Amount = nothing();

  constructor(private readonly limits: NoticeLimits = noticeLimits) {}

  /** @param bytes of the body, as far as it would be stored */
  spend(pair: Pair, bytes: number, nowMs: number): Allowance {
    this.turnTo(Math.floor(nowMs / 60_000));
    const ofPair = this.pairs.get(pair.name) ?? { untilMs: pair.untilMs, ...nothing() };
    this.pairs.set(pair.name, ofPair);
    const counted = [
      { spent: ofPair, limit: this.limits.pair },
      { spent: this.minute, limit: this.limits.minute },
    ];
    const all = [...counted, { spent: this.day, limit: this.limits.day }];
    if (all.some(({ spent, limit }) => spent.rows >= limit.rows)) return 'over'; // guard: rows-bounded
    for (const { spent } of counted) spent.rows += 1;
    if (all.some(({ spent, limit }) => spent.bytes + bytes > limit.bytes)) return 'head'; // guard: bytes-bounded
    for (const { spent } of counted) spent.bytes += bytes;
    return 'whole';
  }

  /** What the last 24 hours have brought that is about no job of ours. */
  ofLastDay(amount: Amount): void {
    this.day = amount;
  }

  private turnTo(minute: number): void {
    if (minute === this.minute.at) return;
    this.minute = { at: minute, ...nothing() };
    // As many pairs as the tolerance has seconds, at most: only those that verify are counted.
    for (const [name, { untilMs }] of this.pairs) if (untilMs < minute * 60_000) this.pairs.delete(name);
  }
}

function nothing(): Amount {
  return { rows: 0, bytes: 0 };
}
