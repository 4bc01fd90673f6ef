import type { JobType } from '@app/domain';
import type { DataSource } from 'typeorm';
import type { JobCount, JobCounts } from './job.counts';
import type { StatsReads } from './stats.reads';

/** How things stand at this moment. */
export interface Standing {
  jobs: JobCount[];
  /** Jobs that VOD has, or may have. */
  atVod: { region: string; type: JobType; jobs: number }[];
  /** Since when the job has waited that has waited longest to be sent. */
  oldestQueued: { region: string; at: Date }[];
  /** Alarms that a living worker would have taken. */
  late: { region: string; alarms: number }[];
}

/** What gauges show. Cheap enough to be asked every second, however large the tables are. */
export class StandingReads {
  constructor(
    private readonly db: DataSource,
    private readonly jobCounts: JobCounts,
    private readonly stats: StatsReads,
  ) {}

  async standing(): Promise<Standing> {
    const [jobs, atVod, queued] = await Promise.all([
      this.jobCounts.current(),
      this.stats.atVod(),
      this.stats.queued(),
    ]);
    const late = await this.late([...new Set(jobs.map(({ region }) => region))]);
    return { jobs, atVod, oldestQueued: oldestByRegion(queued), late };
  }

  /**
   * What has been sent rings on time, whatever the backlog. What is still queued has an alarm too, in the past for as long as
   * the quota lets others go first: that is no sign of trouble.
   */
  private late(regions: string[]): Promise<Standing['late']> {
    return this.db.query(
      `select region, count(*)::int as alarms
         from job
        where region = any($1::text[])  -- for the index
          and state in ('submitting', 'unconfirmed', 'processing', 'finished')
          and due_at < now() - interval '1 minute'
        group by region
        order by region`,
      [regions],
    );
  }
}

function oldestByRegion(queued: { region: string; oldestAt: Date }[]): Standing['oldestQueued'] {
  const oldest = new Map<string, Date>();
  for (const { region, oldestAt } of queued) {
    const known = oldest.get(region);
    if (!known || oldestAt < known) oldest.set(region, oldestAt);
  }
  return [...oldest].map(([region, at]) => ({ region, at }));
}
