/** How much may be taken: so many at once, and so many a second in the long run. */
export interface Rate {
  atOnce: number;
  perSecond: number;
}

/** What a bucket answers. */
export interface Draught {
  taken: boolean;
  /** Whole tokens that are left. */
  left: number;
  /** Until there is one; 0 when there is. */
  waitMs: number;
}

/** Fills itself as time goes by. Time is an argument: milliseconds of a clock that never goes back. */
export class TokenBucket {
  private tokens: number;

  constructor(
    private readonly rate: Rate,
    private at: number,
  ) {
    this.tokens = rate.atOnce;
  }

  take(now: number): Draught {
    const { atOnce, perSecond } = this.rate;
    this.tokens = Math.min(atOnce, this.tokens + ((now - this.at) / 1000) * perSecond);
    this.at = now;
    const taken = this.tokens >= 1;
    if (taken) this.tokens -= 1;
    return { taken, left: Math.floor(this.tokens), waitMs: Math.max(0, ((1 - this.tokens) / perSecond) * 1000) };
  }
}

/** One bucket for each name. The names may be a stranger's: those not heard of for the longest are forgotten, and begin anew. */
export class TokenBuckets {
  private readonly buckets = new Map<string, TokenBucket>();

  constructor(
    private readonly rate: Rate,
    private readonly most: number,
  ) {}

  take(name: string, now: number): Draught {
    const bucket = this.buckets.get(name) ?? new TokenBucket(this.rate, now);
    this.buckets.delete(name);
    this.buckets.set(name, bucket); // the latest is the last
    if (this.buckets.size > this.most) {
      for (const oldest of this.buckets.keys()) {
        this.buckets.delete(oldest);
        break;
      }
    }
    return bucket.take(now);
  }

  get size(): number {
    return this.buckets.size;
  }
}
