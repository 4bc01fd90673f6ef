import { existsSync, readFileSync } from 'node:fs';
import http from 'node:http';
import { connect } from 'node:net';
import { createTestDatabase, eventually, type TestDatabase } from '@app/testing';
import { signCallback } from '@app/vod/callback';
import { freePort } from '../../apps/local/src/embedded-postgres';
import { BUILD_TIMEOUT_MS, builtDist } from '../support/build';
import { RealProcess } from '../support/processes';
import { keys } from '../support/stack';
import { Draw } from './support/draw';
import { hostile, hostileQuery, oddPathPart, type Hostile } from './support/hostile';
import { drawSeed, isFull, report } from './support/report';

const seed = drawSeed('hostile input');

/** Everything that a stranger can send to the two processes that listen: they stay up, small, and never answer 5xx. */

const BODIES = isFull ? 100_000 : 1_500;

/** What a process needs once it has seen everything for the first time: the growth is counted from there. */
const WARM_UP = isFull ? 1_000 : 500;

/** Far above what the heap of a quiet process swings by, far below what a leak of one body in a hundred leaves behind. */
const GROWTH_MB = 200;

const IN_FLIGHT = 16;
const FULL_MS = 20 * 60_000;

const agent = new http.Agent({ keepAlive: true, maxSockets: IN_FLIGHT });
const started: RealProcess[] = [];
let database: TestDatabase;
let api: RealProcess;
let webhook: RealProcess;
let apiUrl: string;
let callbackUrl: string;

/** Notifications that were answered with 200: VOD would never send them again. */
let stored200 = 0;

beforeAll(async () => {
  await builtDist();
  database = await createTestDatabase();
  callbackUrl = `http://127.0.0.1:${await freePort()}/vod/events`;
  const env = {
    API_KEYS: `otto:operator:${keys.operator}`,
    API_RATE: '1000000', // what is tried here is what is sent, not how much
    API_PORT: '0',
    WEBHOOK_PORT: new URL(callbackUrl).port,
    VOD_CALLBACK_URL: callbackUrl,
    VOD_CALLBACK_KEYS: keys.callback,
  };
  api = await RealProcess.start('api', { ...env, DATABASE_URL: database.urlOf('api') });
  webhook = await RealProcess.start('webhook', { ...env, DATABASE_URL: database.urlOf('webhook') });
  started.push(api, webhook);
  apiUrl = await api.url();
  await webhook.url();
}, BUILD_TIMEOUT_MS);
afterAll(async () => {
  agent.destroy();
  for (const one of started) await one.stop('SIGKILL');
  await database?.drop();
});

interface Answer {
  /** 0: the connection ended without an answer. */
  status: number;
  body: Buffer;
}

function send(url: string, method: string, headers: http.OutgoingHttpHeaders, body?: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    // The path as it is: `new URL` would mend what is broken about it.
    const { hostname, port } = new URL('/', url);
    const path = url.slice(new URL('/', url).href.length - 1);
    const request = http.request({ hostname, port, path, method, headers, agent }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks) }));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks) }));
    });
    request.on('error', (error: NodeJS.ErrnoException) =>
      ['ECONNRESET', 'EPIPE'].includes(error.code ?? '')
        ? resolve({ status: 0, body: Buffer.alloc(0) })
        : reject(error),
    );
    request.end(body);
  });
}

function signed(skewS = 0, key = keys.callback): Record<string, string> {
  const timestamp = String(Math.floor(Date.now() / 1000) + skewS);
  return { 'x-vod-timestamp': timestamp, 'x-vod-signature': signCallback(callbackUrl, timestamp, key) };
}

/** Runs `work` for every number below `count`, so many at once. */
async function inParallel(count: number, work: (n: number) => Promise<unknown>, from = 0): Promise<void> {
  let next = from;
  const lanes = Array.from({ length: IN_FLIGHT }, async () => {
    while (next < count) {
      const n = next;
      next += 1;
      await work(n);
    }
  });
  await Promise.all(lanes);
}

class Tally {
  readonly counts = new Map<string, number>();
  readonly wrong: string[] = [];

  note(kind: string, status: number, isFine: boolean, what: Buffer | string): void {
    const key = `${kind} ${status}`;
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
    if (!isFine) this.wrong.push(`${key}: ${typeof what === 'string' ? what : describeBytes(what)}`);
  }

  get statuses(): Record<string, number> {
    const byStatus: Record<string, number> = {};
    for (const [key, count] of this.counts) {
      const status = key.split(' ').at(-1) ?? '';
      byStatus[status] = (byStatus[status] ?? 0) + count;
    }
    return byStatus;
  }
}

function describeBytes(bytes: Buffer): string {
  return `${bytes.length} bytes, ${JSON.stringify(bytes.subarray(0, 160).toString('latin1'))}`;
}

/** Megabytes, now and at the highest; null where the system does not say. */
function memoryOf({ pid }: RealProcess): { now: number; peak: number } | null {
  const file = `/proc/${pid}/status`;
  if (!existsSync(file)) return null;
  const text = readFileSync(file, 'utf8');
  const mb = (name: string) => Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(text)?.[1] ?? 0) / 1024);
  return { now: mb('VmRSS'), peak: mb('VmHWM') };
}

function tell(family: string, { statuses }: Pick<Tally, 'statuses'>, memory: Record<string, object | null>): void {
  const figures = Object.fromEntries(Object.entries(memory).map(([when, mb]) => [`MB ${when}`, JSON.stringify(mb)]));
  report({ family, seed, faults: statuses, jobs: 0, lost: 0, paidTwice: 0, figures });
}

async function stillThere(one: RealProcess): Promise<void> {
  const ended = await Promise.race([one.exit, Promise.resolve(null)]);
  expect([ended, one.output.match(/uncaught|unhandled|heap out of memory/i)]).toEqual([null, null]);
}

function notification(n: number): Record<string, unknown> {
  return {
    EventTime: '2026-11-22T09:00:00Z',
    EventType: n % 3 === 0 ? 'AIMediaDNAComplete' : 'AIVideoTagComplete',
    JobId: `hostile-${seed}-${n}`,
    MediaId: `media-${n}`,
    Status: n % 2 === 0 ? 'success' : 'fail',
    Extend: '{"a":"b"}',
    Data: '{"Category":[]}',
  };
}

function order(n: number): Record<string, unknown> {
  return {
    mediaId: `hostile-${n}`,
    types: ['AIVideoTag', 'AIMediaDNA'],
    config: { AIVideoTag: { AnalyseTypes: 'ASR,OCR' } },
    region: 'cn-shanghai',
    priority: 'normal',
    labels: { team: 'x' },
    extend: 'free text',
    force: false,
  };
}

/** What a body has to be at the least for us to take an order from it. */
function looksLikeAnOrder({ body }: Hostile): boolean {
  try {
    const value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as {
      mediaId?: unknown;
      types?: unknown;
    } | null;
    return typeof value?.mediaId === 'string' && Array.isArray(value.types);
  } catch {
    return false;
  }
}

/** Broken as HTTP, not only as a body: Node's own parser answers most of it, with 400, or nobody does. */
const brokenHttp: ((path: string, headers: string, draw: Draw) => string)[] = [
  (path, headers) => `POST ${path} HTTP/1.1\r\nhost: x\r\n${headers}content-length: 500\r\n\r\n{"EventType":`,
  (path, headers) => `POST ${path} HTTP/1.1\r\nhost: x\r\n${headers}content-length: 2\r\n\r\n{}{"more":true}\r\n\r\n`,
  (path, headers) => `POST ${path} HTTP/1.1\r\nhost: x\r\n${headers}content-length: 2\r\ncontent-length: 3\r\n\r\n{} `,
  (path, headers) => `POST ${path} HTTP/1.1\r\nhost: x\r\n${headers}content-length: -1\r\n\r\n{}`,
  (path, headers) =>
    `POST ${path} HTTP/1.1\r\nhost: x\r\n${headers}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
  (path, headers) =>
    `POST ${path} HTTP/1.1\r\nhost: x\r\n${headers}transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`,
  (path, headers) => `POST ${path} HTTP/1.1\r\nhost: x\r\n${headers}transfer-encoding: chunked\r\n\r\n5\r\n{}`,
  (path, headers) =>
    `POST ${path} HTTP/1.1\r\nhost: x\r\n${headers}x-long: ${'x'.repeat(20_000)}\r\ncontent-length: 2\r\n\r\n{}`,
  (path, headers) => `POST ${path} HTTP/1.1\r\n${headers}content-length: 2\r\n\r\n{}`,
  (path, headers) => `POST ${path} HTTP/9.9\r\nhost: x\r\n${headers}content-length: 2\r\n\r\n{}`,
  (path, headers) => `POST ${path} HTTP/1.1\r\nhost: x\r\nhost: y\r\n${headers}content-length: 2\r\n\r\n{}`,
  (path, headers) => `POST ${path} HTTP/1.1\r\nhost: x\r\n${headers}bad header\r\n\r\n{}`,
  (path, headers) => `POST ${path} HTTP/1.1\r\nhost: x\r\n${headers}expect: the-worst\r\ncontent-length: 2\r\n\r\n{}`,
  (_path, _headers, draw) => draw.bytes(100).toString('latin1'),
];

/** Writes raw bytes, ends the connection, and answers every status that came back. */
function sendRaw(url: string, bytes: string): Promise<number[]> {
  const { hostname, port } = new URL('/', url);
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(Number(port), hostname, () => socket.end(Buffer.from(bytes, 'latin1')));
    socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve([...text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, code]) => Number(code))));
  });
}

describe(`rows 4, 32 and 36: hostile input (FAULTS_SEED=${seed})`, () => {
  it(
    `row 32, row 36: ${BODIES / 2} bodies on the webhook are 200 when they are signed and 401 when not, and nothing else`,
    async () => {
      const tally = new Tally();
      const one = async (n: number) => {
        const draw = new Draw(seed + n);
        const attack = hostile(draw, n, notification(n));
        const isSigned = draw.chance() < 0.9;
        const headers = isSigned
          ? signed()
          : draw.pick([
              {},
              signed(0, 'not our key'),
              signed(-3_600),
              signed(3_600),
              { ...signed(), 'x-vod-signature': 'f'.repeat(32) },
              { ...signed(), 'x-vod-timestamp': '99999999999999999999' },
              { 'x-vod-timestamp': '\u00e9', 'x-vod-signature': '\u00ff'.repeat(32) },
              { ...signed(), 'x-vod-signature': '' },
            ]);
        const { status } = await send(callbackUrl, 'POST', { ...attack.headers, ...headers }, attack.body);
        // Whoever is refused is refused before the body is read: a large one may still be on its way.
        const isFine = isSigned ? status === 200 : status === 401 || (status === 0 && attack.body.length > 16_384);
        tally.note(attack.kind, status, isFine, attack.body);
      };
      await inParallel(WARM_UP / 2, one);
      const warm = memoryOf(webhook);
      await inParallel(BODIES / 2, one, WARM_UP / 2);
      const end = memoryOf(webhook);

      stored200 += tally.statuses['200'] ?? 0;
      tell('hostile input: webhook', tally, { warm, end });
      expect(tally.wrong.slice(0, 10)).toEqual([]);
      await stillThere(webhook);
      if (warm && end) expect(end.peak - warm.now).toBeLessThan(GROWTH_MB);
    },
    FULL_MS,
  );

  it(
    `row 4: ${BODIES / 2} orders and questions at the api are 4xx, or taken where they are right`,
    async () => {
      const tally = new Tally();
      const headers = { authorization: `Bearer ${keys.operator}` };
      const jobs = ['state', 'type', 'mediaId', 'vodJobId', 'requestId', 'region', 'client', 'errorCode', 'label'];
      const common = ['createdFrom', 'createdTo', 'limit', 'cursor'];
      const events = ['verdict', 'vodJobId', 'mediaId', 'jobId', 'limit', 'cursor'];
      const one = async (n: number) => {
        const draw = new Draw(seed - n);
        const way = draw.below(10);
        if (way < 6) {
          const attack = hostile(draw, n, order(n));
          const path = way === 0 ? `/v1/jobs/${oddPathPart(draw)}/resolve` : '/v1/jobs';
          const { status } = await send(apiUrl + path, 'POST', { ...headers, ...attack.headers }, attack.body);
          const isRefused = (status >= 400 && status < 500) || (status === 0 && attack.body.length > 1_000_000);
          const isTaken = status === 200 || status === 202;
          tally.note(attack.kind, status, isRefused || (isTaken && looksLikeAnOrder(attack)), attack.body);
          return;
        }
        const path = draw.pick([
          `/v1/jobs${hostileQuery(draw, [...jobs, ...common])}`,
          `/v1/jobs${hostileQuery(draw, [...jobs, ...common])}`,
          `/v1/events${hostileQuery(draw, events)}`,
          `/v1/events/${oddPathPart(draw)}`,
          `/v1/jobs/${oddPathPart(draw)}${hostileQuery(draw, ['wait'])}`,
          `/v1/requests/${oddPathPart(draw)}`,
          `/v1/jobs/${oddPathPart(draw)}/${draw.pick(['history', 'result', oddPathPart(draw)])}`,
        ]);
        const authorization =
          draw.chance() < 0.05 ? draw.pick(['Bearer', 'Bearer \u00ff', 'Basic x', '']) : headers.authorization;
        const { status } = await send(apiUrl + path, 'GET', { authorization });
        tally.note('question', status, status === 200 || (status >= 400 && status < 500), path);
      };
      await inParallel(WARM_UP / 2, one);
      const warm = memoryOf(api);
      await inParallel(BODIES / 2, one, WARM_UP / 2);
      const end = memoryOf(api);

      tell('hostile input: api', tally, { warm, end });
      expect(tally.wrong.slice(0, 10)).toEqual([]);
      await stillThere(api);
      if (warm && end) expect(end.peak - warm.now).toBeLessThan(GROWTH_MB);
    },
    FULL_MS,
  );

  it('row 32: bytes that are not even HTTP get an answer of 4xx or none, and never one of 5xx', async () => {
    const seen: Record<string, number> = {};
    const rounds = isFull ? 50 : 4;
    await inParallel(rounds * brokenHttp.length, async (n) => {
      const draw = new Draw(seed + n);
      const breakIt = brokenHttp[n % brokenHttp.length] as (typeof brokenHttp)[number];
      const auth = Object.entries(signed()).map(([name, value]) => `${name}: ${value}\r\n`);
      const key = `authorization: Bearer ${keys.operator}\r\ncontent-type: application/json\r\n`;
      const path = new URL(callbackUrl).pathname;
      const heard = await sendRaw(callbackUrl, breakIt(path, auth.join(''), draw));
      stored200 += heard.filter((status) => status === 200).length;
      const statuses = [...heard, ...(await sendRaw(apiUrl, breakIt('/v1/jobs', key, draw)))];
      for (const status of statuses) seen[status] = (seen[status] ?? 0) + 1;
    });
    tell('hostile input: broken HTTP', { statuses: seen }, {});
    expect(Object.keys(seen).filter((status) => status >= '500')).toEqual([]);
    await stillThere(api);
    await stillThere(webhook);
  });

  it(
    'row 32: every event that was stored can be read, in the list and by itself',
    async () => {
      const headers = { authorization: `Bearer ${keys.operator}` };
      const get = async (path: string) => {
        const { status, body } = await send(apiUrl + path, 'GET', headers);
        return { status, body: JSON.parse(body.toString()) };
      };
      const ids: string[] = [];
      let copies = 0;
      for (let path: string | null = '/v1/events?limit=200'; path !== null;) {
        const { status, body }: { status: number; body: any } = await get(path);
        expect(status).toBe(200);
        ids.push(...body.items.map(({ id }: { id: string }) => id));
        for (const event of body.items) copies += event.copies;
        path = body.nextCursor === null ? null : `/v1/events?limit=200&cursor=${body.nextCursor}`;
      }
      expect(ids.length).toBeGreaterThan(BODIES / 4);
      expect(new Set(ids).size).toBe(ids.length);
      const unreadable: string[] = [];
      await inParallel(ids.length, async (n) => {
        const { status, body } = await get(`/v1/events/${ids[n]}`);
        if (status !== 200 || body.id !== ids[n]) unreadable.push(`${ids[n]}: ${status}`);
      });
      report({
        family: 'hostile input: events read again',
        seed,
        faults: {},
        jobs: 0,
        lost: Math.max(0, stored200 - copies),
        paidTwice: 0,
        figures: { events: ids.length, copies, unreadable: unreadable.length },
      });
      // What was answered with 200 is there, copy for copy; and some whose connection broke before they heard of it.
      expect(copies).toBeGreaterThanOrEqual(stored200);
      expect(unreadable).toEqual([]);
      await eventually('both say that they are well', async () => {
        const answers = await Promise.all([
          send(`${apiUrl}/healthz`, 'GET', {}),
          send(new URL('/healthz', callbackUrl).href, 'GET', {}),
        ]);
        return answers.every(({ status }) => status === 200);
      });
    },
    FULL_MS,
  );
});
