import http from 'node:http';
import { connect, type Socket } from 'node:net';
import { startApi } from '../apps/api/src';
import { createClient } from '@app/client';
import { loadConfig } from '@app/config';
import { createLogger, type Server } from '@app/observability';
import { eventually } from '@app/testing';
import { unlimited } from '@app/vod-emulator';
import { EventReader } from './support/event-reader';
import { keys, Stack, type Answer } from './support/stack';

const FOREVER = { min: 3_600_000, max: 3_600_000 };
const A_MEGABYTE = 1024 * 1024;
/** Far above what hanging up takes, far below the minute that the wait would last. */
const LONG_BEFORE_THE_WAIT_MS = 30_000;

let stack: Stack;
const sockets: Socket[] = [];
const readers: EventReader[] = [];

beforeAll(async () => {
  stack = await Stack.start({
    env: { SUBMIT_QPS: '1000', COLLECT_QPS: '1000' },
    emulator: { jobTimeMs: FOREVER, qps: unlimited },
  });
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const reader of readers.splice(0)) reader.close();
});
afterAll(() => stack.stop());

/** One answer to a request whose headers are all that is ever sent of it. */
function answerToHeaders(api: Server, method: string, path: string, key: string | null): Promise<string> {
  const socket = connect(api.port, '127.0.0.1');
  sockets.push(socket);
  const authorization = key === null ? [] : [`authorization: Bearer ${key}`];
  const lines = [
    `${method} ${path} HTTP/1.1`, 'host: x', 'content-type: application/json', `content-length: ${A_MEGABYTE}`, ...authorization,
  ]; // prettier-ignore
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  return new Promise((resolve, reject) => {
    let text = '';
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      if (/\r\n\r\n.*"requestId"/s.test(text)) resolve(text);
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`closed after: ${text}`)));
  });
}

/** Commits what `work` did, also when it failed: nothing may stay locked. */
async function inOneTransaction<T>(work: () => Promise<T>): Promise<T> {
  await stack.query('begin');
  try {
    return await work();
  } finally {
    await stack.query('commit');
  }
}

const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);
const as = (api: Server, key: string | null, path = '/v1/me', headers: Record<string, string> = {}): Promise<Answer> =>
  stack.call('GET', path, { api, key, headers });

/** The sum of a metric's series whose labels match. */
async function metric(api: Server, name: string, labels = /./): Promise<number> {
  const text = await (await fetch(`${api.url}/metrics`)).text();
  const series = [...text.matchAll(new RegExp(`^${name}(?:\\{(.*)\\})? (\\d+)$`, 'gm'))];
  return series.filter(([, each = ' ']) => labels.test(each)).reduce((sum, [, , value]) => sum + Number(value), 0);
}

const linesOf = (name: string): any[] =>
  stack.logLines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === name);

/** Every call of the document that has a body. */
async function callsWithBody(): Promise<[method: string, path: string][]> {
  const { body } = await stack.call('GET', '/openapi.json', { key: null });
  return Object.entries<object>(body.paths).flatMap(([path, methods]) =>
    Object.keys(methods)
      .filter((method) => method !== 'get')
      .map((method): [string, string] => [
        method.toUpperCase(),
        path.replaceAll(/\{\w+\}/g, '01900000-0000-7000-8000-000000000000'),
      ]),
  );
}

describe('Nothing of a body is read', () => {
  it('of a caller whose key is missing or unknown, or whose role is too small', async () => {
    const calls = await callsWithBody();
    expect(calls.length).toBeGreaterThan(4);
    for (const [method, path] of calls) {
      const answers = [null, 'nobody', keys.viewer].map((key) => answerToHeaders(stack.api, method, path, key));
      expect([method, path, ...(await Promise.all(answers)).map(statusOf)]).toEqual([method, path, 401, 401, 403]);
    }
  });

  it('at a place that is not there', async () => {
    for (const [method, path] of [
      ['POST', '/v1/nothing'],
      ['PUT', '/v1/jobs'],
      ['POST', '/'],
      ['POST', '/metrics'],
    ] as const) {
      const answer = await answerToHeaders(stack.api, method, path, null);
      expect([method, path, statusOf(answer)]).toEqual([method, path, 404]);
      expect(answer).toMatch(/content-type: application\/problem\+json/i);
    }
  });

  it('of a key that has made too many requests', async () => {
    const api = await stack.startApi({ API_RATE: '1' });
    // What it may by now is taken by the others, which all come before it.
    const others = Array.from({ length: 60 }, () => as(api, keys.operator));
    expect((await Promise.all(others)).map(({ status }) => status)).toContain(429);
    const answers = Array.from({ length: 5 }, () => answerToHeaders(api, 'POST', '/v1/jobs', keys.operator));
    expect(statusOf(await Promise.any(answers))).toBe(429);
  });
});

describe('Wrong keys', () => {
  const MANY = 300;

  it('are answered late when they are too many, so that whoever guesses waits', async () => {
    const api = await stack.startApi();
    const timed = async () => {
      const asked = performance.now();
      const { status } = await as(api, 'a guess');
      return { status, isLate: performance.now() - asked > 900 };
    };
    const answers = await Promise.all(Array.from({ length: 150 }, timed));
    const throttled = answers.filter(({ status }) => status === 429);
    expect(throttled).not.toEqual([]);
    expect(throttled.filter(({ isLate }) => !isLate)).toEqual([]);
  });

  it('are throttled by their address, counted, and told to the log in a few lines that say from where', async () => {
    const lines: any[] = [];
    const write = (line: string) => void lines.push(JSON.parse(line));
    const logger = createLogger({ level: 'info', format: 'json', process: 'api', destination: { write } });
    const api = await startApi(loadConfig(stack.env, 'api'), logger);
    const started = performance.now();
    const answers = await Promise.all(Array.from({ length: MANY }, (_, i) => as(api, `guess-${i}-canary`)));
    const seconds = Math.ceil((performance.now() - started) / 1000);
    const told = answers.filter(({ status }) => status === 401);
    const throttled = answers.filter(({ status }) => status === 429);
    expect(told.length + throttled.length).toBe(MANY);
    expect(told.length).toBeGreaterThanOrEqual(100);
    expect(told.length).toBeLessThanOrEqual(100 + seconds);
    for (const { headers, body } of throttled) {
      expect(body).toMatchObject({
        code: 'too_many_requests',
        status: 429,
        detail: expect.stringContaining('address'),
      });
      expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    }
    expect(await metric(api, 'vodai_api_keys_refused_total', /reason="unknown"/)).toBe(MANY);
    expect(await metric(api, 'vodai_api_keys_refused_total', /status="429"/)).toBe(throttled.length);

    await api.close(); // says what was folded
    const refused = lines.filter(({ msg }) => msg === 'key.refused');
    expect(refused).toMatchObject([
      { level: 'warn', address: '127.0.0.1', reason: 'unknown', method: 'GET', route: '/v1/me', throttled: false },
      { address: '127.0.0.1', throttled: true },
      { address: '127.0.0.1', throttled: false, more: told.length - 1 },
      { address: '127.0.0.1', throttled: true, more: throttled.length - 1 },
    ]);
    expect(JSON.stringify(lines)).not.toMatch(/canary/);
  });

  it('from an address do not lock out those behind it who have a right one', async () => {
    const api = await stack.startApi();
    const guesses = () => Promise.all(Array.from({ length: 150 }, () => as(api, null)));
    expect((await guesses()).map(({ status }) => status)).toContain(429);
    for (const key of [keys.viewer, keys.operator, keys.admin]) expect((await as(api, key)).status).toBe(200);
  });
});

describe('Where a call comes from', () => {
  const from = (api: Server, forwarded: string) => as(api, 'nobody', '/v1/me', { 'x-forwarded-for': forwarded });
  /** What the log says of the latest call that had another address than all before. */
  const latestAddress = () => linesOf('key.refused').at(-1)?.address;

  it('is the socket’s, whatever a header says, as long as nobody is trusted', async () => {
    const api = await stack.startApi();
    await from(api, '203.0.113.1');
    expect(latestAddress()).toBe('127.0.0.1');
    expect(linesOf('key.refused').map(({ address }) => address)).not.toContain('203.0.113.1');
  });

  it.each([
    ['a network', '10.0.0.0/8,127.0.0.1'],
    ['a number', '1'],
  ])('is what the trusted proxies say, when they are %s, and not what their caller says', async (_what, trusted) => {
    const api = await stack.startApi({ TRUST_PROXY: trusted });
    await from(api, '203.0.113.2');
    expect(latestAddress()).toBe('203.0.113.2');
    await from(api, '198.51.100.1, 203.0.113.3');
    expect(latestAddress()).toBe('203.0.113.3');
    await from(api, '2001:db8:1:2:3:4:5:6');
    expect(latestAddress()).toBe('2001:db8:1:2::/64');
    await from(api, `203.0.113.4, ${'x'.repeat(1_000)}`); // says nothing that could be an address
    expect(latestAddress()).toBe('127.0.0.1');
  });

  it('passes over as many proxies as are trusted', async () => {
    const networks = await stack.startApi({ TRUST_PROXY: '127.0.0.1,10.0.0.0/8' });
    await from(networks, '198.51.100.2, 203.0.113.5, 10.1.2.3');
    expect(latestAddress()).toBe('203.0.113.5');
    const two = await stack.startApi({ TRUST_PROXY: '2' });
    await from(two, '198.51.100.2, 203.0.113.6, 10.1.2.3');
    expect(latestAddress()).toBe('203.0.113.6');
  });

  it('has a budget of its own: each address, and all of one /64 together', async () => {
    const api = await stack.startApi({ TRUST_PROXY: '127.0.0.1' });
    const statuses = async (address: (i: number) => string, many: number) =>
      (await Promise.all(Array.from({ length: many }, (_, i) => from(api, address(i))))).map(({ status }) => status);
    expect(await statuses((i) => `2001:db8:7:7::${i.toString(16)}`, 150)).toContain(429);
    expect(await statuses((i) => `203.0.113.${i}`, 150)).not.toContain(429);
    expect((await from(api, '2001:db8:7:8::1')).status).toBe(401);
  });
});

describe('Requests of a key', () => {
  it('are limited by the second, and each answer says how many are left', async () => {
    const api = await stack.startApi({ API_RATE: '2' });
    const answers = await Promise.all(Array.from({ length: 40 }, () => as(api, keys.operator)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 429]));
    for (const { headers } of answers) {
      expect(headers.get('ratelimit-policy')).toBe('"key";q=2;w=1');
      expect(headers.get('ratelimit')).toMatch(/^"key";r=[01];t=1$/);
    }
    for (const { headers, body } of answers.filter(({ status }) => status === 429)) {
      expect(headers.get('retry-after')).toBe('1');
      expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(body).toMatchObject({ code: 'too_many_requests', requestId: headers.get('request-id') });
    }
    const limited = answers.filter(({ status }) => status === 429).length;
    expect(await metric(api, 'vodai_api_limited_total', /limit="rate"/)).toBe(limited);
    expect(linesOf('caller.limited').at(-1)).toMatchObject({ client: 'otto', limit: 'rate' });
    expect((await as(api, keys.viewer)).status).toBe(200); // what others have is theirs
  });

  it('are made again by the client when the API says', async () => {
    const api = await stack.startApi({ API_RATE: '10' });
    const client = createClient({ baseUrl: api.url, key: keys.operator });
    const answers = await Promise.all(Array.from({ length: 25 }, () => client.me()));
    expect(answers.map(({ name }) => name)).toEqual(Array(25).fill('otto'));
  });
});

describe('Streams', () => {
  async function listen(api: Server, key: string, lastEventId?: string): Promise<EventReader> {
    const reader = await EventReader.open(`${api.url}/v1/stream`, key, lastEventId);
    readers.push(reader);
    return reader;
  }

  it('are limited for each key and in all, and a place is there again when one has ended', async () => {
    const api = await stack.startApi({ API_STREAMS: '2' });
    const [first] = [await listen(api, keys.viewer), await listen(api, keys.viewer)];
    const full = await listen(api, keys.viewer);
    expect([full.status, full.headers['retry-after']]).toEqual([429, '5']);
    const others = [keys.operator, keys.operator, keys.admin].map((key) => listen(api, key));
    const statuses = (await Promise.all(others)).map(({ status }) => status);
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 200, 429]);
    first?.close();
    await eventually('there is a place', async () => {
      const again = await listen(api, keys.viewer);
      return again.status === 200;
    });
  });

  it('that are refused for another reason take no place', async () => {
    const api = await stack.startApi({ API_STREAMS: '1' });
    for (let i = 0; i < 5; i += 1) expect((await listen(api, keys.viewer, 'x')).status).toBe(400);
    for (let i = 0; i < 5; i += 1) expect((await listen(api, keys.viewer, '1:900000000000:')).status).toBe(400);
    await eventually('there is a place', async () => (await listen(api, keys.viewer)).status === 200);
  });

  it('of a hundred that come back to the beginning keep nothing from one that listens and one that missed little', async () => {
    const api = await stack.startApi();
    const live = await listen(api, keys.viewer);
    await live.until('it is ready', ({ events }) => events.length > 0);
    const requests = await Promise.all(Array.from({ length: 100 }, (_, i) => stack.enqueue(`replayed-${i}`)));
    await stack.untilJob(requests[0].jobs[0].id, 'processing');
    await live.until('all of it was told', ({ told }) => told.length >= 300);
    const missed = live.lastId;

    // While nobody can read the history, the hundred come, then the one, and then there is a line more.
    const here = (many: number) => async () => (await metric(api, 'vodai_listeners')) === many;
    const [greedy, short] = await inOneTransaction(async () => {
      await stack.query('lock table history in access exclusive mode');
      const hundred = Array.from({ length: 100 }, () => listen(api, keys.operator, '1:1:'));
      await eventually('the hundred wait', here(101));
      const one = listen(api, keys.viewer, missed);
      await eventually('the one waits', here(102));
      await stack.query(
        `insert into history (job_id, version, at, event, from_state, to_state, attempt)
         values ($1, 4, now(), 'deferred', 'processing', 'processing', 0)`,
        [requests[0].jobs[0].id],
      );
      return [Promise.all(hundred), one] as const;
    }).then((coming) => Promise.all(coming));
    const last = 'replayed-0 4';
    for (const reader of [live, short, ...greedy]) {
      await reader.until('it has the last', ({ told }) => told.includes(last));
    }
    // The two have it when most of the hundred have not had anything yet.
    const honest = Math.max(live.cameAt(last), short.cameAt(last));
    expect(greedy.filter((reader) => reader.cameAt() < honest).length).toBeLessThan(50);
    expect(greedy.filter((reader) => reader.cameAt(last) < honest).length).toBeLessThan(10);
    const whole = greedy[0]?.told ?? [];
    expect(whole.length).toBeGreaterThan(300);
    expect(new Set(whole).size).toBe(whole.length);
    for (const reader of greedy) expect(reader.told.toSorted()).toEqual(whole.toSorted());
    expect(short.told).toEqual([last]);
  });
});

describe('Exports', () => {
  it('are limited for each key', async () => {
    const api = await stack.startApi();
    const answered: number[] = [];
    await stack.query('begin');
    try {
      await stack.query('lock table job in access exclusive mode'); // so that none can end
      const asked = Array.from({ length: 25 }, async (_, i) => {
        const { status } = await as(api, keys.viewer, i % 2 ? '/v1/jobs.csv' : '/v1/jobs.ndjson');
        answered.push(status);
      });
      await eventually('what is too much is answered', () => answered.length === 5);
      expect(answered).toEqual([429, 429, 429, 429, 429]);
      await stack.query('rollback');
      await Promise.all(asked);
    } finally {
      await stack.query('rollback');
    }
    expect(answered.slice(5)).toEqual(Array(20).fill(200));
    expect((await as(api, keys.viewer, '/v1/jobs.csv')).status).toBe(200);
  });
});

describe('A wait', () => {
  let jobId: string;
  beforeAll(async () => {
    const request = await stack.enqueue('waited-for');
    jobId = request.jobs[0].id;
    await stack.untilJob(jobId, 'processing');
  });

  const listeners = (api: Server) => metric(api, 'vodai_listeners');

  function hangUpLater(api: Server): http.ClientRequest {
    const headers = { authorization: `Bearer ${keys.viewer}` };
    const request = http.get(`${api.url}/v1/jobs/${jobId}?wait=60s`, { headers, agent: false });
    return request.on('error', () => undefined);
  }

  it('has a place, which is free again at once when its caller hangs up', async () => {
    const api = await stack.startApi({ API_WAITS: '1' });
    const waiting = hangUpLater(api);
    await eventually('it waits', async () => (await listeners(api)) === 1);
    const path = `/v1/jobs/${jobId}?wait=1ms`;
    const full = await as(api, keys.viewer, path);
    expect(full).toMatchObject({ status: 429, body: { code: 'too_many_requests' } });
    expect(full.headers.get('retry-after')).toBe('5');
    expect((await as(api, keys.viewer, `/v1/jobs/${jobId}`)).status).toBe(200); // does not wait
    expect((await as(api, keys.operator, path)).status).toBe(200);
    waiting.destroy();
    await eventually('nobody waits', async () => (await listeners(api)) === 0, LONG_BEFORE_THE_WAIT_MS);
    expect((await as(api, keys.viewer, path)).status).toBe(200);
  });

  it('gives its place back when it is over', async () => {
    const api = await stack.startApi({ API_WAITS: '1' });
    for (const id of [jobId, '01900000-0000-7000-8000-000000000000', jobId, 'x', jobId]) {
      const { status } = await as(api, keys.viewer, `/v1/jobs/${id}?wait=1ms`);
      expect(status).not.toBe(429);
    }
  });
});
