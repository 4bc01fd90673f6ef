import type { DataSource } from 'typeorm';
import { boundsOf, isOver, isOverdue, type Month } from './month.store';
import {
  hasBodyToEmpty,
  isDroppableEvent,
  isShared,
  isWithin,
  lastOver,
  retainedTables,
  type Dropped,
} from './retention.store';
import { lowestIdAt } from './rows';

/** Everything before these moments goes; null for what is kept for ever. */
export interface RetentionLimits {
  recordsBefore: Date | null;
  eventBodiesBefore: Date | null;
  keysBefore: Date | null;
}

/** What a retention would do, and how far it is behind. Reads only. */
export class RetentionReads {
  constructor(private readonly db: DataSource) {}

  /** The rows that a run would drop now, by table. It looks at all that is over, so it takes a while and is asked by hand. */
  async plan(
    { recordsBefore, eventBodiesBefore, keysBefore }: RetentionLimits,
    months: readonly Month[] = [],
  ): Promise<Required<Dropped>> {
    const never = new Date(0);
    const over = months.filter((month) => recordsBefore !== null && isOver(month, recordsBefore));
    const overdue = over.filter((month) => recordsBefore !== null && isOverdue(month, recordsBefore));
    const [planned] = await this.db.transaction(async (tx) => {
      await tx.query(`set local statement_timeout = 0`);
      return tx.query<[Required<Dropped>]>(plan, [
        lowestIdAt((eventBodiesBefore ?? never).getTime()),
        lowestIdAt((recordsBefore ?? never).getTime()),
        recordsBefore ?? never,
        keysBefore ?? never,
        ...partedTables.flatMap((table) => [months, over, overdue].flatMap((some) => boundsOf(some, table))),
      ]);
    });
    return Object.fromEntries(retainedTables.map((table) => [table, planned[table]])) as Required<Dropped>;
  }

  /**
   * For how long the oldest thing has been there that should be gone, in milliseconds; 0 when nothing should. Up to the time
   * between two runs is ordinary. Two looks at the beginning of an index, whatever is in the tables.
   */
  async behindMs(
    { recordsBefore, eventBodiesBefore }: RetentionLimits,
    months: readonly Month[] = [],
  ): Promise<number> {
    const over = months.filter((month) => recordsBefore !== null && isOver(month, recordsBefore));
    const [row] = await this.db.query<[{ job: Date | null; body: Date | null; month: string | null }]>(behind, [
      lowestIdAt((eventBodiesBefore ?? new Date(0)).getTime()),
      recordsBefore ?? new Date(0),
      over.map(({ low }) => low),
      over.map(({ high }) => high),
    ]);
    const since = (limit: Date | null, at: Date | null) => (limit && at ? limit.getTime() - at.getTime() : 0);
    const monthEnd = row.month && new Date(timeOfId(row.month));
    return Math.max(
      0,
      since(recordsBefore, row.job),
      since(eventBodiesBefore, row.body),
      since(recordsBefore, monthEnd || null),
    );
  }
}

const partedTables = ['history', 'result'] as const;

/**
 * Rows that go with their jobs, and those that go with a month: all of one that no job is left of, of an overdue one what belongs to
 * no job. From the parameter `at` on: the bounds of all months of the table, of those that are over, and of the overdue ones.
 */
function rowsOf(table: (typeof partedTables)[number], at: number): string {
  const bounds = (nth: number) => [`$${at + 2 * nth}`, `$${at + 2 * nth + 1}`] as const;
  const [all, over, overdue] = [bounds(0), bounds(1), bounds(2)];
  const stays = 'job.id not in (select id from gone)';
  return `
    (select count(*)::int from ${table} join gone on gone.id = job_id where not ${isWithin('job_id', ...all)})
      + (select count(*)::int
           from unnest(${over[0]}::uuid[], ${over[1]}::uuid[]) as month(low, high)
           join ${table} on job_id >= month.low and job_id < month.high
          where not exists (select from job where job.id >= month.low and job.id < month.high and ${stays})
             or ${isWithin('job_id', ...overdue)} and not exists (select from job where job.id = job_id and ${stays}))`;
}

/**
 * All that a run does batch by batch, in one statement. A request is kept as long as one is that shares a job with it, so what
 * is kept is found from those on that have an open job.
 */
const plan = `
  with recursive candidate as materialized (
    select id, shared_job_ids, idempotency_key
      from request
     where dropped_at is null
       and (id in (select request_id from job where settled_at < $3)
            or shared_job_ids <> '{}' and exists (select from job where job.id = any(shared_job_ids) and job.settled_at < $3))
  ), kept as (
    select request.id, request.shared_job_ids
      from candidate as request
      cross join lateral (${lastOver('$3')}) as last
     where not last.over
    union
    select owner.id, owner.shared_job_ids
      from kept
      cross join lateral unnest(kept.shared_job_ids) as shared(job_id)
      join job on job.id = shared.job_id
      join candidate as owner on owner.id = job.request_id
  ), over as materialized (
    select request.id, request.idempotency_key, last.at
      from candidate as request
      cross join lateral (${lastOver('$3')}) as last
     where request.id not in (select id from kept)
  ), gone as materialized (
    select job.id, job.labels, job.settled_at from job join over on over.id = job.request_id
  ), event_gone as materialized (
    select event.id from event join gone on gone.id = event.job_id
    union all
    select event.id from event where event.id < $2::uuid and ${isDroppableEvent('$3')}
  ), delivery_gone as materialized (
    select id from delivery where settled_at < $3 or job_id in (select id from gone)
  )
  select (select count(*)::int from gone) as job,
         (select count(*)::int from gone cross join lateral jsonb_each_text(gone.labels)) as job_label,
         ${rowsOf('history', 5)} as history,
         ${rowsOf('result', 11)} as result,
         (select count(*)::int from submission join over on over.id = submission.request_id) as submission,
         (select count(*)::int from over) as request,
         (select count(*)::int from event_gone) as event,
         (select count(*)::int
            from event
           where event.id > (select bodies_to from retention) and event.id < $1::uuid and ${hasBodyToEmpty}
             and event.id not in (select id from event_gone)) as event_body,
         (select count(*)::int from request where over_at < $4)
           + (select count(*)::int from over where at < $4 and idempotency_key is not null) as request_key,
         (select count(*)::int from dropped_job where settled_at < $4)
           + (select count(*)::int from gone where settled_at < $4) as dropped_job,
         (select count(*)::int from delivery_gone) as delivery,
         (select count(*)::int from delivery_attempt where delivery_id in (select id from delivery_gone)) as delivery_attempt,
         (select count(*)::int
            from endpoint
           where deleted_at < $3
             and not exists (select from delivery
                              where delivery.endpoint_id = endpoint.id and id not in (select id from delivery_gone))) as endpoint,
         (select count(*)::int from endpoint_secret where expires_at <= now()) as endpoint_secret`;

const behind = `
  select (select job.settled_at
            from job
            join request on request.id = job.request_id
            cross join lateral (${lastOver('$2')}) as last
           where job.settled_at < $2 and last.over and not ${isShared}
           order by job.settled_at
           limit 1) as job,
         (select event.received_at
            from event
           where event.id > (select bodies_to from retention) and event.id < $1::uuid
           order by event.id
           limit 1) as body,
         (select high
            from unnest($3::uuid[], $4::uuid[]) as month(low, high)
           where not exists (select from job where job.id >= low and job.id < high)
           order by high
           limit 1) as month`;

/** The Unix milliseconds with which a UUIDv7 begins. */
function timeOfId(id: string): number {
  return parseInt(id.replace('-', '').slice(0, 12), 16);
}
