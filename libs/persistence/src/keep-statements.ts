import { listeningStates } from '@app/domain';
import { inStates } from './in-states';

/** Notices as they come in a parameter; see `EventStore`. */
const given = `
  jsonb_to_recordset($1::jsonb) as n(id uuid, "receivedAt" timestamptz, region text, source text, signature text,
    "eventType" text, "vodJobId" text, "mediaId" text, status text, "eventTime" timestamptz, extend text, "bodyBase64" text,
    "bodySize" integer, "bodyHash" text, copies integer, bytes bigint, verdict text, reason text)`;

// guard: copies-count-while-open
const keepFrom = (notices: string) => `
  insert into event (id, received_at, region, source, signature, event_type, vod_job_id, media_id, status, event_time,
                     extend, body, body_size, body_hash, copies, last_received_at, verdict, reason)
  select id, "receivedAt", region, source, signature, "eventType", "vodJobId", "mediaId", status, "eventTime",
         extend, decode("bodyBase64", 'base64'), "bodySize", "bodyHash", copies, "receivedAt",
         verdict, reason
    from ${notices}
  on conflict (region, event_type, vod_job_id, status, body_hash) do update
     set copies = event.copies + excluded.copies,
         last_received_at = excluded.last_received_at,
         -- The first copy may have been forged or too early: while its job is open, it is matched again.
         verdict = case
                     when event.verdict = 'matched'
                      and exists (select from job where job.id = event.job_id and job.state ${inStates(listeningStates)})
                     then 'received' else event.verdict
                   end
  returning id, verdict`;

/** Parameters: the notices, and the channel of those that wait to be matched. Answers which are new. */
export const keepNotices = `
  /* keep event */
  with kept as (${keepFrom(given)})
  select id, case when verdict = 'received' then pg_notify($2, '') end as wake from kept`;

/** So many events of one media are looked at for a submission that waits for its JobId (see `CaseReads`): no more are needed. */
const EVIDENCE = 30;

/**
 * Over a limit: kept is what ends a job whose JobId we know, or what may be the answer that a job has lost. A JobId has one row
 * for each of its ends then, however many bodies there are: `body_hash` is the same for all of them. The rest is counted in one
 * row a minute.
 *
 * Parameters: the notices, the channel, and the reason of what is only counted. Answers which were kept, and which of them are new.
 */
// guard: known-first
export const keepKnownNotices = `
  /* keep known event */
  with n as materialized (
    select n.*,
           verdict = 'received'
             and (exists (select from job where job.vod_job_id = n."vodJobId" and n.region in (job.region, '*'))
               or exists (select from job
                           where job.media_id = n."mediaId" and n.region in (job.region, '*')
                             and job.attempt > 0 and job.vod_job_id is null and job.settled_at is null)
                  and (select count(*) from (select from event where media_id = n."mediaId" limit ${EVIDENCE}) as few) < ${EVIDENCE}
             ) as known
      from ${given}
  ),
  kept as (${keepFrom('n where known')}),
  counted as (
    insert into event (id, received_at, region, source, signature, event_type, vod_job_id, status, body, body_size, body_hash,
                       copies, last_received_at, verdict, reason)
    select (array_agg(id order by id))[1], min("receivedAt"), region, min(source), signature, '', '', '',
           decode((array_agg("bodyBase64" order by id))[1], 'base64'), least(sum(bytes), ${2 ** 31 - 1}),
           'over a limit at ' || begun || ' ' || signature, sum(copies), max("receivedAt"),
           case when signature in ('valid', 'unchecked') then 'ignored' else 'rejected' end, $3
      from n
     cross join lateral to_char("receivedAt" at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as begun
     where not known
     group by region, signature, begun
    on conflict (region, event_type, vod_job_id, status, body_hash) do update
       set copies = event.copies + excluded.copies,
           body_size = least(event.body_size::bigint + excluded.body_size, ${2 ** 31 - 1}),
           received_at = least(event.received_at, excluded.received_at),
           last_received_at = greatest(event.last_received_at, excluded.last_received_at)
  ),
  woken as materialized (select pg_notify($2, '') from kept where verdict = 'received' limit 1)
  select n.id, kept.id is not null as fresh, (select count(*)::int from woken) as woken
    from n
    left join kept on kept.id = n.id
   where known`;
