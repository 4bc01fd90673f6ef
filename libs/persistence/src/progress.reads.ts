import { isSettled } from '@app/domain';
import type { DataSource } from 'typeorm';
import type { JobCount } from './job.counts';
import { conditionsOf, Values, where, type JobFilter } from './job.finder';
import type { ListReads } from './list.reads';
import type { OutlookReads } from './outlook.reads';

/** How far a batch is, and when it is done. */
export interface Progress {
  total: number;
  succeeded: number;
  /** Failed, canceled or expired. */
  failed: number;
  /** They wait for a person, and no estimate can say how long. */
  held: number;
  open: number;
  /** Jobs that ended in a second of late; null when none did. */
  perSecond: number | null;
  /** When the last open one is probably over, or, by `queue`, sent; null when nothing tells. */
  expectedAt: Date | null;
  /** What the estimate comes from: how fast its jobs end, or what is before the last of them. */
  basis: 'settling' | 'queue' | null;
}

/** The rate of the last minutes. */
const MEASURE_MS = 5 * 60_000;
/** What a shorter time shows is chance. */
const MEASURE_AT_LEAST_MS = 10_000;
/** More of them say nothing more. */
const MEASURE_AT_MOST = 50_000;

/** Reads only. */
export class ProgressReads {
  constructor(
    private readonly db: DataSource,
    private readonly lists: ListReads,
    private readonly outlooks: OutlookReads,
    private readonly now: () => Date = () => new Date(),
  ) {}

  async of(filter: JobFilter, counts: JobCount[]): Promise<Progress> {
    const sum = (which: (count: JobCount) => boolean) =>
      counts.filter(which).reduce((total, { jobs }) => total + jobs, 0);
    const total = sum(() => true);
    const succeeded = sum(({ state }) => state === 'succeeded');
    const failed = sum(({ state }) => isSettled(state)) - succeeded;
    const held = sum(({ state }) => state === 'held');
    const open = total - succeeded - failed - held;
    const far = { total, succeeded, failed, held, open };
    if (open === 0) return { ...far, perSecond: null, expectedAt: null, basis: null };
    const perSecond = await this.settling(filter);
    if (perSecond !== null) {
      return { ...far, perSecond, expectedAt: this.in((open / perSecond) * 1000), basis: 'settling' };
    }
    const sentAt = await this.lastSent(filter);
    return { ...far, perSecond, expectedAt: sentAt, basis: sentAt && 'queue' };
  }

  /** From the first of them that ended within the last minutes until now. */
  private async settling(filter: JobFilter): Promise<number | null> {
    const values = new Values();
    const since = `settled_at > ${values.add(this.in(-MEASURE_MS))}`;
    const [{ settled, first }] = await this.db.query<[{ settled: number; first: Date | null }]>(
      `select count(*)::int as settled, min(settled_at) as first
         from (select settled_at from job ${where([since, ...conditionsOf(filter, values)])}
                order by settled_at desc limit ${MEASURE_AT_MOST}) as measured`,
      values.list,
    );
    if (!first || settled < 2) return null;
    const ms = this.now().getTime() - first.getTime();
    return ms < MEASURE_AT_LEAST_MS ? null : (settled * 1000) / ms;
  }

  /** When the newest of those that wait is probably sent: the others are before it. */
  private async lastSent(filter: JobFilter): Promise<Date | null> {
    const [newest] = await this.lists.jobs({ ...filter, states: ['queued'] }, { limit: 1 });
    return newest ? (await this.outlooks.of(newest)).expectedAt : null;
  }

  private in(ms: number): Date {
    return new Date(this.now().getTime() + ms);
  }
}
