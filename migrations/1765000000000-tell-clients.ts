import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who wants to be told what, what was told to whom, and how far in the history that is. */
export class TellClients1765000000000 implements MigrationInterface {
  readonly name = 'TellClients1765000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`set local lock_timeout = '5s'`);
    for (const statement of [endpoint, endpointSecret, delivery, deliveryAttempt, reader])
      await runner.query(statement);
    for (const statement of indexes) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`set local lock_timeout = '5s'`);
    await runner.query(`drop table delivery_attempt, delivery, endpoint_secret, endpoint, reader`);
  }
}

const endpoint = `
  -- Where a client wants to be told, and what. It hears of what was not visible yet when it was made (since): that is exact, where times
  -- of two clocks are not. One that is deleted stays for as long as its deliveries do, and so do they say where they went.
  --
  -- Its deliveries wait while it is paused. failing_since is the first failure since its last success; while it has one, no delivery
  -- goes out before rest_until, and then one at a time: what is dead costs a try now and then, however much waits for it.
  create table endpoint (
    id              uuid         not null,
    client          text         not null,
    url             text         not null,
    events          text[]       not null,
    types           text[],                            -- null: all
    labels          jsonb        not null default '{}',  -- a job has to have all of them
    include_result  boolean      not null default false,
    since           pg_snapshot  not null default pg_current_snapshot(),
    paused_at       timestamptz,
    pause_reason    text,
    failing_since   timestamptz,
    rest_until      timestamptz,
    created_at      timestamptz  not null default now(),
    created_by      text         not null,
    deleted_at      timestamptz,
    constraint endpoint_pkey primary key (id),
    constraint endpoint_events_known check (
      events <> '{}' and events <@ array['job.succeeded', 'job.failed', 'job.expired', 'job.canceled', 'job.held']),
    constraint endpoint_pause_reason_known check (pause_reason in ('person', 'gone', 'failing')),
    constraint endpoint_pause_explained check ((paused_at is null) = (pause_reason is null))
  )`;

const endpointSecret = `
  -- What deliveries are signed with: by all that have not expired, so that one can be replaced in peace. An HMAC takes the secret itself,
  -- no hash of it: so nobody but a worker may read it.
  create table endpoint_secret (
    endpoint_id  uuid         not null,
    created_at   timestamptz  not null default now(),
    secret       text         not null,
    expires_at   timestamptz,
    constraint endpoint_secret_pkey primary key (endpoint_id, created_at),
    constraint endpoint_secret_endpoint_id_fkey foreign key (endpoint_id) references endpoint (id) on delete cascade
  )`;

const delivery = `
  -- A piece of news for one endpoint. Its id is the webhook-id of every try. Of one job they go out in the order of its history.
  --
  -- A waiting one is due at due_at, also while its endpoint is paused; whoever takes it sets that forward, by a lease. attempts counts
  -- for ever, tries and tried_since begin anew when a person has it sent again or resumes its endpoint: that is, they set
  -- state = 'waiting', due_at = now(), tries = 0, tried_since = null, settled_at = null.
  create table delivery (
    id           uuid         not null,
    endpoint_id  uuid         not null,
    job_id       uuid,                     -- null: a test
    history_id   bigint,
    type         text         not null,
    client       text         not null,
    happened_at  timestamptz  not null,
    job          jsonb,                    -- as it was then
    state        text         not null default 'waiting',
    due_at       timestamptz,
    attempts     integer      not null default 0,
    tries        integer      not null default 0,
    tried_since  timestamptz,
    last_status  integer,
    last_error   text,
    created_at   timestamptz  not null default now(),
    settled_at   timestamptz,
    constraint delivery_pkey primary key (id),
    constraint delivery_endpoint_id_fkey foreign key (endpoint_id) references endpoint (id),
    constraint delivery_type_known check (
      type in ('job.succeeded', 'job.failed', 'job.expired', 'job.canceled', 'job.held', 'endpoint.test')),
    constraint delivery_state_known check (state in ('waiting', 'delivered', 'failed', 'dropped')),
    constraint delivery_due_while_waiting check ((due_at is not null) = (state = 'waiting')),
    constraint delivery_settled_at_set check ((settled_at is null) = (state = 'waiting'))
  )`;

const deliveryAttempt = `
  create table delivery_attempt (
    delivery_id  uuid         not null,
    nth          integer      not null,   -- from 1
    at           timestamptz  not null,
    duration_ms  integer      not null,
    outcome      text         not null,
    status       integer,
    error        text,
    answer_head  text,                    -- 2 KiB at most
    constraint delivery_attempt_pkey primary key (delivery_id, nth),
    constraint delivery_attempt_delivery_id_fkey foreign key (delivery_id) references delivery (id) on delete cascade,
    constraint delivery_attempt_outcome_known check (
      outcome in ('delivered', 'answered', 'redirected', 'timed_out', 'refused', 'unresolved', 'forbidden_address', 'untrusted', 'broken'))
  )`;

const reader = `
  -- Who reads the history to its end, and how far they are (libs/persistence/src/position.ts). Whoever has the row locked is the one who
  -- reads. 'tell' is not read while there is no endpoint: whoever makes the first one sets the position to that moment.
  create table reader (
    name        text         not null,
    position    text         not null,
    updated_at  timestamptz  not null default now(),
    constraint reader_pkey primary key (name)
  )`;

const indexes = [
  `create index endpoint_client on endpoint (client, id)`,
  `-- Nothing is told twice, whoever reads.
   create unique index delivery_told_once on delivery (endpoint_id, history_id)`,
  `create index delivery_due on delivery (endpoint_id, due_at) where state = 'waiting'`,
  `-- Which of a job's is next.
   create index delivery_next_of_job on delivery (endpoint_id, job_id, history_id) where state = 'waiting' and job_id is not null`,
  `create index delivery_waiting on delivery (endpoint_id, id) where state = 'waiting'`,
  `create index delivery_failed on delivery (endpoint_id, id) where state = 'failed'`,
  `create index delivery_endpoint_id on delivery (endpoint_id, id)`,
  `create index delivery_client on delivery (client, id)`,
  `create index delivery_job_id on delivery (job_id, id) where job_id is not null`,
  `create index delivery_settled_at on delivery (settled_at) where settled_at is not null`,
];
