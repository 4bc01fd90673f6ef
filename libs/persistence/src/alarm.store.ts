import {
  atVodStates,
  handedOutStates,
  isSilent,
  jobStates,
  jobTypes,
  readableStates,
  submitOperationOf,
  type JobState,
  type JobType,
} from '@app/domain';
import type { DataSource } from 'typeorm';
import { inStates } from './in-states';

const alarmedStates = jobStates.filter((state) => !isSilent(state));

/** The alarms of one state in one region. */
export interface Alarms {
  region: string;
  state: JobState;
  /** The earliest of them. */
  firstAt: Date;
  /** How many are due: of jobs to be read as many as asked for at most, of others one. */
  due: number;
  /** While the region's circuit is open: when the next probe may go. */
  probeAt: Date | null;
  /** For queued jobs: in how many milliseconds VOD's limit has a call for the most urgent that is due. Null without limit. */
  freeInMs: number | null;
}

/**
 * Jobs whose alarm is due. Taking them sets the alarm forward by a lease: if whoever takes a job dies, the job is due again.
 * Nothing here changes a state. Rows that somebody else has just locked are skipped, so dispatchers share the work.
 */
export class AlarmStore {
  constructor(
    private readonly db: DataSource,
    private readonly leaseMs: number,
    private readonly now: () => Date = () => new Date(),
  ) {}

  /**
   * What is due now and what comes next, by region and state. By the index of alarms, at the same cost however many are due and
   * however many are set.
   *
   * @param most so many jobs to be read are counted at most
   */
  look(regions: readonly string[], most: number): Promise<Alarms[]> {
    const operations = jobTypes.map(submitOperationOf);
    return this.db.query(look, [regions, alarmedStates, this.now(), readableStates, most, jobTypes, operations]);
  }

  /**
   * Jobs of a region that VOD has, or may have: of the type of which it has fewest, among the types of the `next` queued jobs.
   * A type that nobody waits for leaves no room to anybody.
   */
  async leastInFlight(region: string, next: number): Promise<number> {
    const [{ jobs }] = await this.db.query<[{ jobs: number }]>(
      `with waiting as (
         select type
           from job
          where region = $1 and state = 'queued' and due_at <= $2
          order by priority, due_at
          limit $3
       ), at_vod as (
         select type, count(*)::int as jobs
           from job
          where region = $1 and state ${inStates(atVodStates)} and due_at is not null
          group by type
       )
       select coalesce(min(coalesce(at_vod.jobs, 0)), 0) as jobs
         from (select distinct type from waiting) as asked
         left join at_vod using (type)`,
      [region, this.now(), next],
    );
    return jobs;
  }

  /**
   * In how many milliseconds VOD's limit has a call for any of the `next` queued jobs: the most urgent may have to wait for that of
   * its operation while others could go. Null when there are none.
   */
  async freeInMs(region: string, next: number): Promise<number | null> {
    const [{ ms }] = await this.db.query<[{ ms: number | null }]>(
      `/* free in */
       with waiting as (
         select type
           from job
          where region = $1 and state = 'queued' and due_at <= $2
          order by priority, due_at
          limit $3
       )
       select min(coalesce(1000 * extract(epoch from greatest(next_at, paused_until) - clock_timestamp())::float8, 0)) as ms
         from (select distinct type from waiting) as asked
         join unnest($4::text[], $5::text[]) as submitted(type, operation) using (type)
         left join pace on pace.region = $1 and pace.operation = submitted.operation`,
      [region, this.now(), next, jobTypes, jobTypes.map(submitOperationOf)],
    );
    return ms;
  }

  /** The request that has waited longest, whatever its priority: one that VOD forbids must not be tried every time. */
  async takeProbe(region: string): Promise<string[]> {
    const rows = await this.takeDue(region, 'queued', 1);
    return rows.map(({ requestId }) => requestId);
  }

  /** Jobs to be read at VOD, the longest due first; at most `limit`. */
  async takeReads(region: string, limit: number): Promise<{ id: string; type: JobType }[]> {
    const rows = await this.db.query<{ id: string; type: JobType }[]>(takeReads, [region, ...this.lease(), limit]);
    return rows.map(({ id, type }) => ({ id, type }));
  }

  /** Jobs whose submission nobody has finished within its lease, or whose outcome is still unknown. */
  async takeIn(
    region: string,
    state: 'submitting' | 'unconfirmed',
    limit: number,
  ): Promise<{ id: string; attempt: number; sent: boolean }[]> {
    const rows = await this.takeDue(region, state, limit);
    return rows.map(({ id, attempt, sent }) => ({ id, attempt, sent }));
  }

  /** What could not be handed on is due again at once, rather than after its lease. */
  async giveBack({ jobIds = [], requestIds = [] }: { jobIds?: readonly string[]; requestIds?: readonly string[] }) {
    // guard: moved-on-stays
    await this.db.query(
      `update job
          set due_at = $3
        where id in (select unnest($1::uuid[]) union all select id from job where request_id = any($2::uuid[]))
          and state ${inStates(handedOutStates)}
          and due_at > $3`,
      [jobIds, requestIds, this.now()],
    );
  }

  private takeDue(region: string, state: JobState, limit: number): Promise<TakenRow[]> {
    return this.db.query(takeDue, [region, ...this.lease(), limit, state]);
  }

  /** From now, and until when. */
  private lease(): [now: Date, until: Date] {
    const now = this.now();
    return [now, new Date(now.getTime() + this.leaseMs)];
  }
}

interface TakenRow {
  id: string;
  requestId: string;
  type: JobType;
  attempt: number;
  sent: boolean;
}

/*
 * How alarms are taken: $1 region, $2 now, $3 the end of the lease, $4 how many jobs at most.
 *
 * Each statement sorts twice, because an update answers in the order of its plan. None waits for the disk: if a crash of
 * Postgres sets an alarm back, its job is only due once more.
 */

const look = `
  /* look */
  select r.region, s.state, first.due_at as "firstAt", circuit.probe_at as "probeAt",
         1000 * extract(epoch from greatest(pace.next_at, pace.paused_until) - clock_timestamp())::float8 as "freeInMs",
         case when s.state <> all($4::text[]) then (first.due_at <= $3)::int
              else (select count(*)::int
                      from (select from job
                             where job.region = r.region and job.state = s.state and due_at <= $3
                             order by due_at  -- or the planner may as well look through the table
                             limit $5) as counted) end as due
    from unnest($1::text[]) as r(region)
    cross join unnest($2::text[]) as s(state)
    cross join lateral (
      select due_at from job
       where job.region = r.region and job.state = s.state and due_at is not null
       order by due_at
       limit 1
    ) as first
    left join circuit on circuit.region = r.region
    left join lateral (
      select type from job
       where s.state = 'queued' and job.region = r.region and job.state = 'queued' and due_at <= $3
       order by priority, due_at
       limit 1
    ) as urgent on true
    left join unnest($6::text[], $7::text[]) as submitted(type, operation) on submitted.type = urgent.type
    left join pace on pace.region = r.region and pace.operation = submitted.operation`;

// guard: reads-once
const takeReads = `
  /* take reads */
  with chosen as materialized (
    select id, due_at
      from job
     where region = $1 and state ${inStates(readableStates)} and due_at <= $2
     order by due_at
     limit $4
       for update skip locked
  ), taken as (
    update job
       set due_at = $3
      from chosen
     where job.id = chosen.id
    returning job.id, job.type, chosen.due_at
  )
  select id, type, set_config('synchronous_commit', 'off', true) as commit
    from taken
   order by due_at`;

/** One state, $5, by the index job_due_at. */
// guard: alarm-once
const takeDue = `
  /* take due */
  with chosen as materialized (
    select id, due_at
      from job
     where region = $1 and state = $5 and due_at <= $2
     order by due_at
     limit $4
       for update skip locked
  ), taken as (
    update job
       set due_at = $3
      from chosen
     where job.id = chosen.id
    returning job.id, job.request_id, job.attempt, job.submitted_at, chosen.due_at
  )
  select id, request_id as "requestId", attempt, submitted_at is not null as sent,
         set_config('synchronous_commit', 'off', true) as commit
    from taken
   order by due_at`;
