import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateJobTables1763800000000 implements MigrationInterface {
  readonly name = 'CreateJobTables1763800000000';

  async up(runner: QueryRunner): Promise<void> {
    // A migration that cannot get its locks at once gives up, rather than letting events wait in line behind it.
    await runner.query(`set local lock_timeout = '5s'`);

    await runner.query(`
      -- What a client asked for. One SubmitAIJob call serves all of its jobs that are still queued.
      create table request (
        id               uuid         not null,
        client           text         not null,
        idempotency_key  text,
        body_hash        text         not null,   -- sha256 of the canonical body: the same key with another body is refused
        media_id         text         not null,
        region           text         not null,
        config           jsonb        not null default '{}',
        priority         smallint     not null,   -- 0 high, 1 normal, 2 low: sorts as it is claimed
        labels           jsonb        not null default '{}',
        extend           text,
        forced           boolean      not null default false,
        shared_job_ids   uuid[]       not null default '{}',  -- open jobs of other requests that answer this one too
        created_at       timestamptz  not null,
        constraint request_pkey primary key (id)
      )`);
    await runner.query(`
      -- Two identical requests at the same moment: the loser violates this and reads the winner's answer.
      create unique index request_idempotency_key on request (client, idempotency_key) where idempotency_key is not null`);

    await runner.query(`
      -- One AI job of one type: one row, one state, at most one VOD JobId, one bill. This is what people inspect.
      create table job (
        id                 uuid         not null,
        request_id         uuid         not null,
        type               text         not null,
        state              text         not null,
        version            integer      not null,
        due_at             timestamptz,            -- the alarm: when somebody must look at this job again
        attempt            integer      not null default 0,  -- fencing number of the latest submission
        attempts           integer      not null default 0,  -- submissions that VOD may have seen
        tries              integer      not null default 0,
        misses             integer      not null default 0,
        vod_job_id         text,
        event_status       text,
        error_phase        text,
        error_code         text,
        error_message      text,
        -- Copies of the request's own columns, which never change: every list and every claim reads them.
        client             text         not null,
        region             text         not null,
        media_id           text         not null,
        priority           smallint     not null,
        labels             jsonb        not null default '{}',
        natural_key        text         not null,  -- sha256 of client, region, media, type, config
        holds_natural_key  boolean      not null,
        created_at         timestamptz  not null,
        submitted_at       timestamptz,            -- committed just before the call leaves: null means never sent
        last_read_at       timestamptz,
        finished_at        timestamptz,
        settled_at         timestamptz,
        constraint job_pkey primary key (id),
        constraint job_request_id_fkey foreign key (request_id) references request (id),
        constraint job_state_known check (state in ('queued', 'submitting', 'unconfirmed', 'processing', 'finished', 'held', 'succeeded', 'failed', 'canceled', 'expired')),
        -- No job is forgotten: an alarm is set unless the job is over or waits for a person.
        constraint job_alarm_set check ((due_at is null) = (state in ('held', 'succeeded', 'failed', 'canceled', 'expired'))),
        constraint job_settled_at_set check ((settled_at is not null) = (state in ('succeeded', 'failed', 'canceled', 'expired'))),
        constraint job_known_to_vod check (state not in ('processing', 'finished') or vod_job_id is not null),
        -- A settled job lets its natural key go for good, so that a late event can reopen it without a conflict.
        constraint job_natural_key_released check (not holds_natural_key or settled_at is null)
      )`);
    await runner.query(`create unique index job_one_per_type on job (request_id, type)`);
    await runner.query(`
      -- The same open job of a client is not doubled, whoever asks at the same moment.
      create unique index job_open_natural_key on job (natural_key) where holds_natural_key`);
    await runner.query(`create index job_natural_key_open on job (natural_key) where settled_at is null`);
    await runner.query(`
      -- One VOD job belongs to one row.
      create unique index job_vod_job_id on job (vod_job_id, region) where vod_job_id is not null`);
    await runner.query(`
      -- The alarm clock. Settled jobs, which are nearly all of them, are not in it.
      create index job_due_at on job (region, state, due_at) where due_at is not null`);
    await runner.query(`
      -- The backlog in the order in which it is served.
      create index job_backlog on job (region, priority, due_at) where state = 'queued'`);
    await runner.query(`create index job_media_id on job (media_id, id)`);
    await runner.query(`create index job_state on job (state, id)`);

    await runner.query(`
      -- One attempt to call SubmitAIJob: committed with its nonce before the call, never repeated with another one.
      create table submission (
        request_id      uuid         not null,
        number          integer      not null,
        types           text[]       not null,
        nonce           text         not null,
        signed_at       timestamptz  not null,   -- the RPC Timestamp: whole seconds
        sent_at         timestamptz,
        answered_at     timestamptz,
        outcome         text,
        vod_request_id  text,
        code            text,
        message         text,
        constraint submission_pkey primary key (request_id, number),
        constraint submission_request_id_fkey foreign key (request_id) references request (id),
        constraint submission_outcome_known check (outcome in ('accepted', 'refused', 'busy', 'blocked', 'not_sent', 'unknown'))
      )`);
    await runner.query(`create unique index submission_nonce on submission (nonce)`);

    await runner.query(`
      -- One notification of VOD, kept as received. Its verdict says what became of it.
      create table event (
        id           uuid         not null,
        received_at  timestamptz  not null,
        region       text         not null,   -- '*' when one callback URL serves several regions
        source       text         not null,
        signature    text         not null,
        event_type   text         not null,   -- '' when the body has none: identity needs a value
        vod_job_id   text         not null,   -- likewise
        media_id     text,
        status       text         not null,   -- likewise
        event_time   timestamptz,
        extend       text,
        body         bytea        not null,   -- bytes: it may be anything, NUL and broken UTF-8 included
        body_size    integer      not null,   -- of the whole body; larger than octet_length(body) when only its head was kept
        body_hash    text         not null,
        copies       integer      not null default 1,
        last_received_at timestamptz not null,
        verdict      text         not null default 'received',
        reason       text,
        job_id       uuid,
        constraint event_pkey primary key (id),
        constraint event_signature_known check (signature in ('valid', 'missing', 'malformed', 'stale', 'mismatch', 'unchecked')),
        constraint event_verdict_known check (verdict in ('received', 'matched', 'unmatched', 'ignored', 'rejected'))
      )`);
    await runner.query(`
      -- VOD delivers at least once; the second copy only raises a counter.
      create unique index event_identity on event (region, event_type, vod_job_id, status, body_hash)`);
    await runner.query(`create index event_waiting on event (received_at) where verdict = 'received'`);
    await runner.query(
      `create index event_by_vod_job on event (vod_job_id) where verdict in ('received', 'unmatched')`,
    );
    await runner.query(`create index event_verdict on event (verdict, id)`);

    await runner.query(`
      -- Every change of a job, in order: what a person reads to know why.
      create table history (
        id          bigint       generated always as identity,
        job_id      uuid         not null,
        version     integer      not null,
        at          timestamptz  not null,
        event       text         not null,
        from_state  text,
        to_state    text         not null,
        attempt     integer      not null,
        actor       text,
        detail      jsonb        not null default '{}',
        constraint history_pkey primary key (id),
        constraint history_job_id_fkey foreign key (job_id) references job (id)
      )`);
    await runner.query(`
      -- Two writers that both believed they were first cannot both be right.
      create unique index history_job_version on history (job_id, version)`);

    await runner.query(`
      create table result (
        job_id      uuid         not null,
        raw         text,                    -- VOD's Data, byte for byte
        normalized  jsonb,
        source      text         not null,
        read_at     timestamptz  not null,
        constraint result_pkey primary key (job_id),
        constraint result_job_id_fkey foreign key (job_id) references job (id)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop table result, history, event, submission, job, request`);
  }
}
