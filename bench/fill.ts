import type { Client } from 'pg';

export interface Filling {
  jobs: number;
  /** The newest job is of this time, the oldest of so many days before. */
  now: Date;
  days: number;
  /** The same seed makes the same rows. */
  seed: number;
  /** Whether some of the newest are still on their way, which is the default. The worker of a product would go on with them. */
  open?: boolean;
  /** Told how long each part took. */
  tell?: (line: string) => void;
}

/** A little more than it takes, so that there are at least as many jobs as were asked for, and five lines of history to each. */
const REQUESTS_PER_JOB = 0.72;

/**
 * A database after a month of work: one and a half jobs a request, about five lines of history and one event a job. There are
 * values of every selectivity, and pairs that never meet: no tagging in Singapore, a pilot that ended long ago, labels that
 * only one client sets, batches that came together.
 */
export async function fill(sql: Client, { jobs, now, days, seed, open = true, tell }: Filling): Promise<void> {
  // Checking that these rows refer to each other rightly would take longer than writing them.
  await sql.query(`set session_replication_role = replica; set synchronous_commit = off; set work_mem = '128MB'`);
  await sql.query(functions(seed));
  const values = {
    requests: String(Math.ceil(jobs * REQUESTS_PER_JOB)),
    now: `'${now.toISOString()}'`,
    days: String(days),
    open: String(open),
  };
  for (const [what, statement] of Object.entries(statements)) {
    const started = performance.now();
    await sql.query(
      statement.replaceAll(/\$(requests|now|days|open)\b/g, (_, name: keyof typeof values) => values[name]),
    );
    tell?.(`${what}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
  }
  await sql.query(`reset session_replication_role; reset synchronous_commit; reset work_mem`);
}

/** Chance by arithmetic: the nth draw for the ith row, in [0, 1), whatever the order in which rows are made. */
export const functions = (seed: number) => `
  create or replace function pg_temp.draw(i bigint, n bigint) returns float8 immutable language sql
    return (hashint8extended(i, ${seed}::bigint * 1000 + n) & 1048575) / 1048576.0;
  create or replace function pg_temp.id(at timestamptz, i bigint, kind text) returns uuid immutable language sql
    return (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0')
            || '7' || substr(md5(kind || i), 1, 3) || '8' || substr(md5(kind || i), 4, 15))::uuid;`;

const statements = {
  requests: `
    insert into request (id, client, body_hash, media_id, region, priority, labels, created_at)
    select pg_temp.id(at, r, 'request'), client, md5(r::text), media, region, priority, labels, at
      from (select r, $now::timestamptz - (1 - r::float8 / $requests) * $days * interval '1 day' as at,
                   r::float8 / $requests as age,  -- 0 is the oldest
                   pg_temp.draw(r, 1) as which, pg_temp.draw(r, 2) as place, pg_temp.draw(r, 3) as urgency,
                   -- A media is asked for about six times, and one all the time.
                   case when pg_temp.draw(r, 4) < 0.003 then 'media-popular'
                        else md5('media' || floor(pg_temp.draw(r, 5) * $requests / 4)) end as media
              from generate_series(1, $requests::bigint) as r) as drawn
      cross join lateral (
        select case when age < 0.2 and which < 0.5 then 'pilot'  -- ended when a fifth of the time was over
                    when which < 0.55 then 'web'
                    when which < 0.85 then 'batch'
                    when which < 0.999 then 'mobile'
                    else 'partner' end as client
      ) as asking
      cross join lateral (
        select case when client = 'pilot' then 'cn-beijing'
                    when place < 0.0005 then 'cn-beijing'
                    when place < 0.12 then 'ap-southeast-1'
                    else 'cn-shanghai' end as region,
               case when urgency < 0.05 then 0 when urgency < 0.85 then 1 else 2 end as priority,
               jsonb_strip_nulls(jsonb_build_object(
                 'env', case when pg_temp.draw(r, 6) < 0.5 then 'prod' when pg_temp.draw(r, 6) < 0.9 then 'test' end,
                 'team', case when pg_temp.draw(r, 7) < 0.6 then 'team-' || floor(pg_temp.draw(r, 7) * 10) end,
                 'channel', case when client = 'web' and pg_temp.draw(r, 8) < 0.5 then 'app' end,
                 'batch', case when client = 'batch' then 'b-' || r / 500 end,
                 'incident', case when r % 50000 = 7 then 'INC-' || r / 50000 when r % 50000 < 27 then 'INC-all' end
               )) as labels
      ) as said`,

  jobs: `
    insert into job (id, request_id, type, state, version, due_at, attempt, attempts, vod_job_id, event_status,
                     error_phase, error_code, error_message, client, region, media_id, priority, labels, natural_key,
                     holds_natural_key, created_at, submitted_at, last_read_at, finished_at, settled_at)
    select pg_temp.id(created_at, i, type), request_id, type, state,
           case when state = 'queued' then 1
                when state in ('submitting', 'canceled') then 2
                when state in ('processing', 'unconfirmed') then 3
                when state in ('finished', 'held', 'expired') or event_status is null then 4
                else 5 end,
           case when state in ('succeeded', 'failed', 'canceled', 'expired', 'held') then null
                else $now::timestamptz + (pg_temp.draw(i, 20) - 0.1) * interval '10 minutes' end,
           case when sent then 1 else 0 end, case when sent then 1 else 0 end,
           case when state not in ('queued', 'canceled', 'submitting', 'unconfirmed', 'held') then md5('vod' || i) end,
           event_status,
           case when state = 'failed' then 'vod' end,
           case when state = 'failed' then error_code end,
           case when state = 'failed' then 'what VOD said about it' end,
           client, region, media_id, priority, labels, md5('natural' || i),
           state in ('queued', 'submitting', 'unconfirmed', 'processing', 'finished', 'held'),
           created_at, case when sent then submitted_at end,
           case when settled and state <> 'canceled' then ended_at end,
           case when settled or state = 'finished' then ended_at end,
           case when settled then ended_at + interval '0.3 s' end
      from (select request.id as request_id, client, region, media_id, priority, labels, created_at, type,
                   row_number() over (order by request.id, type) as i,
                   extract(epoch from $now::timestamptz - created_at) / 86400 / $days as age  -- 0 is the newest
              from request
              cross join lateral unnest(case when region = 'ap-southeast-1' then array['AIMediaDNA']
                                             when hashint8extended(priority + hashtext(media_id), 3) % 2 = 0 then array['AIVideoTag', 'AIMediaDNA']
                                             else array['AIVideoTag'] end) as type) as numbered
      cross join lateral (
        select pg_temp.draw(i, 10) as fate, pg_temp.draw(i, 11) as ending, pg_temp.draw(i, 12) as code
      ) as drawn
      cross join lateral (
        select case when $open and age < 0.07 and fate < 0.2 then 'queued'
                    when $open and age < 0.01 and fate < 0.6 then 'processing'
                    when $open and age < 0.0001 and fate < 0.7 then 'submitting'
                    when $open and age < 0.0001 and fate < 0.8 then 'finished'
                    when $open and age < 0.0001 then 'unconfirmed'
                    when ending < 0.0002 then 'held'
                    when ending < 0.01 then 'expired'
                    when ending < 0.03 then 'canceled'
                    when ending < 0.12 then 'failed'
                    else 'succeeded' end as state,
               -- The first takes half of them, each further one half of the rest, the last is rare.
               'InvalidVideo.' || least(15, floor(-ln(code + 0.0000001) / ln(2)))::integer as error_code,
               created_at + pg_temp.draw(i, 13) ^ 4 * interval '5 minutes' as submitted_at
      ) as became
      cross join lateral (
        select state not in ('queued', 'canceled') as sent,
               state in ('succeeded', 'failed', 'canceled', 'expired') as settled,
               case when state in ('succeeded', 'failed') and pg_temp.draw(i, 14) > 0.03 or state = 'finished'
                    then case when state = 'failed' then 'fail' else 'success' end end as event_status,
               least($now::timestamptz, submitted_at + interval '5 s' + pg_temp.draw(i, 15) ^ 2 * interval '10 minutes') as ended_at
      ) as passed`,

  labels: `
    insert into job_label (key, value, job_id, client, region, type)
    select key, value, id, client, region, type from job cross join lateral jsonb_each_text(labels) order by 1, 2, 3`,

  submissions: `
    insert into submission (request_id, number, types, nonce, signed_at, sent_at, answered_at, outcome, vod_request_id, signer)
    select request_id, 1, array_agg(type), gen_random_uuid(), min(submitted_at), min(submitted_at), min(submitted_at),
           case when bool_or(vod_job_id is not null) then 'accepted' else 'unknown' end, upper(md5(request_id::text)), 'key'
      from job
     where submitted_at is not null
     group by request_id`,

  history: `
    insert into history (job_id, version, at, event, from_state, to_state, attempt, actor, detail)
    select id, line.version, line.at, line.event, line.from_state, line.to_state, attempt, line.actor, line.detail
      from job
      cross join lateral (values
        (1, created_at, 'created', null, 'queued', client, '{}'::jsonb),
        (2, submitted_at, 'claimed', 'queued', 'submitting', null, '{"number": 1}'),
        (2, settled_at, 'canceled', 'queued', 'canceled', client, '{}'),
        (3, submitted_at, 'accepted', 'submitting', 'processing', null,
            jsonb_build_object('attempt', 1, 'vodJobId', vod_job_id, 'vodRequestId', upper(md5(request_id::text)))),
        (3, submitted_at, 'outcome_unknown', 'submitting', 'unconfirmed', null, '{"attempt": 1, "cause": "time-out"}'),
        (4, finished_at, 'event_received', 'processing', 'finished', null,
            jsonb_build_object('vodJobId', vod_job_id, 'status', event_status, 'eventId', id, 'signature', 'valid')),
        (4, created_at, 'undecidable', 'unconfirmed', 'held', null, '{"reason": "no evidence"}'),
        (4, settled_at, 'deadline_passed', 'processing', 'expired', null, '{}'),
        (version, settled_at, 'read_' || state, case when event_status is null then 'processing' else 'finished' end, state,
            null, '{"source": "ListAIJob"}')
      ) as line(version, at, event, from_state, to_state, actor, detail)
     where case line.event
             when 'created' then true
             when 'claimed' then submitted_at is not null
             when 'accepted' then vod_job_id is not null
             when 'outcome_unknown' then state in ('unconfirmed', 'held')
             when 'event_received' then event_status is not null
             when 'undecidable' then state = 'held'
             when 'canceled' then state = 'canceled'
             when 'deadline_passed' then state = 'expired'
             else state in ('succeeded', 'failed')
           end
     order by line.at`,

  events: `
    insert into event (id, received_at, region, source, signature, event_type, vod_job_id, media_id, status, event_time, body,
                       body_size, body_hash, last_received_at, verdict, reason, job_id)
    select pg_temp.id(at, i, 'event'), at, region, 'http', case verdict when 'rejected' then 'mismatch' else 'valid' end,
           case when verdict = 'ignored' then 'TranscodeComplete' else type || 'Complete' end,
           case verdict when 'matched' then vod_job_id else md5('foreign' || i) end, media_id, 'success', at,
           convert_to(rpad('{"EventType":"' || type || 'Complete"', 300, ' ') || '}', 'UTF8'), 301, md5(i::text), at, verdict,
           case verdict when 'ignored' then 'not the end of a job of ours' when 'rejected' then 'bad signature' end,
           case verdict when 'matched' then id end
      from (select *, row_number() over (order by id) as i, coalesce(finished_at, created_at) as at from job) as job
      cross join lateral (
        select case when event_status is not null then 'matched'
                    when i % 2 = 0 then 'ignored'
                    when i % 10 = 1 then 'unmatched'
                    else 'rejected' end as verdict
      ) as judged`,

  results: `
    insert into result (job_id, raw, normalized, source, read_at)
    select id, raw, raw::jsonb, 'ListAIJob', settled_at
      from job
      cross join (select '{"Category":[{"Tag":"Food"}],"Keyword":[{"Tag":"Kitchen","Times":["14897","115585"]}]}' as raw) as found
     where state = 'succeeded' and get_byte(uuid_send(id), 15) < 26  -- one in ten`,

  statistics: `vacuum analyze`,
};
