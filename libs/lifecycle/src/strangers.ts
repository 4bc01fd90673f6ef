import type { StrangerReads } from '@app/persistence';
import type { Amount } from './notice-budget';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A notice is committed so long after it came in, at the latest: what is counted earlier may lack it. */
const COMMITTED_MS = MINUTE;

interface Stretch extends Amount {
  fromMs: number;
  toMs: number;
  /** Of those counted, how many no worker had looked at: they may turn out to belong to a job. */
  waiting: number;
}

/**
 * What the last 24 hours have brought that is about no job of ours, counted in Postgres stretch by stretch: each is looked at
 * once, so that a look costs what is new, and again only while workers are behind. It counts what all webhooks have stored, also
 * before their last restart.
 */
export class Strangers {
  private readonly stretches: Stretch[] = [];

  constructor(
    private readonly reads: StrangerReads,
    /** So many rows are enough to be over the limit. */
    private readonly atMost: number,
    private readonly tell: (amount: Amount) => void,
    private readonly now: () => Date = () => new Date(),
  ) {}

  /** Counts the next stretch: an hour at most, so that a start isn't one long statement. Answers whether there are more. */
  async count(): Promise<{ more: boolean }> {
    const nowMs = this.now().getTime();
    const fromMs = Math.max(this.stretches.at(-1)?.toMs ?? 0, nowMs - DAY);
    const lastMs = nowMs - COMMITTED_MS;
    const toMs = Math.min(fromMs + HOUR, lastMs);
    if (toMs <= fromMs) return { more: false };
    await this.countAgain();
    this.stretches.push(await this.counted(fromMs, toMs));
    while (this.stretches[0] && this.stretches[0].toMs <= nowMs - DAY) this.stretches.shift();
    const sum = (of: 'rows' | 'bytes') => this.stretches.reduce((total, each) => total + each[of], 0);
    this.tell({ rows: sum('rows'), bytes: sum('bytes') });
    return { more: toMs < lastMs };
  }

  /**
   * While no worker runs, whatever comes counts as somebody else's, so that a flood has its limit; what they have matched since
   * doesn't. The oldest hour that has such notices is counted anew, as one stretch.
   */
  private async countAgain(): Promise<void> {
    const at = this.stretches.findIndex(({ waiting }) => waiting > 0);
    const first = this.stretches[at];
    if (first === undefined) return;
    let { toMs } = first;
    let many = 1;
    for (const { fromMs, toMs: endMs } of this.stretches.slice(at + 1)) {
      if (fromMs !== toMs || endMs - first.fromMs > HOUR) break;
      toMs = endMs;
      many += 1;
    }
    this.stretches.splice(at, many, await this.counted(first.fromMs, toMs));
  }

  private async counted(fromMs: number, toMs: number): Promise<Stretch> {
    return { fromMs, toMs, ...(await this.reads.between(new Date(fromMs), new Date(toMs), this.atMost)) };
  }
}
