import type { MigrationInterface, QueryRunner } from 'typeorm';

const roles = ['api', 'worker', 'webhook'] as const;

/**
 * What a role for each process needs to have no more than its work: functions that do one thing with tables that their caller
 * may not touch, and a trigger where a right to a column would be too much. The roles and their rights are no part of it: every run of
 * migrate looks after them (libs/persistence/src/roles.ts), as they are the server's and not the database's.
 *
 * Each function runs as the owner of the tables. Its search path has nothing in it where anybody might put something.
 */
export class RolePerProcess1764900000000 implements MigrationInterface {
  readonly name = 'RolePerProcess1764900000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`set local lock_timeout = '5s'`);
    await runner.query(keepEvents);
    await runner.query(`revoke execute on function keep_events(jsonb) from public`);
    for (const role of roles) for (const statement of heartbeatOf(role)) await runner.query(statement);
    for (const statement of onlyWorkersClaim) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`set local lock_timeout = '5s'`);
    await runner.query(`drop trigger only_workers_claim on job`);
    await runner.query(`drop function only_workers_claim(), keep_events(jsonb)`);
    for (const role of roles) {
      await runner.query(
        `drop function beat_${role}(uuid, text, text, text[], integer, integer, integer), leave_${role}(uuid)`,
      );
    }
  }
}

// guard: copies-count-while-open
const keepEvents = `
  -- Keeps VOD's notices, and counts the copies of those that are here. Answers which of them are new. All that the webhook may do:
  -- it reads no event and no job, and a verdict of its own is none but those that a notice may come with.
  create function keep_events(notices jsonb) returns setof uuid
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
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
             case when n.verdict in ('ignored', 'rejected') then n.verdict else 'received' end, n.reason
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
  end $$`;

/** A process says that it runs, in the name of its own kind, and clears away those that have not been heard of for long. */
function heartbeatOf(role: (typeof roles)[number]): string[] {
  const beat = `beat_${role}(uuid, text, text, text[], integer, integer, integer)`;
  const leave = `leave_${role}(uuid)`;
  return [
    `create function beat_${role}(id uuid, host text, version text, regions text[],
                                  submit_qps integer, collect_qps integer, max_in_flight integer) returns void
     language sql security definer set search_path = pg_catalog, pg_temp as $$
       with gone as (
         delete from public.process
          where process.id in (select process.id from public.process
                                where last_seen_at < now() - interval '10 minutes' and process.id <> $1
                                  for update skip locked)  -- after an outage all are old, and each would clear the others away
       )
       insert into public.process (id, role, host, version, regions, submit_qps, collect_qps, max_in_flight, started_at, last_seen_at)
       values ($1, '${role}', $2, $3, $4, $5, $6, $7, now(), now())
       on conflict (id) do update
          set last_seen_at = excluded.last_seen_at
        where process.role = excluded.role
     $$`,
    `create function leave_${role}(id uuid) returns void
     language sql security definer set search_path = pg_catalog, pg_temp as $$
       delete from public.process where process.id = $1 and process.role = '${role}'
     $$`,
    `revoke execute on function ${beat}, ${leave} from public`,
  ];
}

// guard: only-workers-claim
const onlyWorkersClaim = [
  `
  create function only_workers_claim() returns trigger language plpgsql as $$
  begin
    raise insufficient_privilege using message = format('a login that may not insert submissions cannot make a job %s', new.state);
  end $$`,
  // To claim is to spend money, and what follows is the worker's as well. People's steps lead to the other states. Without this, a
  // login that may cancel a job could claim it, as both write its state.
  `
  create trigger only_workers_claim
   after insert or update of state on job
     for each row
    when (new.state in ('submitting', 'unconfirmed', 'held', 'succeeded', 'expired')
          and not has_table_privilege('public.submission', 'insert'))
  execute function only_workers_claim()`,
];
