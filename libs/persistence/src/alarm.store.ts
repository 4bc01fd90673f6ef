import {
  atVodStates,
  handedOutStates,
  isSilent,
  jobStates,
  readableStates,
  type JobState,
  type JobType,
} from '@app/domain';
import type { DataSource } from 'typeorm';
import { inStates } from './in-states';

const alarmedStates = jobStates.filter((state) => !isSilent(state));

export interface DueCounts {
  region: string;
  state: JobState;
  jobs: number;
  /** While the region's circuit is open: when the next probe may go. */
  probeAt: Date | null;
}

/**
 * Takes alarms that ring, and sets them forward by a lease: if whoever takes the job dies, it rings again. Nothing
 * here changes a state. Rows that somebody else has just locked are skipped, so dispatchers share the work.
 */
export class AlarmStore {
  constructor(
    private readonly db: DataSource,
    private readonly leaseMs: number,
    private readonly now: () => Date = () => new Date(),
  ) {}

  /** What rings now, by region and state. One look at the index of alarms, cheap enough for every tick. */
  ringing(regions: readonly string[]): Promise<DueCounts[]> {
    return this.db.query(
      `/* ringing */
       select region, state, count(*)::int as jobs,
              (select probe_at from circuit where circuit.region = job.region) as "probeAt"
         from job
        where due_at <= $2 and region = any($1::text[])
        group by region, state`,
      [regions, this.now()],
    );
  }

  /** Milliseconds until the next alarm that does not ring yet; null when none is set. One probe of the index for each pair. */
  async untilNext(regions: readonly string[]): Promise<number | null> {
    const now = this.now();
    const [row] = await this.db.query<{ at: Date | null }[]>(
      `/* next alarm */
       select min(next.due_at) as at
         from unnest($1::text[]) as r(region), unnest($2::text[]) as s(state),
              lateral (select due_at from job
                        where job.region = r.region and job.state = s.state and due_at > $3
                        order by due_at limit 1) as next`,
      [regions, alarmedStates, now],
    );
    return row?.at ? row.at.getTime() - now.getTime() : null;
  }

  /** Jobs of a region that VOD has, or may have: of the type of which it has fewest. */
  async leastInFlight(region: string, types: number): Promise<number> {
    const rows = await this.db.query<{ jobs: number }[]>(
      `select count(*)::int as jobs
         from job
        where region = $1 and state ${inStates(atVodStates)} and due_at is not null
        group by type`,
      [region],
    );
    return rows.length < types ? 0 : Math.min(...rows.map((row) => row.jobs));
  }

  /** Requests with queued jobs that are due, highest priority first and oldest first within it; at most `limit` jobs. */
  async takeQueued(region: string, limit: number): Promise<string[]> {
    const rows = await this.take(region, { which: `state = 'queued'`, order: 'priority, due_at', limit });
    return [...new Set(rows.map((row) => row.requestId))];
  }

  /** The request that has waited longest, whatever its priority: one that VOD forbids must not be tried every time. */
  async takeProbe(region: string): Promise<string[]> {
    const rows = await this.take(region, { which: `state = 'queued'`, order: 'due_at', limit: 1 });
    return rows.map((row) => row.requestId);
  }

  /** Jobs to be read at VOD, the longest due first; at most `limit`. */
  async takeReads(region: string, limit: number): Promise<{ id: string; type: JobType }[]> {
    const rows = await this.take(region, { which: `state ${inStates(readableStates)}`, order: 'due_at', limit });
    return rows.map(({ id, type }) => ({ id, type }));
  }

  /** Jobs whose submission nobody has finished within its lease, or whose outcome is still unknown. */
  async takeIn(
    region: string,
    state: 'submitting' | 'unconfirmed',
    limit: number,
  ): Promise<{ id: string; attempt: number; sent: boolean }[]> {
    const rows = await this.take(region, { which: `state = '${state}'`, order: 'due_at', limit });
    return rows.map(({ id, attempt, sent }) => ({ id, attempt, sent }));
  }

  /** What could not be handed on rings again at once, rather than after its lease. */
  async giveBack(ids: { jobIds: readonly string[] } | { requestIds: readonly string[] }): Promise<void> {
    const [column, values] = 'jobIds' in ids ? ['id', ids.jobIds] : ['request_id', ids.requestIds];
    // guard: moved-on-stays
    await this.db.query(
      `update job set due_at = $2 where ${column} = any($1::uuid[]) and state ${inStates(handedOutStates)}
          and due_at > $2`,
      [values, this.now()],
    );
  }

  private take(
    region: string,
    { which, order, limit }: { which: string; order: string; limit: number },
  ): Promise<TakenRow[]> {
    // guard: alarm-once
    return this.db.query(
      `/* take alarms */
       with chosen as materialized (
         select id, priority, due_at
           from job
          where region = $1 and ${which} and due_at <= $2
          order by ${order}
          limit $3
            for update skip locked
       ), taken as (
         update job
            set due_at = $4
           from chosen
          where job.id = chosen.id
          returning job.id, job.request_id, job.type, job.attempt, job.submitted_at, chosen.priority, chosen.due_at
       )
       select id, request_id as "requestId", type, attempt, submitted_at is not null as sent,
              -- Not worth waiting for the disk: an alarm that a crash of Postgres sets back only rings once more.
              set_config('synchronous_commit', 'off', true) as commit
         from taken
        order by ${order}  -- again: an update answers in the order of its plan`,
      [region, this.now(), limit, new Date(this.now().getTime() + this.leaseMs)],
    );
  }
}

interface TakenRow {
  id: string;
  requestId: string;
  type: JobType;
  attempt: number;
  sent: boolean;
}
