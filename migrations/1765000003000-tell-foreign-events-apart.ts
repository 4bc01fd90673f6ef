import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Checked while events come in, like that of the sources: within a transaction it would keep them out. */
export class TellForeignEventsApart1765000003000 implements MigrationInterface {
  readonly name = 'TellForeignEventsApart1765000003000';
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`set lock_timeout = '5s'`);
    await allowVerdicts(runner, verdicts);
    await inFunction(runner, 'keep_events(jsonb)', { from: `in ('ignored', 'rejected')`, to: `in ${ofArrival}` });
    await inFunction(runner, 'keep_known_events(jsonb, text)', { from: asFew, to: `${foreignToo}${asFew}` });
    await countBy(runner, counted);
    await runner.query(`reset lock_timeout`);
    await runner.query(`set statement_timeout = 0`);
    await runner.query(`drop index concurrently if exists event_foreign_media`); // what a build that was cut off has left behind
    await runner.query(`
      -- As event_unmatched_media for the others: those of one media since a call was made are counted and shown.
      create index concurrently event_foreign_media on event (media_id) where verdict = 'foreign'`);
    await runner.query(`reset statement_timeout`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`set lock_timeout = '5s'`);
    // As they were called before.
    await runner.query(`
      update event
         set verdict = case when event_type in ('AIVideoTagComplete', 'AIMediaDNAComplete', 'AIMediaAuditComplete')
                            then 'unmatched' else 'ignored' end
       where verdict = 'foreign'`);
    await allowVerdicts(runner, verdictsBefore);
    await inFunction(runner, 'keep_events(jsonb)', { from: `in ${ofArrival}`, to: `in ('ignored', 'rejected')` });
    await inFunction(runner, 'keep_known_events(jsonb, text)', { from: `${foreignToo}${asFew}`, to: asFew });
    await countBy(runner, countedBefore);
    await runner.query(`drop index event_foreign_media`);
    await runner.query(`reset lock_timeout`);
  }
}

const verdictsBefore = ['received', 'matched', 'unmatched', 'ignored', 'rejected'];
const verdicts = ['received', 'matched', 'unmatched', 'foreign', 'ignored', 'rejected'];

/** With which a notice may come. */
const ofArrival = `('foreign', 'ignored', 'rejected')`;

/** The end of what keep_known_events counts: the events in the way of one that may be the answer to a call. */
const asFew = `) as few`;

/** A call that has not been answered with a JobId may not be out yet: then they are foreign, and as many as a stranger likes. */
const foreignToo = ` union all
                           (select from public.event
                             where event.verdict = 'foreign' and event.media_id = n."mediaId"
                               and event.region in (job.region, '*') and event.event_type = n."eventType"
                               and (event.signature = 'valid') = (n.signature = 'valid')
                               and event.received_at >= coalesce(submission.sent_at, submission.signed_at) - interval '5 s'
                             limit 30)`;

async function allowVerdicts(runner: QueryRunner, allowed: readonly string[]): Promise<void> {
  await runner.query(`
    -- What another system or environment asked VOD for is kept apart from what may still be ours.
    alter table event
      drop constraint event_verdict_known,
      add constraint event_verdict_known check (verdict in (${allowed.map((verdict) => `'${verdict}'`).join(', ')})) not valid`);
  await runner.query(`set statement_timeout = 0`); // it takes as long as it takes, and nobody waits for it
  await runner.query(`alter table event validate constraint event_verdict_known`);
  await runner.query(`reset statement_timeout`);
}

/** Changes one piece of a function and leaves the rest as it is, whoever made it so. Who may call it, may as before. */
async function inFunction(
  runner: QueryRunner,
  name: string,
  { from, to }: { from: string; to: string },
): Promise<void> {
  const rows = (await runner.query(`select pg_get_functiondef($1::regprocedure) as text`, [name])) as {
    text: string;
  }[];
  const text = rows[0]?.text ?? '';
  const isDone = text.includes(to) && (to.includes(from) || !text.includes(from)); // by one that was cut off
  if (isDone) return;
  if (!text.includes(from)) throw new Error(`expected ${from} in the function ${name}`);
  await runner.query(text.replace(from, () => to));
}

const countedBefore = `
  create function count_strangers(since uuid, until uuid, at_most integer) returns table (found integer, bytes double precision)
  language sql stable security definer set search_path = pg_catalog, pg_temp as $body$
    select count(*)::integer, coalesce(sum(octet_length(body)), 0)::double precision
      from (select event.body
              from public.event
             where event.verdict in ('received', 'unmatched', 'ignored', 'rejected') and event.id >= since and event.id < until
             limit at_most) as stranger
  $body$`;

const counted = `
  -- How many of the notices that came in between belong to no job, the bytes of their bodies, whose sizes are read without them, and
  -- how many of these no worker has looked at yet: they may belong to one. No more than at_most rows are counted.
  create function count_strangers(since uuid, until uuid, at_most integer)
  returns table (found integer, bytes double precision, waiting integer)
  language sql stable security definer set search_path = pg_catalog, pg_temp as $body$
    select count(*)::integer, coalesce(sum(octet_length(body)), 0)::double precision,
           (count(*) filter (where verdict = 'received'))::integer
      from (select event.body, event.verdict
              from public.event
             where event.verdict in ('received', 'unmatched', 'foreign', 'ignored', 'rejected')
               and event.source = 'http' -- nobody writes to a queue but whom its owner lets
               and event.id >= since and event.id < until
             limit at_most) as stranger
  $body$`;

/** Another shape of its rows makes it another function: those that may call the one may call the other. */
async function countBy(runner: QueryRunner, definition: string): Promise<void> {
  await runner.query(`
    do $do$
    declare
      callers text;
    begin
      select string_agg(quote_ident(pg_get_userbyid(grantee)), ', ') into callers
        from pg_proc cross join lateral aclexplode(proacl)
       where pg_proc.oid = 'count_strangers(uuid, uuid, integer)'::regprocedure and grantee not in (0, proowner);
      drop function count_strangers(uuid, uuid, integer);
      ${definition};
      revoke execute on function count_strangers(uuid, uuid, integer) from public;
      if callers is not null then
        execute format('grant execute on function count_strangers(uuid, uuid, integer) to %s', callers);
      end if;
    end $do$`);
}
