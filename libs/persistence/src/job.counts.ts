import type { JobState, JobType } from '@app/domain';
import type { DataSource } from 'typeorm';
import { Gather } from './gather';
import { conditionsOf, Values, where, type JobFilter } from './job.finder';
import { snapshotFrom, type Snapshot } from './position';

/** How many jobs there are of one kind. */
export interface JobCount {
  state: JobState;
  type: JobType;
  region: string;
  priority: number;
  client: string;
  jobs: number;
}

/** Often enough that little has happened since, and seldom enough to be nothing. */
const FOLLOW_EVERY_MS = 10_000;

/** Whoever changes rows by hand does so without a line of history. */
const RECOUNT_EVERY_MS = 60 * 60_000;

/** After an outage of that length counting anew is quicker than following. */
const FOLLOW_AT_MOST_MS = 5 * 60_000;

interface Base {
  seen: Snapshot;
  at: number;
  /** How often the retention had dropped jobs by then. It leaves no line of history either. */
  drops: number;
  counts: Map<string, JobCount>;
}

/**
 * Exact counts of a large table. All jobs are counted once, at a snapshot; after that every call adds what the history says
 * since the call before. A table of counters would do the same, and be a row that every transaction waits for.
 */
export class JobCounts {
  private base: Base | undefined;
  private readonly timers: NodeJS.Timeout[] = [];
  /** Calls that come while one is being answered see the next one, together: nobody is told what was true before they asked. */
  private readonly calls = new Gather<void, JobCount[]>(
    async (calls) => {
      const counts = await this.follow();
      return calls.map(() => counts);
    },
    { batch: Number.MAX_SAFE_INTEGER, lanes: 1 },
  );

  /** With a filter only those jobs that it lets through. It must not ask for what changes in the life of a job. */
  constructor(
    private readonly db: DataSource,
    private readonly filter: JobFilter = {},
  ) {}

  current(): Promise<JobCount[]> {
    return this.calls.add();
  }

  /** Counts before anybody asks, and keeps up while nobody does. */
  start(onTrouble: (error: Error) => void): void {
    const trouble = (error: unknown) => onTrouble(error instanceof Error ? error : new Error(String(error)));
    const follow = () => void this.current().catch(trouble);
    const recount = () => void this.recount().catch(trouble);
    follow();
    this.timers.push(setInterval(follow, FOLLOW_EVERY_MS), setInterval(recount, RECOUNT_EVERY_MS));
  }

  stop(): void {
    for (const timer of this.timers.splice(0)) clearInterval(timer);
  }

  private async follow(): Promise<JobCount[]> {
    const from = this.base;
    if (!from || performance.now() - from.at > FOLLOW_AT_MOST_MS) return listOf(await this.recount());
    const counts = new Map(from.counts);
    const next = await this.query(since, [from.seen.xmax, from.seen.underWay], counts);
    if (next.drops !== from.drops) return listOf(await this.recount());
    // Unless there is a recount by now: that is the better base.
    if (this.base === from) this.base = next;
    return listOf(next);
  }

  private async recount(): Promise<Base> {
    return (this.base = await this.query(all, [], new Map()));
  }

  private async query(sql: (filter: string) => string, parameters: unknown[], counts: Base['counts']): Promise<Base> {
    const at = performance.now();
    const values = new Values();
    for (const parameter of parameters) values.add(parameter);
    const rows = await this.db.query<({ shown: string; drops: number } & (JobCount | { state: null }))[]>(
      sql(where(conditionsOf(this.filter, values))),
      values.list,
    );
    for (const row of rows) {
      if (row.state === null) continue;
      const { shown: _shown, drops: _drops, ...count } = row;
      const key = `${count.state} ${count.type} ${count.priority} ${count.region} ${count.client}`;
      counts.set(key, { ...count, jobs: (counts.get(key)?.jobs ?? 0) + count.jobs });
    }
    return { seen: snapshotFrom(rows[0]?.shown ?? ''), at, drops: rows[0]?.drops ?? 0, counts };
  }
}

function listOf({ counts }: Base): JobCount[] {
  return [...counts.values()].filter(({ jobs }) => jobs > 0);
}

/** A statement sees exactly what its own snapshot shows, so the two belong together. */
const all = (filter: string) => `
  select shown::text, drops, counted.*
    from (select pg_current_snapshot() as shown, (select job_drops from retention) as drops) as now
    left join (select state, type, region, priority, client, count(*)::int as jobs
                 from job
                ${filter}
                group by state, type, region, priority, client) as counted on true`;

/** What transactions have done that were not over then. Not prepared: only with its values is it seen how little that is. */
const since = (filter: string) => `
  with moved as (
    select job_id, from_state, to_state
      from history
     where (tx >= $1::xid8 or tx = any($2::xid8[]))
       and pg_visible_in_snapshot(tx, pg_current_snapshot())  -- a restored row may carry an id that is still to come
       and from_state is distinct from to_state
  ), change as (
    select job_id, to_state as state, 1 as jobs from moved
    union all
    select job_id, from_state, -1 from moved where from_state is not null
  )
  select shown::text, drops, counted.*
    from (select pg_current_snapshot() as shown, (select job_drops from retention) as drops) as now
    left join (select change.state, type, region, priority, client, sum(jobs)::int as jobs
                 from change join job on job.id = change.job_id
                ${filter}
                group by change.state, type, region, priority, client) as counted on true`;
