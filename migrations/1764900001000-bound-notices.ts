import type { MigrationInterface, QueryRunner } from 'typeorm';

const functions = ['keep_known_events(jsonb, text)', 'count_strangers(uuid, uuid, integer)'];

/** What the webhook does with notices that are over a limit, and how it learns how much is stored: it may touch no table. */
export class BoundNotices1764900001000 implements MigrationInterface {
  readonly name = 'BoundNotices1764900001000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`set local lock_timeout = '5s'`);
    await runner.query(keepKnownEvents);
    await runner.query(countStrangers);
    for (const each of functions) await runner.query(`revoke execute on function ${each} from public`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`set local lock_timeout = '5s'`);
    for (const each of functions) await runner.query(`drop function ${each}`);
  }
}

/** Of those that `CaseReads.eventsFor` looks at, those that are in the way of `n`. Each verdict has an index of its own. */
const candidates = (verdict: string) => `
                           (select from public.event
                             where event.verdict = '${verdict}' and event.media_id = n."mediaId"
                               and event.region in (job.region, '*') and event.event_type = n."eventType"
                               and (event.signature = 'valid') = (n.signature = 'valid')
                               and event.received_at >= coalesce(submission.sent_at, submission.signed_at) - interval '5 s'
                             limit 30)`;

// guard: known-first
const keepKnownEvents = `
  -- Keeps of VOD's notices those that end a job whose JobId is known, or that may be the answer that a submission has lost: of one
  -- media and type no more than thirty since it was sent, signed and others apart, as that many are looked at, the signed first
  -- (libs/persistence/src/case.reads.ts). Counts the rest, in one row a minute.
  -- Answers which were kept, and which of them are new.
  create function keep_known_events(notices jsonb, why text) returns table (kept uuid, fresh boolean)
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
  declare
    known   uuid[];
    arrived uuid[];
  begin
    known := array(
      select n.id
        from jsonb_to_recordset(notices)
          as n(id uuid, region text, signature text, "eventType" text, "vodJobId" text, "mediaId" text, verdict text)
       where n.verdict = 'received'
         and (exists (select from public.job where job.vod_job_id = n."vodJobId" and n.region in (job.region, '*'))
           or exists (select from public.job
                        join public.submission on submission.request_id = job.request_id and submission.number = job.attempt
                       where job.media_id = n."mediaId" and n.region in (job.region, '*')
                         and job.attempt > 0 and job.vod_job_id is null and job.settled_at is null
                         and (select count(*) from (${['unmatched', 'received'].map(candidates).join(' union all ')}) as few) < 30)));
    arrived := array(
      select public.keep_events((select coalesce(jsonb_agg(notice), '[]') from jsonb_array_elements(notices) as notice
                                  where (notice ->> 'id')::uuid = any(known))));
    insert into public.event as event
           (id, received_at, region, source, signature, event_type, vod_job_id, status, body, body_size, body_hash, copies,
            last_received_at, verdict, reason)
    select (array_agg(n.id order by n.id))[1], min(n."receivedAt"), n.region, min(n.source), n.signature, '', '', '',
           decode((array_agg(n."bodyBase64" order by n.id))[1], 'base64'), least(sum(n.bytes), ${2 ** 31 - 1}),
           'over a limit at ' || begun || ' ' || n.signature, sum(n.copies), max(n."receivedAt"),
           case when n.signature in ('valid', 'unchecked') then 'ignored' else 'rejected' end, why
      from jsonb_to_recordset(notices) as n(id uuid, "receivedAt" timestamptz, region text, source text, signature text,
           "bodyBase64" text, copies integer, bytes bigint)
     cross join lateral to_char(n."receivedAt" at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as begun
     where n.id <> all(known)
     group by n.region, n.signature, begun
    on conflict (region, event_type, vod_job_id, status, body_hash) do update
       set copies = event.copies + excluded.copies,
           body_size = least(event.body_size::bigint + excluded.body_size, ${2 ** 31 - 1}),
           received_at = least(event.received_at, excluded.received_at),
           last_received_at = greatest(event.last_received_at, excluded.last_received_at);
    return query select each, each = any(arrived) from unnest(known) as each;
  end $$`;

const countStrangers = `
  -- How many of the notices that came in between belong to no job, also of those that no worker has looked at yet, and the bytes of
  -- their bodies, whose sizes are read without them. No more than at_most rows are counted.
  create function count_strangers(since uuid, until uuid, at_most integer) returns table (found integer, bytes double precision)
  language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select count(*)::integer, coalesce(sum(octet_length(body)), 0)::double precision
      from (select event.body
              from public.event
             where event.verdict in ('received', 'unmatched', 'ignored', 'rejected') and event.id >= since and event.id < until
             limit at_most) as stranger
  $$`;
