import type { JobState, JobType } from '@app/domain';
import type { DataSource } from 'typeorm';

export interface Stats {
  jobs: { state: JobState; type: JobType; count: number }[];
  oldestDueAt: Date | null;
  oldestUnmatchedEventAt: Date | null;
  callbacksLost: number;
}

/** What there is in all, and what has waited longest. Reads only. */
export class StatsReads {
  constructor(private readonly db: DataSource) {}

  async stats(): Promise<Stats> {
    const [jobs, oldestDueAt, [unmatched], [lost]] = await Promise.all([
      this.db.query<Stats['jobs']>(
        `select state, type, count(*)::int as count from job group by state, type order by state, type`,
      ),
      this.oldestDueAt(),
      this.db.query<{ at: Date | null }[]>(`select min(received_at) as at from event where verdict = 'unmatched'`),
      this.db.query<{ count: number }[]>(
        `select count(*)::int as count from job where state in ('succeeded', 'failed') and vod_job_id is not null and event_status is null`,
      ),
    ]);
    return {
      jobs,
      oldestDueAt,
      oldestUnmatchedEventAt: unmatched?.at ?? null,
      callbacksLost: lost?.count ?? 0,
    };
  }

  async oldestDueAt(): Promise<Date | null> {
    const [oldest] = await this.db.query<{ at: Date | null }[]>(
      `select min(due_at) as at from job where due_at is not null`,
    );
    return oldest?.at ?? null;
  }
}
