import { processes, roleOf, type Process } from '@app/persistence';
import { jobStates, nextState, operatorEvents } from '@app/domain';
import { createTestDatabase, type TestDatabase } from '@app/testing';
import { Client } from 'pg';

const requestId = '01930000-0000-7000-8000-000000000001';
const queuedId = '01930000-0000-7000-8000-000000000002';
const settledId = '01930000-0000-7000-8000-000000000003';
const eventId = '01930000-0000-7000-8000-000000000004';
const openEventId = '01930000-0000-7000-8000-000000000005';
const endpointId = '01930000-0000-7000-8000-000000000006';
const deliveryId = '01930000-0000-7000-8000-000000000007';
const newId = '01930000-0000-7000-8000-000000000009';

/** A process that is taken over has the login of its role, and says to Postgres what it likes. */
describe('Whoever has the login of', () => {
  let database: TestDatabase;
  let owner: Client;
  const clients = {} as Record<Process, Client>;
  beforeAll(async () => {
    database = await createTestDatabase();
    owner = await connect(database.url);
    for (const process of processes) clients[process] = await connect(database.urlOf(process));
    await owner.query(`
      insert into request (id, client, body_hash, media_id, region, priority, created_at)
      values ('${requestId}', 'otto', '', 'm', 'cn-shanghai', 1, now());
      insert into job (id, request_id, type, state, version, due_at, vod_job_id, client, region, media_id, priority, natural_key,
                       holds_natural_key, created_at, settled_at)
      values ('${queuedId}', '${requestId}', 'AIVideoTag', 'queued', 1, now(), null, 'otto', 'cn-shanghai', 'm', 1, 'a', true, now(), null),
             ('${settledId}', '${requestId}', 'AIMediaDNA', 'succeeded', 4, null, 'vod-1', 'otto', 'cn-shanghai', 'm', 1, 'b', false, now(), now());
      insert into result (job_id, raw, source, read_at) values ('${settledId}', 'canary', 'ListAIJob', now());
      insert into event (id, received_at, region, source, signature, event_type, vod_job_id, status, body, body_size, body_hash,
                         last_received_at, verdict, job_id)
      values ('${eventId}', now(), 'cn-shanghai', 'http', 'valid', 'T', 'vod-1', 'success', 'canary', 6, 'hash', now(), 'matched', '${settledId}'),
             ('${openEventId}', now(), 'cn-shanghai', 'http', 'valid', 'T', 'vod-2', 'success', 'canary', 6, 'hash', now(), 'unmatched', null);
      insert into endpoint (id, client, url, events, created_by) values ('${endpointId}', 'otto', 'https://a.example/', '{job.failed}', 'otto');
      insert into endpoint_secret (endpoint_id, secret) values ('${endpointId}', 'canary');
      insert into delivery (id, endpoint_id, type, client, happened_at, due_at)
      values ('${deliveryId}', '${endpointId}', 'endpoint.test', 'otto', now(), now());
      insert into reader (name, position) values ('tell', '1:1:');
    `);
  });
  afterAll(async () => {
    for (const client of [...Object.values(clients), owner]) await client?.end();
    await database?.drop();
  });

  async function connect(url: string): Promise<Client> {
    const client = new Client({ connectionString: url });
    await client.connect();
    return client;
  }

  /** What comes of a statement. One that works leaves nothing. */
  async function attempt(process: Process, statement: string): Promise<string> {
    const client = clients[process];
    await client.query('begin');
    try {
      await client.query(statement);
      return 'done';
    } catch (error) {
      return (error as { code?: string }).code ?? String(error);
    } finally {
      await client.query('rollback');
    }
  }

  const REFUSED = '42501';
  const newJob = (columns: string, values: string) => `
    insert into job (id, request_id, type, version, due_at, client, region, media_id, priority, natural_key, holds_natural_key, created_at,
                     ${columns})
    values ('${newId}', '${requestId}', 'AIMediaAudit', 1, now(), 'otto', 'cn-shanghai', 'm', 1, 'c', true, now(), ${values})`;
  const newRequest = `
    insert into request (id, client, body_hash, media_id, region, priority, created_at)
    values ('${newId}', 'otto', '', 'm', 'cn-shanghai', 1, now())`;
  const newSubmission = `
    insert into submission (request_id, number, types, nonce, signed_at) values ('${requestId}', 1, '{AIVideoTag}', 'n', now())`;
  const beat = (process: Process) => `select beat_${process}('${newId}', 'h', '1', '{}', 1, 1, 0)`;

  const everybody = [
    'create table public.mine ()',
    'create schema mine',
    'create role mine',
    `alter role current_user superuser`,
    `select pg_read_file('postgresql.conf')`,
    `copy (select 1) to program 'true'`,
    'truncate event',
    'alter table job disable trigger all',
    `update migration set name = ''`,
    `delete from request`,
  ];

  const refused: Record<Process, string[]> = {
    webhook: [
      newJob('state', `'queued'`),
      newRequest,
      newSubmission,
      `update job set state = 'queued'`,
      'select state from job',
      'select id from job for update',
      'select raw from result',
      'select body from event',
      'select media_id from request',
      'select detail from history',
      'select * from process',
      `update event set verdict = 'received' where id = '${openEventId}'`,
      `update event set verdict = 'ignored'`,
      'delete from event',
      `insert into event (id, received_at, region, source, signature, event_type, vod_job_id, status, body, body_size, body_hash,
                          last_received_at, verdict, job_id)
       values ('${newId}', now(), 'r', 'http', 'valid', 'T', 'v', 's', '', 0, 'h', now(), 'matched', '${queuedId}')`,
      `insert into process (id, role, host, version, regions, started_at, last_seen_at) values ('${newId}', 'worker', 'h', '1', '{}', now(), now())`,
      beat('api'),
      beat('worker'),
      `select leave_worker('${newId}')`,
      `select make_months(now(), 1)`,
      `select drop_month('history', '2026_01')`,
      'select * from pace',
      'select url from endpoint',
      'select secret from endpoint_secret',
      'select job from delivery',
      `update endpoint set url = 'https://me.example/'`,
      'select * from bullmq.job',
      `set role vodai_worker`,
      `set role vodai_api`,
      ...everybody,
    ],
    api: [
      `update job set state = 'submitting', version = 2 where id = '${queuedId}'`,
      `update job set state = 'unconfirmed', version = 2 where id = '${queuedId}'`,
      `update job set state = 'succeeded', due_at = null, settled_at = now(), holds_natural_key = false where id = '${queuedId}'`,
      `update job set state = 'held', due_at = null where id = '${queuedId}'`,
      newJob('state', `'submitting'`),
      newJob('state, vod_job_id', `'processing', 'vod-9'`),
      `update job set client = 'me'`,
      `update job set media_id = 'other'`,
      `update job set natural_key = ''`,
      'delete from job',
      newSubmission,
      `update submission set outcome = 'not_sent'`,
      'delete from submission',
      `update request set client = 'me'`,
      `insert into result (job_id, source, read_at) values ('${queuedId}', 'me', now())`,
      `update result set raw = ''`,
      'delete from history',
      `update history set actor = 'somebody'`,
      `update event set body = ''`,
      'delete from event',
      `select keep_events('[]')`,
      `select * from keep_known_events('[]', '')`,
      'select * from pace',
      `update pace set qps = 1000`,
      `insert into circuit values ('r', 'c', 'm', now(), now())`,
      `insert into closed_queue values ('r', 'q', 'c', now())`,
      'delete from dropped_job',
      `update retention set ran_at = now()`,
      'delete from process',
      // Nobody who calls the api reads a secret, whatever they make of it.
      'select secret from endpoint_secret',
      'select * from endpoint_secret',
      `update endpoint_secret set secret = 'mine'`,
      `update endpoint_secret set expires_at = now() returning secret`,
      'delete from endpoint_secret',
      `update endpoint set client = 'me'`,
      `update endpoint set since = '1:1:'`,
      'delete from endpoint',
      `update delivery set job = '{}'`,
      `update delivery set endpoint_id = '${newId}'`,
      `update delivery set attempts = 0`,
      'delete from delivery',
      `insert into delivery_attempt (delivery_id, nth, at, duration_ms, outcome) values ('${deliveryId}', 1, now(), 1, 'delivered')`,
      `update delivery_attempt set answer_head = ''`,
      `delete from reader`,
      beat('worker'),
      beat('webhook'),
      'select * from bullmq.job',
      `set role vodai_worker`,
      ...everybody,
    ],
    worker: [
      newRequest,
      newJob('state', `'queued'`),
      `insert into event (id) values ('${newId}')`,
      `select * from keep_known_events('[]', '')`,
      'update history set actor = null',
      `update installation set id = '${newId}'`,
      `insert into endpoint (id, client, url, events, created_by) values ('${newId}', 'me', 'https://me.example/', '{job.failed}', 'me')`,
      `update endpoint set url = 'https://me.example/'`,
      `update endpoint set client = 'me'`,
      `insert into endpoint_secret (endpoint_id, secret) values ('${endpointId}', 'mine')`,
      `update endpoint_secret set expires_at = null`,
      `update delivery_attempt set outcome = 'delivered'`,
      beat('api'),
      `set role vodai_api`,
      ...everybody,
    ].filter((statement) => statement !== 'delete from request'), // that is its work
  };

  describe.each(processes)('the %s', (process) => {
    it.each(refused[process].map((text) => [text.replaceAll(/\s+/g, ' ').trim().slice(0, 90), text]))(
      'is refused: %s',
      async (_, statement) => {
        expect(await attempt(process, statement)).toBe(REFUSED);
      },
    );
  });

  it('the api does what people do: the same steps, to other states, are done', async () => {
    expect(await attempt('api', newRequest)).toBe('done');
    expect(await attempt('api', newJob('state', `'queued'`))).toBe('done');
    const cancel = `update job set state = 'canceled', due_at = null, settled_at = now(), holds_natural_key = false where id = '${queuedId}'`;
    expect(await attempt('api', cancel)).toBe('done');
  });

  it('the api makes endpoints with their secrets, has them replaced, and has deliveries sent again', async () => {
    const made = `
      insert into reader (name, position) values ('tell', pg_current_snapshot()::text) on conflict do nothing;
      select from reader where name = 'tell' for update;
      update reader set position = pg_current_snapshot()::text, updated_at = now() where name = 'tell';
      insert into endpoint (id, client, url, events, created_by) values ('${newId}', 'otto', 'https://a.example/', '{job.failed}', 'otto');
      insert into endpoint_secret (endpoint_id, secret) values ('${newId}', 'new');
      update endpoint_secret set expires_at = now() where endpoint_id = '${endpointId}';
      select endpoint_id, created_at, expires_at from endpoint_secret;
      update endpoint set paused_at = now(), pause_reason = 'person' where id = '${endpointId}';
      update delivery set due_at = now(), tries = 0, tried_since = null where id = '${deliveryId}'`;
    expect(await attempt('api', made)).toBe('done');
  });

  it('the worker signs with the secret, says what came of a delivery, and drops what was told long ago', async () => {
    const told = `
      select secret from endpoint_secret;
      insert into delivery_attempt (delivery_id, nth, at, duration_ms, outcome) values ('${deliveryId}', 1, now(), 1, 'delivered');
      update delivery set state = 'delivered', due_at = null, settled_at = now();
      update endpoint set failing_since = now(), rest_until = now(), paused_at = now(), pause_reason = 'failing';
      delete from delivery;
      delete from endpoint_secret;
      delete from endpoint`;
    expect(await attempt('worker', told)).toBe('done');
  });

  it('the worker keeps the notices of the queue, by the function that keeps them', async () => {
    expect(await attempt('worker', `select keep_events('[]')`)).toBe('done');
  });

  it('the worker claims', async () => {
    expect(
      await attempt('worker', `update job set state = 'submitting' where id = '${queuedId}'; ${newSubmission}`),
    ).toBe('done');
  });

  it('the webhook brings notices, and settles nothing with them', async () => {
    const notice = (more: object) => ({
      receivedAt: new Date(),
      region: 'cn-shanghai',
      source: 'http',
      signature: 'valid',
      eventType: 'T',
      status: 'success',
      bodyBase64: '',
      bodySize: 0,
      bodyHash: 'hash',
      copies: 1,
      reason: null,
      ...more,
    });
    const notices = [
      notice({ id: newId, vodJobId: 'vod-3', verdict: 'matched', jobId: queuedId, job_id: queuedId }),
      // The same as those that are there, with another id and another body.
      notice({ id: settledId, vodJobId: 'vod-1', verdict: 'ignored', bodyBase64: 'Zm9yZ2Vk' }),
      notice({ id: queuedId, vodJobId: 'vod-2', verdict: 'ignored' }),
    ];
    await clients.webhook.query('select keep_events($1)', [JSON.stringify(notices)]);
    const { rows } = await owner.query(
      `select vod_job_id, verdict, job_id, body = 'canary' as "isItsBody", copies from event order by vod_job_id`,
    );
    expect(rows).toEqual([
      { vod_job_id: 'vod-1', verdict: 'matched', job_id: settledId, isItsBody: true, copies: 2 },
      { vod_job_id: 'vod-2', verdict: 'unmatched', job_id: null, isItsBody: true, copies: 2 },
      { vod_job_id: 'vod-3', verdict: 'received', job_id: null, isItsBody: false, copies: 1 },
    ]);
    const states = await owner.query('select state from job order by id');
    expect(states.rows).toEqual([{ state: 'queued' }, { state: 'succeeded' }]);
  });

  it('a webhook lets no other process look alive or gone', async () => {
    await owner.query(beat('worker'));
    await owner.query(`update process set last_seen_at = now() - interval '5 minutes'`);
    await clients.webhook.query(`${beat('webhook')}; select leave_webhook('${newId}')`);
    const { rows } = await owner.query(
      `select role, last_seen_at < now() - interval '4 minutes' as "isSilent" from process where id = '${newId}'`,
    );
    expect(rows).toEqual([{ role: 'worker', isSilent: true }]);
  });

  it('the webhook can touch one table, and call the functions that are for it', async () => {
    const { rows } = await owner.query(
      `select nspname || '.' || relname as name
         from pg_class join pg_namespace on pg_namespace.oid = relnamespace
        where nspname in ('public', 'bullmq') and relkind in ('r', 'p', 'S')
          and case when relkind = 'S' then has_sequence_privilege('vodai_webhook', pg_class.oid, 'usage, select, update')
                   else has_table_privilege('vodai_webhook', pg_class.oid, 'select, insert, update, delete, truncate, references, trigger')
                        or has_any_column_privilege('vodai_webhook', pg_class.oid, 'select, insert, update, references') end
       union all
       select proname from pg_proc
        where pronamespace = 'public'::regnamespace and prosecdef and has_function_privilege('vodai_webhook', oid, 'execute')
        order by name`,
    );
    expect(rows.map(({ name }) => name)).toEqual(
      ['beat_webhook', 'count_strangers', 'keep_events', 'keep_known_events', 'leave_webhook', 'public.migration'], // prettier-ignore
    );
  });

  it.each(processes)('the %s is nobody who may do everything', async (process) => {
    const { rows } = await owner.query(
      `select rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication from pg_roles where rolname = $1`,
      [roleOf(process)],
    );
    expect(rows.map((row) => Object.values(row))).toEqual([[false, false, false, false, false, false]]);
  });

  it('the api cannot bring a job into a state that neither a person nor a new request leads to', async () => {
    const peoples = jobStates.flatMap((state) =>
      // The last: what the event of a JobId does that a person has named.
      [...operatorEvents, 'event_received' as const].map((event) => nextState(state, event)),
    );
    const workers = jobStates.filter((state) => state !== 'queued' && !peoples.includes(state));
    const { rows } = await owner.query(
      `select pg_get_triggerdef(oid) as text from pg_trigger where tgname = 'only_workers_claim'`,
    );
    const named = jobStates.filter((state) => String(rows[0]?.text).includes(`'${state}'`));
    expect(named.toSorted()).toEqual(workers.toSorted());
  });
});
