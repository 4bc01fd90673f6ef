import { completionsOf, isTrusted, jobTypes, trustedSignatures, type EventSignature } from '@app/domain';

/** Which event ends a job of which type: what `(job.type, event.event_type)` may be. */
export const completionPairs = jobTypes
  .flatMap((type) => completionsOf(type).map((event) => `('${type}', '${event}')`))
  .join(', ');

/** The lines of the history by which a job gets a JobId, or has had one. */
const NAMING = `('accepted', 'found', 'event_received', 'adopted')`;

/** Those of them in which VOD itself has said what a call has made. A person may adopt what is somebody else's. */
const EXPLAINING = `('accepted', 'found')`;

/** Calls of which VOD has said that it did nothing, or that never left. */
const WITHOUT_EFFECT = `('refused', 'busy', 'blocked', 'not_sent')`;

/** What this call has made isn't known, not all of it: one that was sent twice may have made two jobs. */
// guard: foreign-for-sure
const isUnexplained = `
  submission.sent_at is not null
    and (submission.resends > 0
      or (submission.outcome is null or submission.outcome not in ${WITHOUT_EFFECT})
         and not exists (select from history
                          where history.job_id = job.id and history.attempt = submission.number and history.event in ${EXPLAINING}))`;

/**
 * Whether an event that found no job may be about one of ours all the same. VOD makes no job that it wasn't asked for, and every call
 * of ours is committed as sent before it leaves (`markSent`): so the job of an event is ours only if its JobId is one that we
 * know, or if there is a call for this media, type and region of which we don't know what it has made. No clock is asked, and an event
 * that names no media can't be told apart. While a person has to decide about such a job, the JobId that we know of it may be wrong.
 *
 * Asks all of it in one snapshot: the answer that brings a JobId also explains its call.
 */
const mayBeOurs = `(
  event.media_id is null
  or exists (select from job where job.vod_job_id = event.vod_job_id and event.region in (job.region, '*'))
  or exists (select from dropped_job
              where dropped_job.vod_job_ids @> array[event.vod_job_id] and event.region in (dropped_job.region, '*'))
  or exists (
    select from job
     where job.media_id = event.media_id and event.region in (job.region, '*')
       and (exists (select from history
                     where history.job_id = job.id and history.event in ${NAMING}
                       and coalesce(history.detail ->> 'vodJobId', history.detail ->> 'candidate') = event.vod_job_id)
         or (job.type, event.event_type) in (${completionPairs})
            and (job.state = 'held'
              or exists (select from submission
                          where submission.request_id = job.request_id and job.type = any(submission.types)
                            and ${isUnexplained})))))`;

/** Of events that found no job: whose they may be, and until when the record of their job was kept, if it has been dropped. */
export const unknownEvents = `
  /* unknown events */
  select event.id, ${mayBeOurs} as "mayBeOurs",
         (select max(dropped_job.dropped_at)
            from dropped_job
           where dropped_job.vod_job_ids @> array[event.vod_job_id]
             and event.region in (dropped_job.region, '*')) as "jobKeptUntil"
    from event
   where event.id = any($1::uuid[])`;

const OF_NO_JOB = 'of no job here';

/** Of what is surely not ours. When its signature has failed, nobody knows whether it was VOD's at all. */
export function foreignVerdict(signature: EventSignature): { verdict: 'foreign' | 'rejected'; reason: string | null } {
  if (isTrusted(signature)) return { verdict: 'foreign', reason: null };
  return { verdict: 'rejected', reason: `signature ${signature}; ${OF_NO_JOB}` };
}

const isFromVod = `event.signature in (${trustedSignatures.map((signature) => `'${signature}'`).join(', ')})`;

/**
 * Of the next so many events that wait for a job, those that surely are not ours. They waited because a call of ours was under way
 * when they came; it has been answered since.
 */
export const tellForeignApart = `
  /* tell foreign events apart */
  with page as materialized (
    select id from event where verdict = 'unmatched' and id > $1::uuid order by id limit $2
  ), foreigners as materialized (
    select event.id
      from page
      join event using (id)
     where event.verdict = 'unmatched' and not ${mayBeOurs}
       for update of event skip locked
  ), told as (
    update event
       set verdict = case when ${isFromVod} then 'foreign' else 'rejected' end,
           reason = case when ${isFromVod} then null else 'signature ' || event.signature || '; ${OF_NO_JOB}' end
     where id in (select id from foreigners)
     returning 1
  )
  select (select count(*)::int from told) as told, (select id from page order by id desc limit 1) as last`;
