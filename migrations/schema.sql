-- The tables as the migrations leave them, read from Postgres's catalogs. Written by `npm run schema`, never by hand.
-- The reasons are in the migrations.

create table circuit (
  region             text not null,
  code               text not null,
  message            text not null,
  opened_at          timestamp with time zone not null,
  probe_at           timestamp with time zone not null,
  constraint circuit_pkey PRIMARY KEY (region)
);

create table closed_queue (
  region             text not null,
  queue              text not null,
  code               text not null,
  until              timestamp with time zone not null,
  constraint closed_queue_pkey PRIMARY KEY (region, queue)
);

create table delivery (
  id                 uuid not null,
  endpoint_id        uuid not null,
  job_id             uuid,
  history_id         bigint,
  type               text not null,
  client             text not null,
  happened_at        timestamp with time zone not null,
  job                jsonb,
  state              text not null default 'waiting'::text,
  due_at             timestamp with time zone,
  attempts           integer not null default 0,
  tries              integer not null default 0,
  tried_since        timestamp with time zone,
  last_status        integer,
  last_error         text,
  created_at         timestamp with time zone not null default now(),
  settled_at         timestamp with time zone,
  constraint delivery_due_while_waiting CHECK (((due_at IS NOT NULL) = (state = 'waiting'::text))),
  constraint delivery_endpoint_id_fkey FOREIGN KEY (endpoint_id) REFERENCES endpoint(id),
  constraint delivery_pkey PRIMARY KEY (id),
  constraint delivery_settled_at_set CHECK (((settled_at IS NULL) = (state = 'waiting'::text))),
  constraint delivery_state_known CHECK ((state = ANY (ARRAY['waiting'::text, 'delivered'::text, 'failed'::text, 'dropped'::text]))),
  constraint delivery_type_known CHECK ((type = ANY (ARRAY['job.succeeded'::text, 'job.failed'::text, 'job.expired'::text, 'job.canceled'::text, 'job.held'::text, 'endpoint.test'::text])))
);
CREATE INDEX delivery_client ON public.delivery USING btree (client, id);
CREATE INDEX delivery_due ON public.delivery USING btree (endpoint_id, due_at) WHERE (state = 'waiting'::text);
CREATE INDEX delivery_endpoint_id ON public.delivery USING btree (endpoint_id, id);
CREATE INDEX delivery_failed ON public.delivery USING btree (endpoint_id, id) WHERE (state = 'failed'::text);
CREATE INDEX delivery_given_up ON public.delivery USING btree (id) WHERE (state = ANY (ARRAY['failed'::text, 'dropped'::text]));
CREATE INDEX delivery_job_id ON public.delivery USING btree (job_id, id) WHERE (job_id IS NOT NULL);
CREATE INDEX delivery_next_of_job ON public.delivery USING btree (endpoint_id, job_id, history_id) WHERE ((state = 'waiting'::text) AND (job_id IS NOT NULL));
CREATE INDEX delivery_settled_at ON public.delivery USING btree (settled_at) WHERE (settled_at IS NOT NULL);
CREATE UNIQUE INDEX delivery_told_once ON public.delivery USING btree (endpoint_id, history_id);
CREATE INDEX delivery_waiting ON public.delivery USING btree (endpoint_id, id) WHERE (state = 'waiting'::text);

create table delivery_attempt (
  delivery_id        uuid not null,
  nth                integer not null,
  at                 timestamp with time zone not null,
  duration_ms        integer not null,
  outcome            text not null,
  status             integer,
  error              text,
  answer_head        text,
  constraint delivery_attempt_delivery_id_fkey FOREIGN KEY (delivery_id) REFERENCES delivery(id) ON DELETE CASCADE,
  constraint delivery_attempt_outcome_known CHECK ((outcome = ANY (ARRAY['delivered'::text, 'answered'::text, 'redirected'::text, 'timed_out'::text, 'refused'::text, 'unresolved'::text, 'forbidden_address'::text, 'untrusted'::text, 'broken'::text]))),
  constraint delivery_attempt_pkey PRIMARY KEY (delivery_id, nth)
);

create table dropped_job (
  id                 uuid not null,
  request_id         uuid not null,
  region             text not null,
  vod_job_ids        text[] not null,
  settled_at         timestamp with time zone not null,
  dropped_at         timestamp with time zone not null,
  constraint dropped_job_pkey PRIMARY KEY (id)
);
CREATE INDEX dropped_job_request_id ON public.dropped_job USING btree (request_id);
CREATE INDEX dropped_job_settled_at ON public.dropped_job USING btree (settled_at);
CREATE INDEX dropped_job_vod_job_ids ON public.dropped_job USING gin (vod_job_ids);

create table endpoint (
  id                 uuid not null,
  client             text not null,
  url                text not null,
  events             text[] not null,
  types              text[],
  labels             jsonb not null default '{}'::jsonb,
  include_result     boolean not null default false,
  since              pg_snapshot not null default pg_current_snapshot(),
  paused_at          timestamp with time zone,
  pause_reason       text,
  failing_since      timestamp with time zone,
  rest_until         timestamp with time zone,
  created_at         timestamp with time zone not null default now(),
  created_by         text not null,
  deleted_at         timestamp with time zone,
  constraint endpoint_events_known CHECK (((events <> '{}'::text[]) AND (events <@ ARRAY['job.succeeded'::text, 'job.failed'::text, 'job.expired'::text, 'job.canceled'::text, 'job.held'::text]))),
  constraint endpoint_pause_explained CHECK (((paused_at IS NULL) = (pause_reason IS NULL))),
  constraint endpoint_pause_reason_known CHECK ((pause_reason = ANY (ARRAY['person'::text, 'gone'::text, 'failing'::text]))),
  constraint endpoint_pkey PRIMARY KEY (id)
);
CREATE INDEX endpoint_client ON public.endpoint USING btree (client, id);

create table endpoint_secret (
  endpoint_id        uuid not null,
  created_at         timestamp with time zone not null default now(),
  secret             text not null,
  expires_at         timestamp with time zone,
  constraint endpoint_secret_endpoint_id_fkey FOREIGN KEY (endpoint_id) REFERENCES endpoint(id) ON DELETE CASCADE,
  constraint endpoint_secret_pkey PRIMARY KEY (endpoint_id, created_at)
);

create table event (
  id                 uuid not null,
  received_at        timestamp with time zone not null,
  region             text not null,
  source             text not null,
  signature          text not null,
  event_type         text not null,
  vod_job_id         text not null,
  media_id           text,
  status             text not null,
  event_time         timestamp with time zone,
  extend             text,
  body               bytea not null,
  body_size          integer not null,
  body_hash          text not null,
  copies             integer not null default 1,
  last_received_at   timestamp with time zone not null,
  verdict            text not null default 'received'::text,
  reason             text,
  job_id             uuid,
  body_dropped_at    timestamp with time zone,
  constraint event_pkey PRIMARY KEY (id),
  constraint event_signature_known CHECK ((signature = ANY (ARRAY['valid'::text, 'missing'::text, 'malformed'::text, 'stale'::text, 'mismatch'::text, 'unchecked'::text, 'unneeded'::text]))),
  constraint event_source_known CHECK ((source = ANY (ARRAY['http'::text, 'queue'::text]))),
  constraint event_verdict_known CHECK ((verdict = ANY (ARRAY['received'::text, 'matched'::text, 'unmatched'::text, 'foreign'::text, 'ignored'::text, 'rejected'::text])))
);
CREATE INDEX event_foreign_media ON public.event USING btree (media_id) WHERE (verdict = 'foreign'::text);
CREATE UNIQUE INDEX event_identity ON public.event USING btree (region, event_type, vod_job_id, status, body_hash);
CREATE INDEX event_job_id ON public.event USING btree (job_id, id) WHERE (job_id IS NOT NULL);
CREATE INDEX event_media_id ON public.event USING btree (media_id, id);
CREATE INDEX event_unmatched_media ON public.event USING btree (media_id) WHERE (verdict = 'unmatched'::text);
CREATE INDEX event_verdict ON public.event USING btree (verdict, id);
CREATE INDEX event_vod_job_id ON public.event USING btree (vod_job_id, id);
CREATE INDEX event_waiting ON public.event USING btree (received_at) WHERE (verdict = 'received'::text);

create table history (
  id                 bigint not null generated always as identity,
  job_id             uuid not null,
  version            integer not null,
  at                 timestamp with time zone not null,
  event              text not null,
  from_state         text,
  to_state           text not null,
  attempt            integer not null,
  actor              text,
  detail             jsonb not null default '{}'::jsonb,
  tx                 xid8 default pg_current_xact_id(),
  constraint history_pkey PRIMARY KEY (job_id, version)
) partition by RANGE (job_id);
CREATE INDEX history_id ON ONLY public.history USING btree (id);
CREATE INDEX history_tx ON ONLY public.history USING btree (tx) WHERE (tx IS NOT NULL);

create table installation (
  id                 uuid not null,
  singleton          boolean not null default true,
  constraint installation_one_row CHECK (singleton),
  constraint installation_pkey PRIMARY KEY (singleton)
);

create table job (
  id                 uuid not null,
  request_id         uuid not null,
  type               text not null,
  state              text not null,
  version            integer not null,
  due_at             timestamp with time zone,
  attempt            integer not null default 0,
  attempts           integer not null default 0,
  tries              integer not null default 0,
  misses             integer not null default 0,
  vod_job_id         text,
  event_status       text,
  error_phase        text,
  error_code         text,
  error_message      text,
  client             text not null,
  region             text not null,
  media_id           text not null,
  priority           smallint not null,
  labels             jsonb not null default '{}'::jsonb,
  natural_key        text not null,
  holds_natural_key  boolean not null,
  created_at         timestamp with time zone not null,
  submitted_at       timestamp with time zone,
  last_read_at       timestamp with time zone,
  finished_at        timestamp with time zone,
  settled_at         timestamp with time zone,
  constraint job_alarm_set CHECK (((due_at IS NULL) = (state = ANY (ARRAY['held'::text, 'succeeded'::text, 'failed'::text, 'canceled'::text, 'expired'::text])))),
  constraint job_known_to_vod CHECK (((state <> ALL (ARRAY['processing'::text, 'finished'::text])) OR (vod_job_id IS NOT NULL))),
  constraint job_natural_key_released CHECK (((NOT holds_natural_key) OR (settled_at IS NULL))),
  constraint job_pkey PRIMARY KEY (id),
  constraint job_request_id_fkey FOREIGN KEY (request_id) REFERENCES request(id),
  constraint job_settled_at_set CHECK (((settled_at IS NOT NULL) = (state = ANY (ARRAY['succeeded'::text, 'failed'::text, 'canceled'::text, 'expired'::text])))),
  constraint job_state_known CHECK ((state = ANY (ARRAY['queued'::text, 'submitting'::text, 'unconfirmed'::text, 'processing'::text, 'finished'::text, 'held'::text, 'succeeded'::text, 'failed'::text, 'canceled'::text, 'expired'::text])))
);
CREATE INDEX job_backlog ON public.job USING btree (region, priority, due_at) WHERE (state = 'queued'::text);
CREATE INDEX job_due_at ON public.job USING btree (region, state, due_at) WHERE (due_at IS NOT NULL);
CREATE INDEX job_error_code ON public.job USING btree (error_code, id, client, region, type, state) WHERE (error_code IS NOT NULL);
CREATE INDEX job_media_id_prefix ON public.job USING btree (media_id text_pattern_ops, id);
CREATE INDEX job_natural_key_open ON public.job USING btree (natural_key) WHERE (settled_at IS NULL);
CREATE UNIQUE INDEX job_one_per_type ON public.job USING btree (request_id, type);
CREATE UNIQUE INDEX job_open_natural_key ON public.job USING btree (natural_key) WHERE holds_natural_key;
CREATE INDEX job_queued ON public.job USING btree (region, priority, id) WHERE (state = 'queued'::text);
CREATE INDEX job_settled_at ON public.job USING btree (settled_at) WHERE (settled_at IS NOT NULL);
CREATE INDEX job_shape ON public.job USING btree (client, region, type, state, id);
CREATE INDEX job_submitted_at ON public.job USING btree (region, type, submitted_at) WHERE (vod_job_id IS NOT NULL);
CREATE UNIQUE INDEX job_vod_job_id ON public.job USING btree (vod_job_id, region) WHERE (vod_job_id IS NOT NULL);
CREATE INDEX job_without_event ON public.job USING btree (settled_at) WHERE ((state = ANY (ARRAY['succeeded'::text, 'failed'::text])) AND (vod_job_id IS NOT NULL) AND (event_status IS NULL));

create table job_label (
  key                text not null,
  value              text not null,
  job_id             uuid not null,
  client             text not null,
  region             text not null,
  type               text not null,
  constraint job_label_pkey PRIMARY KEY (key, value, job_id, client, region, type)
);

create table migration (
  id                 integer not null default nextval('migration_id_seq'::regclass),
  timestamp          bigint not null,
  name               character varying not null,
  constraint "PK_3043fc6b8af7c99b8b98830094f" PRIMARY KEY (id)
);

create table pace (
  region             text not null,
  operation          text not null,
  qps                double precision not null,
  next_at            timestamp with time zone not null default now(),
  paused_until       timestamp with time zone,
  constraint pace_pkey PRIMARY KEY (region, operation),
  constraint pace_qps_positive CHECK ((qps > (0)::double precision))
);

create table process (
  id                 uuid not null,
  role               text not null,
  host               text not null,
  version            text not null,
  regions            text[] not null,
  submit_qps         integer,
  collect_qps        integer,
  max_in_flight      integer,
  started_at         timestamp with time zone not null,
  last_seen_at       timestamp with time zone not null,
  constraint process_pkey PRIMARY KEY (id)
);

create table reader (
  name               text not null,
  position           text not null,
  updated_at         timestamp with time zone not null default now(),
  constraint reader_pkey PRIMARY KEY (name)
);

create table request (
  id                 uuid not null,
  client             text not null,
  idempotency_key    text,
  body_hash          text not null,
  media_id           text not null,
  region             text not null,
  config             jsonb not null default '{}'::jsonb,
  priority           smallint not null,
  labels             jsonb not null default '{}'::jsonb,
  extend             text,
  forced             boolean not null default false,
  shared_job_ids     uuid[] not null default '{}'::uuid[],
  created_at         timestamp with time zone not null,
  over_at            timestamp with time zone,
  dropped_at         timestamp with time zone,
  constraint request_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX request_idempotency_key ON public.request USING btree (client, idempotency_key) WHERE (idempotency_key IS NOT NULL);
CREATE INDEX request_over_at ON public.request USING btree (over_at) WHERE (over_at IS NOT NULL);
CREATE INDEX request_shared_job_ids ON public.request USING gin (shared_job_ids) WHERE (shared_job_ids <> '{}'::uuid[]);

create table result (
  job_id             uuid not null,
  raw                text,
  normalized         jsonb,
  source             text not null,
  read_at            timestamp with time zone not null,
  constraint result_pkey PRIMARY KEY (job_id)
) partition by RANGE (job_id);

create table retention (
  singleton          boolean not null default true,
  ran_at             timestamp with time zone,
  bodies_to          uuid not null default '00000000-0000-0000-0000-000000000000'::uuid,
  job_drops          integer not null default 0,
  constraint retention_one_row CHECK (singleton),
  constraint retention_pkey PRIMARY KEY (singleton)
);

create table submission (
  request_id         uuid not null,
  number             integer not null,
  types              text[] not null,
  nonce              text not null,
  signed_at          timestamp with time zone not null,
  sent_at            timestamp with time zone,
  answered_at        timestamp with time zone,
  outcome            text,
  vod_request_id     text,
  code               text,
  message            text,
  signer             text,
  resends            integer not null default 0,
  resent_at          timestamp with time zone,
  nonce_seen_at      timestamp with time zone,
  constraint submission_outcome_known CHECK ((outcome = ANY (ARRAY['accepted'::text, 'refused'::text, 'busy'::text, 'blocked'::text, 'not_sent'::text, 'unknown'::text]))),
  constraint submission_pkey PRIMARY KEY (request_id, number),
  constraint submission_request_id_fkey FOREIGN KEY (request_id) REFERENCES request(id)
);
CREATE UNIQUE INDEX submission_nonce ON public.submission USING btree (nonce);

CREATE OR REPLACE FUNCTION public.beat_api(id uuid, host text, version text, regions text[], submit_qps integer, collect_qps integer, max_in_flight integer)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
       with gone as (
         delete from public.process
          where process.id in (select process.id from public.process
                                where last_seen_at < now() - interval '10 minutes' and process.id <> $1
                                  for update skip locked)  -- after an outage all are old, and each would clear the others away
       )
       insert into public.process (id, role, host, version, regions, submit_qps, collect_qps, max_in_flight, started_at, last_seen_at)
       values ($1, 'api', $2, $3, $4, $5, $6, $7, now(), now())
       on conflict (id) do update
          set last_seen_at = excluded.last_seen_at
        where process.role = excluded.role
     $function$;

CREATE OR REPLACE FUNCTION public.beat_webhook(id uuid, host text, version text, regions text[], submit_qps integer, collect_qps integer, max_in_flight integer)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
       with gone as (
         delete from public.process
          where process.id in (select process.id from public.process
                                where last_seen_at < now() - interval '10 minutes' and process.id <> $1
                                  for update skip locked)  -- after an outage all are old, and each would clear the others away
       )
       insert into public.process (id, role, host, version, regions, submit_qps, collect_qps, max_in_flight, started_at, last_seen_at)
       values ($1, 'webhook', $2, $3, $4, $5, $6, $7, now(), now())
       on conflict (id) do update
          set last_seen_at = excluded.last_seen_at
        where process.role = excluded.role
     $function$;

CREATE OR REPLACE FUNCTION public.beat_worker(id uuid, host text, version text, regions text[], submit_qps integer, collect_qps integer, max_in_flight integer)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
       with gone as (
         delete from public.process
          where process.id in (select process.id from public.process
                                where last_seen_at < now() - interval '10 minutes' and process.id <> $1
                                  for update skip locked)  -- after an outage all are old, and each would clear the others away
       )
       insert into public.process (id, role, host, version, regions, submit_qps, collect_qps, max_in_flight, started_at, last_seen_at)
       values ($1, 'worker', $2, $3, $4, $5, $6, $7, now(), now())
       on conflict (id) do update
          set last_seen_at = excluded.last_seen_at
        where process.role = excluded.role
     $function$;

CREATE OR REPLACE FUNCTION public.count_strangers(since uuid, until uuid, at_most integer)
 RETURNS TABLE(found integer, bytes double precision, waiting integer)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    select count(*)::integer, coalesce(sum(octet_length(body)), 0)::double precision,
           (count(*) filter (where verdict = 'received'))::integer
      from (select event.body, event.verdict
              from public.event
             where event.verdict in ('received', 'unmatched', 'foreign', 'ignored', 'rejected')
               and event.source = 'http' -- nobody writes to a queue but whom its owner lets
               and event.id >= since and event.id < until
             limit at_most) as stranger
  $function$;

CREATE OR REPLACE FUNCTION public.drop_month(parent text, month text)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET lock_timeout TO '250ms'
AS $function$
  declare
    name  text := parent || '_' || month;
    first timestamp := to_date(month, 'YYYY_MM');
    lines bigint;
  begin
    if parent not in ('history', 'result') or month !~ '^\d{4}_\d\d$' then
      raise exception 'no month of a table: %', name;
    end if;
    if to_regclass(name) is null
       or exists (select from job where id >= first_id_at(first) and id < first_id_at(first + interval '1 month')) then
      return null;
    end if;
    execute format('select count(*) from %I', name) into lines;
    execute format('drop table %I', name);
    return lines;
  end $function$;

CREATE OR REPLACE FUNCTION public.first_id_at(at timestamp without time zone)
 RETURNS uuid
 LANGUAGE sql
 IMMUTABLE
AS $function$
    select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid
  $function$;

CREATE OR REPLACE FUNCTION public.keep_events(notices jsonb)
 RETURNS SETOF uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  declare
    kept  record;
    wakes boolean := false;
  begin
    for kept in
      insert into public.event as event
             (id, received_at, region, source, signature, event_type, vod_job_id, media_id, status, event_time,
              extend, body, body_size, body_hash, copies, last_received_at, verdict, reason)
      select n.id, n."receivedAt", n.region, n.source, n.signature, n."eventType", n."vodJobId", n."mediaId", n.status,
             n."eventTime", n.extend, decode(n."bodyBase64", 'base64'), n."bodySize", n."bodyHash", n.copies, n."receivedAt",
             case when n.verdict in ('foreign', 'ignored', 'rejected') then n.verdict else 'received' end, n.reason
        from jsonb_to_recordset(notices) as n(id uuid, "receivedAt" timestamptz, region text, source text,
             signature text, "eventType" text, "vodJobId" text, "mediaId" text, status text, "eventTime" timestamptz,
             extend text, "bodyBase64" text, "bodySize" integer, "bodyHash" text, copies integer, verdict text, reason text)
      on conflict (region, event_type, vod_job_id, status, body_hash) do update
         set copies = event.copies + excluded.copies,
             last_received_at = greatest(event.last_received_at, excluded.last_received_at),
             -- The first copy may have been forged or too early: while its job is open, it is matched again.
             verdict = case
                         when event.verdict = 'matched'
                          and exists (select from public.job
                                       where job.id = event.job_id
                                         and job.state in ('processing', 'expired'))
                         then 'received' else event.verdict
                       end
      returning event.id, event.verdict
    loop
      wakes := wakes or kept.verdict = 'received';
      return next kept.id;
    end loop;
    if wakes then perform pg_notify('vodai_event', ''); end if;
  end $function$;

CREATE OR REPLACE FUNCTION public.keep_known_events(notices jsonb, why text)
 RETURNS TABLE(kept uuid, fresh boolean)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
                         and (select count(*) from (
                           (select from public.event
                             where event.verdict = 'unmatched' and event.media_id = n."mediaId"
                               and event.region in (job.region, '*') and event.event_type = n."eventType"
                               and (event.signature = 'valid') = (n.signature = 'valid')
                               and event.received_at >= coalesce(submission.sent_at, submission.signed_at) - interval '5 s'
                             limit 30) union all 
                           (select from public.event
                             where event.verdict = 'received' and event.media_id = n."mediaId"
                               and event.region in (job.region, '*') and event.event_type = n."eventType"
                               and (event.signature = 'valid') = (n.signature = 'valid')
                               and event.received_at >= coalesce(submission.sent_at, submission.signed_at) - interval '5 s'
                             limit 30) union all
                           (select from public.event
                             where event.verdict = 'foreign' and event.media_id = n."mediaId"
                               and event.region in (job.region, '*') and event.event_type = n."eventType"
                               and (event.signature = 'valid') = (n.signature = 'valid')
                               and event.received_at >= coalesce(submission.sent_at, submission.signed_at) - interval '5 s'
                             limit 30)) as few) < 30)));
    arrived := array(
      select public.keep_events((select coalesce(jsonb_agg(notice), '[]') from jsonb_array_elements(notices) as notice
                                  where (notice ->> 'id')::uuid = any(known))));
    insert into public.event as event
           (id, received_at, region, source, signature, event_type, vod_job_id, status, body, body_size, body_hash, copies,
            last_received_at, verdict, reason)
    select (array_agg(n.id order by n.id))[1], min(n."receivedAt"), n.region, min(n.source), n.signature, '', '', '',
           decode((array_agg(n."bodyBase64" order by n.id))[1], 'base64'), least(sum(n.bytes), 2147483647),
           'over a limit at ' || begun || ' ' || n.signature, sum(n.copies), max(n."receivedAt"),
           case when n.signature in ('valid', 'unchecked') then 'ignored' else 'rejected' end, why
      from jsonb_to_recordset(notices) as n(id uuid, "receivedAt" timestamptz, region text, source text, signature text,
           "bodyBase64" text, copies integer, bytes bigint)
     cross join lateral to_char(n."receivedAt" at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as begun
     where n.id <> all(known)
     group by n.region, n.signature, begun
    on conflict (region, event_type, vod_job_id, status, body_hash) do update
       set copies = event.copies + excluded.copies,
           body_size = least(event.body_size::bigint + excluded.body_size, 2147483647),
           received_at = least(event.received_at, excluded.received_at),
           last_received_at = greatest(event.last_received_at, excluded.last_received_at);
    return query select each, each = any(arrived) from unnest(known) as each;
  end $function$;

CREATE OR REPLACE FUNCTION public.label_jobs()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
      begin
        insert into job_label (key, value, job_id, client, region, type)
        select key, value, id, client, region, type
          from fresh
          cross join lateral jsonb_each_text(labels)
        on conflict do nothing;  -- the backfill may have been there first
        return null;
      end $function$;

CREATE OR REPLACE FUNCTION public.leave_api(id uuid)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
       delete from public.process where process.id = $1 and process.role = 'api'
     $function$;

CREATE OR REPLACE FUNCTION public.leave_webhook(id uuid)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
       delete from public.process where process.id = $1 and process.role = 'webhook'
     $function$;

CREATE OR REPLACE FUNCTION public.leave_worker(id uuid)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
       delete from public.process where process.id = $1 and process.role = 'worker'
     $function$;

CREATE OR REPLACE FUNCTION public.make_months(since timestamp with time zone, ahead integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET lock_timeout TO '250ms'
AS $function$
  declare
    parent text;
    month  timestamp;
    name   text;
    taken  boolean;
    made   integer := 0;
  begin
    perform pg_advisory_xact_lock(hashtext('vodai months'));
    foreach parent in array array['history', 'result'] loop
      for month in
        select date_trunc('month', since at time zone 'UTC') + make_interval(months => i) from generate_series(0, ahead) as i
      loop
        name := parent || to_char(month, '_YYYY_MM');
        continue when to_regclass(name) is not null;
        continue when exists (
          select from pg_class
           where oid = to_regclass(parent || '_before')
             and substring(pg_get_expr(relpartbound, oid) from 'TO \(''([^'']+)''\)')::uuid > first_id_at(month));
        execute format('select exists (select from %I where job_id >= $1 and job_id < $2)', parent || '_default')
           into taken using first_id_at(month), first_id_at(month + interval '1 month');
        continue when taken;
        execute format('create table %I (like %I including defaults)', name, parent);
        execute format('alter table %I attach partition %I for values from (%L) to (%L)',
                       parent, name, first_id_at(month), first_id_at(month + interval '1 month'));
        made := made + 1;
      end loop;
    end loop;
    return made;
  end $function$;

CREATE OR REPLACE FUNCTION public.only_workers_claim()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
  begin
    raise insufficient_privilege using message = format('a login that may not insert submissions cannot make a job %s', new.state);
  end $function$;

CREATE TRIGGER job_labelled AFTER INSERT ON job REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION label_jobs();

CREATE TRIGGER only_workers_claim AFTER INSERT OR UPDATE OF state ON job FOR EACH ROW WHEN ((new.state = ANY (ARRAY['submitting'::text, 'unconfirmed'::text, 'held'::text, 'succeeded'::text, 'expired'::text])) AND NOT has_table_privilege('public.submission'::text, 'insert'::text)) EXECUTE FUNCTION only_workers_claim();
