import type { DataSource, EntityManager } from 'typeorm';
import { boundsOf, type Month } from './month.store';
import { lowestIdAt } from './rows';

/** What is dropped, by table. Of two tables a part goes earlier or stays longer, and is counted by itself. */
export const retainedTables = [
  'job',
  'job_label',
  'history',
  'result',
  'submission',
  'request',
  'event',
  /** Bodies that were emptied; the event stays. */
  'event_body',
  /** Idempotency keys of requests that were dropped before. */
  'request_key',
  /** JobIds of VOD of jobs that were dropped before. */
  'dropped_job',
  'delivery',
  'delivery_attempt',
  /** Endpoints that were removed, when the last of their deliveries has gone. */
  'endpoint',
  /** Secrets that have expired. */
  'endpoint_secret',
] as const;
export type RetainedTable = (typeof retainedTables)[number];

/** Rows by table; those of which none went may be left out. */
export type Dropped = Partial<Record<RetainedTable, number>>;

/** How far a walk has come; it begins without one. */
export interface RecordPlace {
  settledAt: string;
  jobId: string;
}

/** Jobs looked at in one transaction: some tens of milliseconds, and their rows are locked for as long. */
const JOBS = 500;
const EVENTS = 1_000;
const KEYS = 2_000;

/**
 * Drops what has been kept for long enough, batch by batch: each is a transaction of its own, and may be repeated or broken
 * off anywhere. Nobody waits for it, and it waits for nobody: what somebody has locked stays until the next time.
 */
export class RetentionStore {
  constructor(private readonly db: DataSource) {}

  /** Does `work` unless somebody else does the same just now, in whatever process: then answers null. */
  async alone<T>(work: () => Promise<T>): Promise<T | null> {
    const runner = this.db.createQueryRunner();
    await runner.connect();
    const ask = async (which: string) => {
      const [row] = (await runner.query(`select ${which}(hashtext('vodai retention')) as done`)) as { done: boolean }[];
      return row?.done === true;
    };
    try {
      if (!(await ask('pg_try_advisory_lock'))) return null; // guard: retained-once
      try {
        return await work();
      } finally {
        await ask('pg_advisory_unlock').catch(() => undefined);
      }
    } finally {
      await runner.release();
    }
  }

  /** Whether nobody has been through all of it for so long, by the database's clock. */
  async isDue(everyMs: number): Promise<boolean> {
    const [row] = await this.db.query<[{ due: boolean }]>(
      `select coalesce(ran_at < now() - make_interval(secs => $1::float8 / 1000), true) as due from retention`,
      [everyMs],
    );
    return row.due;
  }

  /** After a run that has come to its end, or was stopped amid it. */
  async noteRun({ complete, jobs }: { complete: boolean; jobs: boolean }): Promise<void> {
    await this.db.query(
      `update retention
          set ran_at = case when $1::boolean then now() else ran_at end,
              job_drops = (job_drops + $2::integer) % 1000000000
        where $1::boolean or $2::integer > 0`,
      [complete, Number(jobs)],
    );
  }

  /**
   * Looks at the next jobs that were over before a moment, and drops the requests of which everything was: their jobs, and all
   * that belongs to these. `next` is null at the end. Of jobs of the `months` history and result stay for the month to take along:
   * nobody is shown them any more.
   */
  async dropRecords(
    { overBefore, now, months = [] }: { overBefore: Date; now: Date; months?: readonly Month[] },
    after?: RecordPlace,
  ): Promise<{ dropped: Dropped; next: RecordPlace | null }> {
    const jobs = await this.db.query<{ jobId: string; requestId: string; settledAt: string }[]>(
      `select id as "jobId", request_id as "requestId", settled_at::text as "settledAt"
         from job
        where settled_at < $1 and (settled_at, id) > ($2::timestamptz, $3::uuid)
        order by settled_at, id
        limit ${JOBS}`,
      [overBefore, after?.settledAt ?? '-infinity', after?.jobId ?? lowestIdAt(0)],
    );
    const last = jobs.at(-1);
    if (!last) return { dropped: {}, next: null };
    const dropped = await this.db.transaction(async (tx) => {
      await forgettably(tx);
      const held = await hold(tx, jobs, overBefore);
      const parameters = [held.requestIds, held.jobIds, overBefore, now];
      return rowsOf(
        await tx.query(dropRecords, [...parameters, ...boundsOf(months, 'history'), ...boundsOf(months, 'result')]),
      );
    });
    const next = { settledAt: last.settledAt, jobId: last.jobId };
    return { dropped, next };
  }

  /** Drops the next events that came before a moment and belong to no job, after the one of this id. */
  async dropEvents(cameBefore: Date, after: string): Promise<{ dropped: Dropped; next: string | null }> {
    const [{ event, last }] = await this.db.query<[{ event: number; last: string | null }]>(dropEvents, [
      after,
      lowestIdAt(cameBefore.getTime()),
      cameBefore,
    ]);
    return { dropped: { event }, next: last };
  }

  /** Empties the bodies of the next events that came before a moment. It goes on where it was last, whoever did that. */
  async emptyBodies(cameBefore: Date, now: Date): Promise<{ dropped: Dropped; done: boolean }> {
    const [{ emptied, looked, missed }] = await this.db.query<[{ emptied: number; looked: number; missed: boolean }]>(
      emptyBodies,
      [lowestIdAt(cameBefore.getTime()), now],
    );
    return { dropped: { event_body: emptied }, done: missed || looked < EVENTS };
  }

  /** Forgets the next idempotency keys and JobIds of what was over before a moment and is dropped. */
  async dropKeys(overBefore: Date): Promise<{ dropped: Dropped; done: boolean }> {
    const [dropped] = await this.db.query<[Dropped & { request_key: number; dropped_job: number }]>(dropKeys, [
      overBefore,
    ]);
    return { dropped, done: dropped.request_key < KEYS && dropped.dropped_job < KEYS };
  }
}

/**
 * Does not wait for the disk: what a crash of Postgres forgets of it is dropped again. And finds some hundred jobs in tables of any
 * size by their keys, whatever Postgres believes to know of them.
 */
async function forgettably(tx: EntityManager): Promise<void> {
  await tx.query(
    `select set_config(setting, 'off', true) from unnest(array['synchronous_commit', 'enable_hashjoin', 'enable_mergejoin']) as setting`,
  );
}

/**
 * Locks the requests of these jobs, those that share one of them, and the jobs of all of these that are over. A person who wants one of
 * them retried at this moment comes first, and then it is open, or second, and then there is no such job.
 */
async function hold(
  tx: EntityManager,
  jobs: readonly { jobId: string; requestId: string }[],
  overBefore: Date,
): Promise<{ requestIds: string[]; jobIds: string[] }> {
  const requests = await tx.query<{ id: string; shared: string[] }[]>(
    `select id, shared_job_ids as shared
       from request
      where id in (select unnest($1::uuid[])
                   union
                   select id from request where shared_job_ids <> '{}' and shared_job_ids && $2::uuid[])
      order by id
        for update skip locked`,
    [[...new Set(jobs.map(({ requestId }) => requestId))], jobs.map(({ jobId }) => jobId)],
  );
  const requestIds = requests.map(({ id }) => id);
  const locked = await tx.query<{ id: string }[]>(
    `select id
       from job
      where (request_id = any($1::uuid[]) or id = any($2::uuid[])) and settled_at < $3
      order by id
        for update skip locked`,
    [requestIds, requests.flatMap(({ shared }) => shared), overBefore],
  );
  return { requestIds, jobIds: locked.map(({ id }) => id) };
}

/** Whether all jobs of a request, its own and those that it shares, were over before a moment, and when the last of them was. */
// guard: open-is-kept
export const lastOver = (before: string, isHeld = 'true') => `
  select max(job.settled_at) as at,
         coalesce(bool_and(job.settled_at is not null and job.settled_at < ${before} and ${isHeld}), false) as over
    from job
   where job.request_id = request.id or job.id = any(request.shared_job_ids)`;

/** A job that others share stays as long as they do. */
// guard: shared-is-kept
export const isShared = `
  exists (select from request as other
           where other.shared_job_ids <> '{}'
             and other.shared_job_ids && array(select job.id from job where job.request_id = request.id))`;

/** Whether an id lies in one of the months whose first ids and ends these arrays are. */
export const isWithin = (id: string, lows: string, highs: string) => `
  exists (select from unnest(${lows}::uuid[], ${highs}::uuid[]) as month(low, high) where ${id} >= low and ${id} < high)`;

const dropRecords = `
  /* drop records */
  with over as materialized (
    select request.id, request.idempotency_key, last.at
      from request
      cross join lateral (${lastOver('$3', 'job.id = any($2::uuid[])')}) as last
     where request.id = any($1::uuid[]) and request.dropped_at is null and last.over and not ${isShared}
  ), gone as (
    delete from job
     using over
     where job.request_id = over.id
     returning job.id, job.request_id, job.region, job.vod_job_id, job.attempt, job.labels, job.settled_at
  ), remembered as (
    insert into dropped_job (id, request_id, region, vod_job_ids, settled_at, dropped_at)
    select gone.id, gone.request_id, gone.region,
           array(select gone.vod_job_id where gone.vod_job_id is not null
                 union
                 -- It had others before it was queued anew.
                 select coalesce(detail ->> 'vodJobId', detail ->> 'candidate')
                   from history
                  where (gone.attempt > 1 or gone.vod_job_id is null) and history.job_id = gone.id
                    and history.event in ('accepted', 'found', 'event_received', 'adopted')
                    and coalesce(detail ->> 'vodJobId', detail ->> 'candidate') is not null),
           gone.settled_at, $4
      from gone
        on conflict (id) do nothing
  ), unlabelled as (
    delete from job_label
     using (select gone.id, label.key, label.value from gone cross join lateral jsonb_each_text(gone.labels) as label) as had
     where (job_label.key, job_label.value, job_label.job_id) = (had.key, had.value, had.id)
     returning 1
  ), lines as (
    delete from history where job_id = any(array(select id from gone where not ${isWithin('id', '$5', '$6')})) returning 1
  ), results as (
    delete from result where job_id = any(array(select id from gone where not ${isWithin('id', '$7', '$8')})) returning 1
  ), attempts as (
    delete from submission using over where submission.request_id = over.id returning 1
  ), events as (
    -- Whoever matches has locked an event before its job: to wait for it here would be a deadlock. It goes as one of no job.
    delete from event
     where id in (select event.id from gone join event on event.job_id = gone.id for update of event skip locked)
     returning 1
  ), tries as (
    delete from delivery_attempt
     using delivery
     where delivery.job_id = any(array(select id from gone)) and delivery_attempt.delivery_id = delivery.id
     returning 1
  ), deliveries as (
    delete from delivery where job_id = any(array(select id from gone)) returning 1
  ), emptied as (
    update request
       set config = '{}', labels = '{}', extend = null, shared_job_ids = '{}', over_at = over.at, dropped_at = $4
      from over
     where request.id = over.id and over.idempotency_key is not null
     returning 1
  ), unkeyed as (
    delete from request using over where request.id = over.id and over.idempotency_key is null returning 1
  )
  select (select count(*)::int from gone) as job,
         (select count(*)::int from unlabelled) as job_label,
         (select count(*)::int from lines) as history,
         (select count(*)::int from results) as result,
         (select count(*)::int from attempts) as submission,
         (select count(*)::int from emptied) + (select count(*)::int from unkeyed) as request,
         (select count(*)::int from events) as event,
         (select count(*)::int from deliveries) as delivery,
         (select count(*)::int from tries) as delivery_attempt`;

/** An event that nobody could match may be what an open job is waiting for. */
const isEvidence = `
  event.verdict = 'unmatched'
    and exists (select from job where job.media_id = event.media_id and job.settled_at is null)`;

/** Of no job, or of one that was dropped while somebody had the event in hand. */
export const isDroppableEvent = (before: string) => `
  event.verdict <> 'received' and event.last_received_at < ${before}
    and not exists (select from job where job.id = event.job_id)
    and not (${isEvidence})`;

const dropEvents = `
  /* drop events */
  with page as materialized (
    select id from event where id > $1::uuid and id < $2::uuid order by id limit ${EVENTS}
  ), gone as (
    delete from event
     where id in (select event.id from page join event using (id) where ${isDroppableEvent('$3')} for update of event skip locked)
     returning 1
  )
  select (select count(*)::int from gone) as event, (select id from page order by id desc limit 1) as last`;

/** The body is evidence for as long as the event is about an open job, and then stays until that job's record goes. */
export const hasBodyToEmpty = `
  event.body_size > 0 and event.body_dropped_at is null and event.verdict <> 'received'
    and not exists (select from job where job.id = event.job_id and job.settled_at is null)
    and not (${isEvidence})`;

const emptyBodies = `
  /* empty bodies */
  with page as materialized (
    select id from event
     where id > (select bodies_to from retention) and id < $1::uuid
     order by id
     limit ${EVENTS}
  ), wanted as materialized (
    select event.id from page join event using (id) where ${hasBodyToEmpty}
  ), taken as materialized (
    select event.id from wanted join event using (id) for update of event skip locked
  ), missed as materialized (
    -- What somebody has in hand keeps its body until the next run, which begins there.
    select id from wanted where id not in (select id from taken) order by id limit 1
  ), emptied as (
    update event set body = '', body_dropped_at = $2 where id in (select id from taken) returning 1
  ), come_to as (
    select id from page where not exists (select from missed where missed.id <= page.id) order by id desc limit 1
  ), noted as (
    update retention set bodies_to = (select id from come_to) where exists (select from come_to)
  )
  select (select count(*)::int from emptied) as emptied, (select count(*)::int from page) as looked,
         exists (select from missed) as missed`;

const dropKeys = `
  /* drop keys */
  with keys as (
    delete from request
     where id in (select id from request where over_at < $1 order by over_at limit ${KEYS} for update skip locked)
     returning 1
  ), jobs as (
    delete from dropped_job
     where id in (select id from dropped_job where settled_at < $1 order by settled_at limit ${KEYS})
     returning 1
  )
  select (select count(*)::int from keys) as request_key, (select count(*)::int from jobs) as dropped_job`;

function rowsOf([row]: [Dropped] | []): Dropped {
  return row ?? {};
}
