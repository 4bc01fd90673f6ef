import type { JobType } from '@app/domain';
import type { JobCount, JobCounts } from './job.counts';
import type { OutlookReads } from './outlook.reads';
import type { StatsReads } from './stats.reads';

/** How things stand at this moment. */
export interface Standing {
  jobs: JobCount[];
  /** Jobs that VOD has, or may have. */
  atVod: { region: string; type: JobType; jobs: number }[];
  /** Since when the job has waited that has waited longest to be sent. */
  oldestQueued: { region: string; at: Date }[];
  /** Since when a job is due that a living worker should have taken. */
  late: { region: string; dueAt: Date }[];
}

/** What gauges show. Cheap enough to be asked every second, however large the tables are. */
export class StandingReads {
  constructor(
    private readonly jobCounts: JobCounts,
    private readonly stats: StatsReads,
    private readonly outlooks: OutlookReads,
  ) {}

  async standing(): Promise<Standing> {
    const [jobs, atVod, queued, { late }] = await Promise.all([
      this.jobCounts.current(),
      this.stats.atVod(),
      this.stats.queued(),
      this.outlooks.late(),
    ]);
    return { jobs, atVod, oldestQueued: oldestByRegion(queued), late };
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
