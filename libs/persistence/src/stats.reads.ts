import { isAtVod, verdictStates, type JobState, type JobType } from '@app/domain';
import type { DataSource } from 'typeorm';
import { FilteredCounts } from './filtered.counts';
import { inStates } from './in-states';
import type { JobCount, JobCounts } from './job.counts';
import { conditionsOf, Values, where, type JobFilter } from './job.finder';

export interface Stats {
  jobs: JobCount[];
  oldestDueAt: Date | null;
  oldestUnmatchedEventAt: Date | null;
  callbacksLost: number;
}

/** What there is in all, what stands where, and what has waited longest. Reads only. */
export class StatsReads {
  private readonly filtered: FilteredCounts;

  constructor(
    private readonly db: DataSource,
    private readonly counts: JobCounts,
  ) {
    this.filtered = new FilteredCounts(db, counts);
  }

  /** Alarms and events are those of all jobs, whatever the filter. */
  async stats(filter: JobFilter = {}): Promise<Stats> {
    const values = new Values();
    const lost = where([settledWithoutEvent, ...conditionsOf(filter, values)]);
    const [jobs, oldestDueAt, [unmatched], [{ count: callbacksLost }]] = await Promise.all([
      this.filtered.of(filter),
      this.oldestDueAt(),
      this.db.query<{ at: Date }[]>(
        `select received_at as at from event where verdict = 'unmatched' order by id limit 1`,
      ),
      this.db.query<[{ count: number }]>(`select count(*)::int as count from job ${lost}`, values.list),
    ]);
    return { jobs, oldestDueAt, oldestUnmatchedEventAt: unmatched?.at ?? null, callbacksLost };
  }

  async oldestDueAt(): Promise<Date | null> {
    const alarms = await oldestAlarms(this.db);
    return alarms.reduce<Date | null>((oldest, { dueAt }) => (oldest && oldest <= dueAt ? oldest : dueAt), null);
  }

  /** Jobs that VOD has, or may have. */
  async atVod(): Promise<{ region: string; type: JobType; jobs: number }[]> {
    const jobs = (await this.counts.current()).filter(({ state }) => isAtVod(state));
    return groups(jobs, ({ region, type }) => `${region} ${type}`).map(([{ region, type }, sum]) => ({
      region,
      type,
      jobs: sum,
    }));
  }

  /** What has not been sent yet, the most urgent of each region first. */
  async queued(): Promise<{ region: string; priority: number; jobs: number; oldestAt: Date }[]> {
    const jobs = (await this.counts.current()).filter(({ state }) => state === 'queued');
    const queued = groups(jobs, ({ region, priority }) => `${region} ${priority}`);
    const oldest = await this.db.query<{ at: Date | null }[]>(
      `select (select created_at
                 from job
                where state = 'queued' and (job.region, job.priority) = (asked.region, asked.priority)
                order by id
                limit 1) as at
         from unnest($1::text[], $2::smallint[]) with ordinality as asked(region, priority, place)
        order by place`,
      [queued.map(([{ region }]) => region), queued.map(([{ priority }]) => priority)],
    );
    return queued.flatMap(([{ region, priority }, sum], i) => {
      const oldestAt = oldest[i]?.at;
      return oldestAt ? [{ region, priority, jobs: sum, oldestAt }] : []; // sent in between
    });
  }
}

export interface Alarm {
  region: string;
  state: JobState;
  dueAt: Date;
}

/** The first alarm of each region and state, from one to the next in the index. */
export function oldestAlarms(db: DataSource): Promise<Alarm[]> {
  return db.query(
    `with recursive alarm as (
       (select region, state, due_at from job where due_at is not null order by region, state, due_at limit 1)
       union all
       select next.*
         from alarm
         cross join lateral (
           select region, state, due_at
             from job
            where due_at is not null and (region, state) > (alarm.region, alarm.state)
            order by region, state, due_at
            limit 1
         ) as next
     )
     select region, state, due_at as "dueAt" from alarm`,
  );
}

/** A read settled it before VOD's event came, or in its stead. */
export const settledWithoutEvent = `(state ${inStates(verdictStates)} and vod_job_id is not null and event_status is null)`;

/** One of each group with the group's sum, in the order of their names. */
function groups(counts: JobCount[], nameOf: (count: JobCount) => string): [JobCount, number][] {
  const byName = new Map<string, [JobCount, number]>();
  for (const count of counts) {
    const name = nameOf(count);
    byName.set(name, [count, (byName.get(name)?.[1] ?? 0) + count.jobs]);
  }
  return [...byName].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}
