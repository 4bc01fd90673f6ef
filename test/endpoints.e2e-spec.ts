import { v7 as uuidv7 } from 'uuid';
import { keys, Stack, type Answer } from './support/stack';

const olga = 'olga-secret-canary';
/** A name that must not open anything. */
const anybody = 'anybody-secret-canary';
const url = 'http://127.0.0.1:9/vodai';

let stack: Stack;

/** No worker: what is due stays due, and a test can look at it. */
beforeAll(async () => {
  stack = await Stack.start({
    workers: 0,
    env: {
      DELIVERY_ALLOW: '127.0.0.0/8',
      API_KEYS: [
        `vera:viewer:${keys.viewer}`,
        `otto:operator:${keys.operator}`,
        `olga:operator:${olga}`,
        `anybody:operator:${anybody}`,
        `ada:admin:${keys.admin}`,
      ].join(),
    },
  });
});
afterAll(() => stack.stop());
beforeEach(() => stack.query('truncate delivery_attempt, delivery, endpoint_secret, endpoint'));

const call = (method: string, path: string, body?: unknown, key: string = keys.operator): Promise<Answer> =>
  stack.call(method, `/v1/${path}`, { key, ...(body === undefined ? {} : { body }) });

async function endpoint(more: object = {}, key: string = keys.operator): Promise<any> {
  const { status, body } = await call('POST', 'endpoints', { url, events: ['job.failed'], ...more }, key);
  if (status !== 201) throw new Error(`expected 201, got ${status}: ${JSON.stringify(body)}`);
  return body;
}

/** As a worker leaves it. */
async function delivery(endpointId: string, more: Record<string, unknown> = {}): Promise<string> {
  const state = more['state'] ?? 'waiting';
  const row: Record<string, unknown> = {
    id: uuidv7(),
    endpoint_id: endpointId,
    client: 'otto',
    type: 'job.failed',
    happened_at: new Date(),
    state,
    due_at: state === 'waiting' ? new Date(Date.now() + 3_600_000) : null,
    settled_at: state === 'waiting' ? null : new Date(),
    ...more,
  };
  const names = Object.keys(row);
  await stack.query(
    `insert into delivery (${names.join(', ')}) values (${names.map((_, i) => `$${i + 1}`).join(', ')})`,
    Object.values(row),
  );
  return row['id'] as string;
}

const isoTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const uuid = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
const nobodys = '01900000-0000-7000-8000-000000000000';

describe('An endpoint', () => {
  it('is made with its secret, which nobody is shown again', async () => {
    const answer = await call('POST', 'endpoints', {
      url: 'http://127.0.0.1:9',
      events: ['job.failed', 'job.held', 'job.failed'],
      types: ['AIMediaDNA'],
      labels: { team: 'a' },
      includeResult: true,
    });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe(`/v1/endpoints/${answer.body.id}`);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const { secret, ...shown } = answer.body;
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(shown).toEqual({
      id: uuid,
      client: 'otto',
      url: 'http://127.0.0.1:9/',
      events: ['job.failed', 'job.held'],
      types: ['AIMediaDNA'],
      labels: { team: 'a' },
      includeResult: true,
      paused: false,
      pausedAt: null,
      pauseReason: null,
      failingSince: null,
      waiting: 0,
      secrets: [{ createdAt: isoTime, expiresAt: null }],
      createdAt: isoTime,
      createdBy: 'otto',
    });
    expect((await call('GET', `endpoints/${shown.id}`)).body).toEqual(shown);
    expect((await call('GET', 'endpoints')).body).toEqual({ items: [shown], nextCursor: null });
    expect((await call('GET', 'endpoints', undefined, keys.admin)).body.items).toEqual([shown]);
  });

  it('has what is left out by default', async () => {
    expect(await endpoint()).toMatchObject({ types: null, labels: {}, includeResult: false, paused: false });
    expect(await endpoint({ paused: true })).toMatchObject({ paused: true, pausedAt: isoTime, pauseReason: 'person' });
  });

  it('is changed by what is named, and keeps the rest', async () => {
    const { secret: _secret, ...made } = await endpoint({ types: ['AIMediaDNA'], labels: { a: 'b' } });
    const path = `endpoints/${made.id}`;
    expect((await call('PATCH', path, {})).body).toEqual(made);
    const changed = await call('PATCH', path, { types: null, events: ['job.succeeded'], includeResult: true });
    expect(changed.body).toEqual({ ...made, types: null, events: ['job.succeeded'], includeResult: true });
    expect((await call('PATCH', path, { labels: {}, url: `${url}/2` })).body).toMatchObject({
      labels: {},
      url: `${url}/2`,
      types: null,
    });
    expect((await call('PATCH', path, { paused: true })).body).toMatchObject({ paused: true, pauseReason: 'person' });
    expect((await call('PATCH', path, { paused: false })).body).toMatchObject({ paused: false, pauseReason: null });
  });

  it('that goes on has what has waited due at once', async () => {
    const { id } = await endpoint({ paused: true });
    const waiting = await delivery(id);
    expect((await call('GET', `deliveries/${waiting}`)).body).toMatchObject({ state: 'waiting', dueAt: null });
    expect((await call('GET', `endpoints/${id}`)).body.waiting).toBe(1);
    await call('PATCH', `endpoints/${id}`, { paused: false });
    const [{ isDue }] = (await stack.query('select due_at <= now() as "isDue" from delivery')) as [{ isDue: boolean }];
    expect(isDue).toBe(true);
  });

  it('has another secret after a rotation, beside the one before it', async () => {
    const made = await endpoint();
    const rotated = await call('POST', `endpoints/${made.id}/rotate`);
    expect(rotated.status).toBe(200);
    expect(rotated.headers.get('cache-control')).toBe('no-store');
    expect(rotated.body.secret).toMatch(/^whsec_/);
    expect(rotated.body.secret).not.toBe(made.secret);
    expect(rotated.body.secrets).toEqual([
      { createdAt: isoTime, expiresAt: null },
      { createdAt: isoTime, expiresAt: isoTime },
    ]);
    expect((await call('GET', `endpoints/${made.id}`)).body).not.toHaveProperty('secret');
  });

  it('is sent a message about no job, unless it is paused', async () => {
    const { id } = await endpoint();
    const sent = await call('POST', `endpoints/${id}/test`);
    expect(sent.status).toBe(202);
    expect(sent.headers.get('location')).toBe(`/v1/deliveries/${sent.body.id}`);
    expect(sent.body).toEqual({
      id: uuid,
      endpoint: id,
      url,
      client: 'otto',
      type: 'endpoint.test',
      jobId: null,
      state: 'waiting',
      happenedAt: isoTime,
      createdAt: isoTime,
      dueAt: isoTime,
      attempts: 0,
      lastStatus: null,
      lastError: null,
      settledAt: null,
      job: null,
      tries: [],
    });
    await call('PATCH', `endpoints/${id}`, { paused: true });
    expect(await call('POST', `endpoints/${id}/test`)).toMatchObject({
      status: 409,
      body: { code: 'endpoint_paused' },
    });
  });

  it('is gone when it is removed; what it was told stays', async () => {
    const { id } = await endpoint();
    const [waiting, delivered] = [await delivery(id), await delivery(id, { state: 'delivered' })];
    expect(await call('DELETE', `endpoints/${id}`)).toMatchObject({ status: 204, body: '' });
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/rotate'],
      ['POST', '/test'],
    ] as const) {
      expect(await call(method, `endpoints/${id}${path}`)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    }
    expect((await call('GET', 'endpoints')).body.items).toEqual([]);
    expect((await call('GET', `deliveries/${waiting}`)).body).toMatchObject({ state: 'dropped', url });
    expect((await call('GET', `deliveries/${delivered}`)).body).toMatchObject({ state: 'delivered', url });
    const again = await call('POST', `deliveries/${waiting}/replay`);
    expect(again).toMatchObject({ status: 409, body: { code: 'wrong_state' } });
  });

  it('is one of fifty at most', async () => {
    await stack.query(
      `insert into endpoint (id, client, url, events, created_by)
       select gen_random_uuid(), 'otto', 'https://shop.example/', '{job.failed}', 'otto' from generate_series(1, 50)`,
    );
    expect(await call('POST', 'endpoints', { url, events: ['job.failed'] })).toMatchObject({
      status: 409,
      body: { code: 'too_many_endpoints' },
    });
    const page = await call('GET', 'endpoints?limit=20');
    expect(page.body.items).toHaveLength(20);
    const rest = await call('GET', `endpoints?limit=200&cursor=${page.body.nextCursor}`);
    expect(rest.body.items).toHaveLength(30);
    expect(rest.body.nextCursor).toBeNull();
  });
});

describe('A URL', () => {
  it.each([
    ['of no known kind', 'ftp://shop.example/', /^expected a URL like/],
    ['that is none', 'shop.example/vodai', /^expected a URL like/],
    ['with a user', 'https://user@shop.example/', /^expected a URL like/],
    ['with a password', 'https://user:secret@shop.example/', /^expected a URL like/],
    ['with a fragment', 'https://shop.example/#vodai', /^expected a URL like/],
    ['that is too long', `https://shop.example/${'x'.repeat(2_100)}`, /2048/],
    ['of a private network', 'https://10.0.0.1/', /not public/],
    ['of a private network, as one number', 'https://0xa000001/', /not public/],
    ['of a cloud’s metadata', 'http://169.254.169.254/latest/meta-data/', /nothing is ever sent/],
    ['of Alibaba Cloud’s metadata', 'http://100.100.100.200/', /nothing is ever sent/],
    ['of this machine in IPv6', 'https://[::1]/', /not public/],
    ['of this machine, mapped into IPv6', 'https://[::ffff:127.0.0.1]/', /nothing is ever sent/],
    ['of a host that nobody has', 'https://nobody.invalid/', /not found/],
    ['without TLS to a public address', 'http://93.184.215.14/', /expected https:/],
  ])('is refused with the reason when it is one %s', async (_name, refused, message) => {
    const { id } = await endpoint();
    for (const answer of [
      await call('POST', 'endpoints', { url: refused, events: ['job.failed'] }),
      await call('PATCH', `endpoints/${id}`, { url: refused }),
    ]) {
      expect(answer).toMatchObject({
        status: 400,
        body: { code: 'invalid_request', errors: [{ path: 'url', message: expect.stringMatching(message) }] },
      });
      expect(JSON.stringify(answer.body)).not.toContain('user:secret');
    }
    expect((await call('GET', 'endpoints')).body.items).toMatchObject([{ id, url }]);
  });
});

describe('A request about endpoints that cannot be right', () => {
  it.each<[string, object, string]>([
    ['no URL', { events: ['job.failed'] }, 'url'],
    ['no events', { url }, 'events'],
    ['an empty list of events', { url, events: [] }, 'events'],
    ['an event that nobody tells', { url, events: ['job.queued'] }, 'events.0'],
    ['an unknown type', { url, events: ['job.failed'], types: ['AIVideoCensor'] }, 'types.0'],
    ['an empty list of types', { url, events: ['job.failed'], types: [] }, 'types'],
    ['a label key with a blank', { url, events: ['job.failed'], labels: { 'a b': 'x' } }, 'labels.a b'],
    ['a result that is a text', { url, events: ['job.failed'], includeResult: 'yes' }, 'includeResult'],
    ['a secret of the caller', { url, events: ['job.failed'], secret: 'whsec_x' }, ''],
    ['another client', { url, events: ['job.failed'], client: 'olga' }, ''],
  ])('is 400 that names the place, and makes nothing: %s', async (_name, body, path) => {
    const { status, body: problem } = await call('POST', 'endpoints', body);
    expect(status).toBe(400);
    expect(problem.errors.map((error: { path: string }) => error.path)).toContain(path);
    expect(await stack.query('select from endpoint')).toEqual([]);
  });

  it.each([
    ['PATCH', `endpoints/${nobodys}`, { secret: 'x' }],
    ['POST', `endpoints/${nobodys}/rotate`, { secret: 'x' }],
    ['POST', `endpoints/${nobodys}/test`, { url: 'x' }],
    ['GET', 'endpoints?client=olga', undefined],
    ['GET', 'endpoints/x', undefined],
    ['GET', 'deliveries/x', undefined],
    ['GET', 'deliveries?state=lost', undefined],
    ['GET', 'deliveries?type=job.queued', undefined],
    ['GET', 'deliveries?endpoint=x', undefined],
    ['GET', 'deliveries?createdFrom=yesterday', undefined],
    ['POST', `deliveries/${nobodys}/replay`, { only: 'all' }],
    ['POST', 'deliveries/replay', {}],
    ['POST', 'deliveries/replay', { endpoint: nobodys, only: 'all' }],
    ['POST', 'deliveries/replay', { endpoint: nobodys, only: 'some' }],
    ['POST', 'deliveries/replay', { endpoint: nobodys, from: '2026-11-22T12:00:00Z', to: '2026-11-22T12:00:00Z' }],
  ])('is 400: %s %s %j', async (method, path, body) => {
    expect(await call(method, path, body)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });
});

describe('Whose endpoints and deliveries are', () => {
  let mine: any;
  let told: string;
  beforeEach(async () => {
    mine = await endpoint();
    told = await delivery(mine.id, { state: 'failed' });
  });

  it('nobody else’s: not to see, not to change, not to repeat, with the same answer as if there were none', async () => {
    const calls: [method: string, path: string, body?: object][] = [
      ['GET', `endpoints/${mine.id}`],
      ['PATCH', `endpoints/${mine.id}`, { url: `${url}/theirs` }],
      ['POST', `endpoints/${mine.id}/rotate`],
      ['POST', `endpoints/${mine.id}/test`],
      ['DELETE', `endpoints/${mine.id}`],
      ['GET', `deliveries/${told}`],
      ['POST', `deliveries/${told}/replay`],
      ['POST', 'deliveries/replay', { endpoint: mine.id }],
    ];
    for (const key of [olga, anybody]) {
      for (const [method, path, body] of calls) {
        const answer = await call(method, path, body, key);
        expect([path, answer.status, answer.body.code]).toEqual([path, 404, 'not_found']);
      }
      for (const list of ['endpoints', 'deliveries', `deliveries?endpoint=${mine.id}`]) {
        expect((await call('GET', list, undefined, key)).body.items).toEqual([]);
      }
    }
    const { secret: _secret, ...before } = mine;
    expect((await call('GET', `endpoints/${mine.id}`)).body).toEqual(before);
    expect((await call('GET', `deliveries/${told}`)).body.state).toBe('failed');
  });

  it('an admin’s to look after', async () => {
    const admin = (method: string, path: string, body?: unknown) => call(method, path, body, keys.admin);
    expect((await admin('GET', 'deliveries')).body.items).toMatchObject([{ id: told, client: 'otto' }]);
    expect((await admin('PATCH', `endpoints/${mine.id}`, { paused: true })).body).toMatchObject({ paused: true });
    expect((await admin('POST', `deliveries/${told}/replay`)).status).toBe(200);
    expect((await admin('DELETE', `endpoints/${mine.id}`)).status).toBe(204);
  });

  it('a viewer’s to look at, when they are of its client', async () => {
    await stack.query(`update endpoint set client = 'vera'`);
    await stack.query(`update delivery set client = 'vera'`);
    const viewer = (method: string, path: string, body?: unknown) => call(method, path, body, keys.viewer);
    expect((await viewer('GET', `endpoints/${mine.id}`)).status).toBe(200);
    expect((await viewer('GET', `deliveries/${told}`)).status).toBe(200);
    const calls: [method: string, path: string, body?: object][] = [
      ['POST', 'endpoints', { url, events: ['job.failed'] }],
      ['PATCH', `endpoints/${mine.id}`, { paused: true }],
      ['DELETE', `endpoints/${mine.id}`],
      ['POST', `endpoints/${mine.id}/rotate`],
      ['POST', `endpoints/${mine.id}/test`],
      ['POST', `deliveries/${told}/replay`],
      ['POST', 'deliveries/replay', { endpoint: mine.id }],
    ];
    for (const [method, path, body] of calls) {
      const answer = await viewer(method, path, body);
      expect([path, answer.status, answer.body.code]).toEqual([path, 403, 'forbidden']);
    }
  });
});

describe('Deliveries', () => {
  let one: any;
  let other: any;
  beforeEach(async () => {
    [one, other] = [await endpoint(), await endpoint()];
  });
  const found = async (query: string) => (await call('GET', `deliveries?${query}`)).body.items.map(({ id }: any) => id);

  it('are found by endpoint, state, what they are about, job and time, newest first', async () => {
    const jobId = uuidv7();
    const failed = await delivery(one.id, { state: 'failed', job_id: jobId, history_id: 1 });
    const waiting = await delivery(one.id);
    const delivered = await delivery(other.id, { state: 'delivered', type: 'job.succeeded' });
    expect(await found('')).toEqual([delivered, waiting, failed]);
    expect(await found(`endpoint=${one.id}`)).toEqual([waiting, failed]);
    expect(await found('state=failed')).toEqual([failed]);
    expect(await found('state=failed&state=delivered')).toEqual([delivered, failed]);
    expect(await found('type=job.succeeded')).toEqual([delivered]);
    expect(await found(`jobId=${jobId}`)).toEqual([failed]);
    expect(await found('createdFrom=2100-01-01T00:00:00Z')).toEqual([]);
    expect(await found('createdTo=2100-01-01T00:00:00Z&state=waiting')).toEqual([waiting]);
    const first = await call('GET', 'deliveries?limit=2');
    expect(first.body.nextCursor).toBe(waiting);
    expect(await found(`limit=2&cursor=${waiting}`)).toEqual([failed]);
  });

  it('show each attempt; how the answer began, to an admin alone', async () => {
    const id = await delivery(one.id, { attempts: 2, last_status: 500, last_error: 'HTTP 500' });
    await stack.query(
      `insert into delivery_attempt (delivery_id, nth, at, duration_ms, outcome, status, error, answer_head)
       values ($1, 1, now(), 10000, 'timed_out', null, 'no answer within 10 s', null),
              ($1, 2, now(), 12, 'answered', 500, 'HTTP 500', '<h1>inner page</h1>')`,
      [id],
    );
    const { body } = await call('GET', `deliveries/${id}`);
    expect(body).toMatchObject({ attempts: 2, lastStatus: 500, lastError: 'HTTP 500' });
    expect(body.tries).toEqual([
      {
        number: 1,
        at: isoTime,
        durationMs: 10_000,
        status: null,
        outcome: 'timed_out',
        error: 'no answer within 10 s',
        answer: null,
      },
      { number: 2, at: isoTime, durationMs: 12, status: 500, outcome: 'answered', error: 'HTTP 500', answer: null },
    ]);
    const admin = await call('GET', `deliveries/${id}`, undefined, keys.admin);
    expect(admin.body.tries[1].answer).toBe('<h1>inner page</h1>');
    expect(JSON.stringify((await call('POST', `deliveries/${id}/replay`)).body)).not.toContain('inner page');
  });

  it('are made again under their ids, one by one', async () => {
    const id = await delivery(one.id, { state: 'failed', attempts: 9 });
    const again = await call('POST', `deliveries/${id}/replay`);
    expect(again).toMatchObject({ status: 200, body: { id, state: 'waiting', dueAt: isoTime, attempts: 9 } });
    const twice = await call('POST', `deliveries/${id}/replay`);
    expect(twice).toMatchObject({ status: 409, body: { code: 'wrong_state', detail: expect.stringMatching(/waits/) } });
    expect(await call('POST', `deliveries/${nobodys}/replay`)).toMatchObject({ status: 404 });
  });

  it('are made again by endpoint and time', async () => {
    const failed = [await delivery(one.id, { state: 'failed' }), await delivery(one.id, { state: 'failed' })];
    const delivered = await delivery(one.id, { state: 'delivered' });
    await delivery(other.id, { state: 'failed' });
    const replay = (body: object) => call('POST', 'deliveries/replay', { endpoint: one.id, ...body });
    expect(await replay({ to: '2020-01-01T00:00:00Z' })).toMatchObject({ status: 200, body: { replayed: 0 } });
    expect((await replay({})).body).toEqual({ replayed: 2 });
    expect(await found(`endpoint=${one.id}&state=waiting`)).toEqual(failed.toReversed());
    expect((await replay({ only: 'all', from: '2020-01-01T00:00:00+08:00' })).body).toEqual({ replayed: 1 });
    expect(await found(`endpoint=${one.id}&state=waiting`)).toEqual([delivered, ...failed.toReversed()]);
  });

  it('stand in the history of their job, at the line of which somebody was told, for whom they belong to', async () => {
    const request = await stack.enqueue('told-of', ['AIVideoTag']);
    const jobId = request.jobs[0].id;
    expect((await call('POST', `jobs/${jobId}/cancel`, {})).status).toBe(200);
    const [line] = await stack.query<{ id: string }>(
      `select id from history where job_id = $1 and event = 'canceled'`,
      [jobId],
    );
    const id = await delivery(one.id, {
      job_id: jobId,
      history_id: line?.id,
      type: 'job.canceled',
      state: 'delivered',
    });
    const history = async (key?: string) => (await call('GET', `jobs/${jobId}/history`, undefined, key)).body.items;
    const [created, canceled] = await history();
    expect(created).not.toHaveProperty('deliveries');
    expect(canceled.deliveries).toMatchObject([{ id, endpoint: one.id, url, state: 'delivered', jobId }]);
    expect((await history(keys.admin))[1].deliveries).toMatchObject([{ id }]);
    expect(JSON.stringify(await history(olga))).not.toContain(id);
  });
});

describe('The log', () => {
  it('has no secret of an endpoint', async () => {
    const { id, secret } = await endpoint();
    const { body } = await call('POST', `endpoints/${id}/rotate`);
    for (const one of [secret, body.secret]) {
      expect(stack.logLines.filter((line) => line.includes(one.slice('whsec_'.length)))).toEqual([]);
    }
  });
});
