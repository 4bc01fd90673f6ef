import type { DataSource } from 'typeorm';
import { hasBodyToEmpty, isDroppableEvent, isShared, lastOver, retainedTables, type Dropped } from './retention.store';
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
  async plan({ recordsBefore, eventBodiesBefore, keysBefore }: RetentionLimits): Promise<Required<Dropped>> {
    const never = new Date(0);
    const [planned] = await this.db.transaction(async (tx) => {
      await tx.query(`set local statement_timeout = 0`);
      return tx.query<[Required<Dropped>]>(plan, [
        lowestIdAt((eventBodiesBefore ?? never).getTime()),
        lowestIdAt((recordsBefore ?? never).getTime()),
        recordsBefore ?? never,
        keysBefore ?? never,
      ]);
    });
    return Object.fromEntries(retainedTables.map((table) => [table, planned[table]])) as Required<Dropped>;
  }

  /**
   * For how long the oldest thing has been there that should be gone, in milliseconds; 0 when nothing should. Up to the time
   * between two runs is ordinary. Two looks at the beginning of an index, whatever is in the tables.
   */
  async behindMs({ recordsBefore, eventBodiesBefore }: RetentionLimits): Promise<number> {
    const [row] = await this.db.query<[{ job: Date | null; body: Date | null }]>(behind, [
      lowestIdAt((eventBodiesBefore ?? new Date(0)).getTime()),
      recordsBefore ?? new Date(0),
    ]);
    const since = (limit: Date | null, at: Date | null) => (limit && at ? limit.getTime() - at.getTime() : 0);
    return Math.max(0, since(recordsBefore, row.job), since(eventBodiesBefore, row.body));
  }
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
  )
  select (select count(*)::int from gone) as job,
         (select count(*)::int from gone cross join lateral jsonb_each_text(gone.labels)) as job_label,
         (select count(*)::int from history join gone on gone.id = history.job_id) as history,
         (select count(*)::int from result join gone on gone.id = result.job_id) as result,
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
           + (select count(*)::int from gone where settled_at < $4) as dropped_job`;

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
           limit 1) as body`;
