import type { DataSource } from 'typeorm';
import { JobCounts, type JobCount } from './job.counts';
import type { JobFilter } from './job.finder';

/** As many people with as many tabs as look at batches at a time. */
const KEPT_AT_MOST = 100;

/** Whoever changes rows by hand does so without a line of history. */
const KEPT_FOR_MS = 60 * 60_000;

/**
 * Counts of the jobs that a filter lets through. What all jobs are counted by already, and anything that was asked for a
 * moment ago, is kept up by the history; the first call of another filter looks at all of its jobs.
 */
export class FilteredCounts {
  private readonly kept = new Map<string, { counts: JobCounts; since: number }>();

  constructor(
    private readonly db: DataSource,
    private readonly all: JobCounts,
  ) {}

  async of({ states, ...filter }: JobFilter): Promise<JobCount[]> {
    const counts = await this.counted(filter);
    return states ? counts.filter(({ state }) => states.includes(state)) : counts;
  }

  private async counted(filter: Omit<JobFilter, 'states'>): Promise<JobCount[]> {
    const { client, region, type, ...more } = filter;
    const wanted = { client, region, type };
    if (Object.values(more).every((value) => value === undefined)) {
      const agrees = (count: JobCount) =>
        (['client', 'region', 'type'] as const).every((key) => (wanted[key] ?? count[key]) === count[key]);
      return (await this.all.current()).filter(agrees);
    }
    // These change in the life of a job, and the history does not have them. Few jobs have one of them.
    const { q, vodJobId, errorCode } = more;
    if ([q, vodJobId, errorCode].some((value) => value !== undefined)) return new JobCounts(this.db, filter).current();
    return this.keptCounts(filter).current();
  }

  private keptCounts(filter: JobFilter): JobCounts {
    const key = JSON.stringify(Object.entries(filter).toSorted(([a], [b]) => (a < b ? -1 : 1)));
    const known = this.kept.get(key);
    const now = performance.now();
    const kept =
      known && now - known.since < KEPT_FOR_MS ? known : { counts: new JobCounts(this.db, filter), since: now };
    // As the last one: a map keeps the order in which its keys came, so that the first is the longest unasked.
    this.kept.delete(key);
    this.kept.set(key, kept);
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= KEPT_AT_MOST) break;
      this.kept.delete(oldest);
    }
    return kept.counts;
  }
}
