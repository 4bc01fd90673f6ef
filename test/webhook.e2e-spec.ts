import { createHash, randomBytes, randomInt } from 'node:crypto';
import http from 'node:http';
import { gzipSync } from 'node:zlib';
import { completionOf, jobTypes } from '@app/domain';
import type { Server } from '@app/observability';
import { eventually } from '@app/testing';
import { signCallback } from '@app/vod/callback';
import { Client } from 'pg';
import { unlimited } from '@app/vod-emulator';
import { sampleBytes, sampleNames } from '../libs/vod/test/samples';
import { Stack, keys } from './support/stack';

const OLD_KEY = 'OldCallbackKeyCanary0';
const MINUTE_S = 60;
const TEN_MINUTES = { min: 600_000, max: 600_000 };
/** VOD counts an answer that takes longer as none. */
const VOD_WAITS_MS = 5_000;

/** At most one read of a job is spent on events in this time. */
const READ_GAP_MS = 5_000;

let stack: Stack;
let admin: Client;
let locker: Client | undefined;

/** Jobs stay open at VOD until a test ends them; VOD itself sends nothing. */
beforeAll(async () => {
  stack = await Stack.start({
    env: { VOD_CALLBACK_KEYS: `${keys.callback},${OLD_KEY}`, COLLECT_QPS: '1000' },
    emulator: { jobTimeMs: TEN_MINUTES, qps: unlimited },
  });
  stack.emulator.configure({ callback: { enabled: false } });
  const server = new URL(stack.database.url);
  server.pathname = '/postgres';
  admin = new Client({ connectionString: server.href });
  await admin.connect();
});
afterEach(() => releaseEvents());
afterAll(async () => {
  await admin.end();
  await stack.stop();
});

type Headers = Record<string, string>;

function signed({ url = stack.callbackUrl, key = keys.callback, skewS = 0 } = {}): Headers {
  const timestamp = String(Math.floor(Date.now() / 1000) + skewS);
  return { 'x-vod-timestamp': timestamp, 'x-vod-signature': signCallback(url, timestamp, key) };
}

interface Sent {
  status: number;
  body: string;
}

/** Bytes as they are, with no header that the test did not write; in `pieces`, chunked. */
function webhookOfTwoRegions(callback: string): Promise<Server> {
  const VOD_REGIONS = 'cn-shanghai,ap-southeast-1';
  return stack.startWebhook({ WEBHOOK_PORT: '0', VOD_REGIONS, VOD_CALLBACK_URL: callback });
}

function send(
  body: Buffer | string,
  {
    headers = signed(),
    type = 'application/json',
    url = stack.callbackUrl,
    method = 'POST',
    pieces = 0,
  }: { headers?: Headers; type?: string | null; url?: string; method?: string; pieces?: number } = {},
): Promise<Sent> {
  const bytes = Buffer.from(body);
  return new Promise((resolve, reject) => {
    const request = http.request(
      url,
      {
        method,
        headers: {
          ...(type === null ? {} : { 'content-type': type }),
          ...(pieces > 0 ? {} : { 'content-length': String(bytes.length) }),
          ...headers,
        },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
      },
    );
    request.on('error', reject);
    const size = Math.ceil(bytes.length / Math.max(pieces, 1));
    for (let i = 0; i < pieces; i += 1) request.write(bytes.subarray(i * size, (i + 1) * size));
    request.end(pieces > 0 ? undefined : bytes);
  });
}

const stored200 = { status: 200, body: '{"ok":true}' };

let events = 0;
/** An event that nobody has sent before. */
function completion(more: Record<string, unknown> = {}): string {
  events += 1;
  return JSON.stringify({
    EventTime: '2026-11-22T09:00:00Z',
    EventType: 'AIVideoTagComplete',
    JobId: `unknown-${events}`,
    MediaId: 'm',
    Status: 'success',
    Code: '0',
    Message: `OK ${events}`,
    ...more,
  });
}

function sha256(body: Buffer | string): string {
  return createHash('sha256').update(body).digest('hex');
}

/** The rows that keep this body: one, however often it came. */
function rowsOf(body: Buffer | string): Promise<any[]> {
  return stack.query('select * from event where body_hash = $1', [sha256(body)]);
}

/** Everything that an event could change, once what came before has had its effect. */
async function everything(): Promise<unknown> {
  await eventually('every event so far is looked at', async () => {
    const waiting = await stack.query(
      `select from event where verdict = 'received' union all select from job where state = 'finished'`,
    );
    return waiting.length === 0;
  });
  const [row] = await stack.query(
    `select (select jsonb_agg(to_jsonb(event) order by id) from event) as events,
            (select jsonb_agg(to_jsonb(job) order by id) from job) as jobs,
            (select count(*)::int from history) as history`,
  );
  return row;
}

async function openJob(): Promise<any> {
  const { jobs } = await stack.enqueue(`media-${randomBytes(6).toString('hex')}`);
  return stack.untilJob(jobs[0].id, 'processing');
}

describe('An event of VOD', () => {
  it('is answered with 200 and kept as received, with the verdict on its signature', async () => {
    const body = completion({ JobId: 'kept-1', MediaId: 'media-kept', Code: 'x' });
    expect(await send(body)).toEqual(stored200);
    const [row, ...others] = await rowsOf(body);
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      region: 'cn-shanghai',
      source: 'http',
      signature: 'valid',
      event_type: 'AIVideoTagComplete',
      vod_job_id: 'kept-1',
      media_id: 'media-kept',
      status: 'success',
      event_time: new Date('2026-11-22T09:00:00Z'),
      body_size: body.length,
      copies: 1,
    });
    expect(row.body.toString()).toBe(body);
  });

  it('row 29: is committed before it is answered: no answer while the row cannot be written', async () => {
    const body = completion();
    const locked = await lockEvents();
    let answered = false;
    const sent = send(body).finally(() => (answered = true));
    await insertUnderWay();
    expect(answered).toBe(false);
    await locked.release();
    expect(await sent).toEqual(stored200);
    expect(await rowsOf(body)).toHaveLength(1);
  });

  it('is counted and not doubled when it comes again, also ten times at once', async () => {
    const body = completion();
    await send(body);
    await send(body, { headers: signed({ key: OLD_KEY }) });
    expect(await Promise.all(Array.from({ length: 10 }, () => send(body)))).toEqual(
      Array.from({ length: 10 }, () => stored200),
    );
    const rows = await rowsOf(body);
    expect(rows).toHaveLength(1);
    expect(rows[0].copies).toBe(12);
    expect(rows[0].last_received_at.getTime()).toBeGreaterThanOrEqual(rows[0].received_at.getTime());
  });

  it('is another event with another body, status or job', async () => {
    const { length: before } = await stack.query('select from event');
    const first = { EventType: 'AIVideoTagComplete', JobId: 'differs', Status: 'success', EventTime: '1' };
    for (const more of [{}, { Status: 'fail' }, { JobId: 'differs-2' }, { EventTime: '2' }]) {
      await send(JSON.stringify({ ...first, ...more }));
    }
    expect(await stack.query('select from event')).toHaveLength(before + 4);
  });

  it('waits as unmatched when nobody knows its job, and a submission of ours may have made it', async () => {
    const body = completion({ MediaId: undefined });
    await send(body);
    await eventually('it is looked at', async () => {
      const [row] = await rowsOf(body);
      return row.verdict === 'unmatched';
    });
    expect((await stack.get('/v1/stats')).body.oldestUnmatchedEventAt).not.toBeNull();
  });

  it('is foreign when nothing that was submitted here can have made its job', async () => {
    const body = completion({ MediaId: 'of-another-system' });
    await send(body);
    await eventually('it is looked at', async () => {
      const [row] = await rowsOf(body);
      return row.verdict === 'foreign';
    });
    const { items } = (await stack.get('/v1/events?verdict=foreign&mediaId=of-another-system')).body;
    expect(items).toMatchObject([{ verdict: 'foreign', reason: null, jobId: null }]);
  });
});

describe('A signature', () => {
  it.each([
    ['by the first key', () => signed()],
    ['by the second key, while keys are rotated', () => signed({ key: OLD_KEY })],
    [
      'in capital letters',
      () => ({ ...signed(), 'x-vod-signature': (signed()['x-vod-signature'] ?? '').toUpperCase() }),
    ],
    ['14 minutes old', () => signed({ skewS: -14 * MINUTE_S })],
    ['14 minutes ahead', () => signed({ skewS: 14 * MINUTE_S })],
  ])('verifies: %s', async (_name, headers) => {
    const body = completion();
    expect(await send(body, { headers: headers() })).toEqual(stored200);
    expect(await rowsOf(body)).toMatchObject([{ signature: 'valid' }]);
  });

  it.each([
    ['no headers', () => ({}), 'missing'],
    ['no timestamp', () => ({ 'x-vod-signature': signed()['x-vod-signature'] ?? '' }), 'missing'],
    ['no signature', () => ({ 'x-vod-timestamp': signed()['x-vod-timestamp'] ?? '' }), 'missing'],
    ['an empty signature', () => ({ ...signed(), 'x-vod-signature': '' }), 'missing'],
    ['a signature that is no MD5', () => ({ ...signed(), 'x-vod-signature': 'x' }), 'malformed'],
    ['a timestamp in milliseconds', () => ({ ...signed(), 'x-vod-timestamp': String(Date.now()) }), 'malformed'],
    ['a timestamp that is a text', () => ({ ...signed(), 'x-vod-timestamp': 'now' }), 'malformed'],
    ['a random signature', () => ({ ...signed(), 'x-vod-signature': randomBytes(16).toString('hex') }), 'mismatch'],
    ['a signature by another key', () => signed({ key: 'SomebodyElse1' }), 'mismatch'],
    ['a signature for another URL', () => signed({ url: 'http://127.0.0.1:1/vod/events' }), 'mismatch'],
    ['a signature for the URL with a slash behind it', () => signed({ url: `${stack.callbackUrl}/` }), 'mismatch'],
    [
      'a signature of another second',
      () => ({ ...signed({ skewS: -9 }), 'x-vod-timestamp': signed()['x-vod-timestamp'] ?? '' }),
      'mismatch',
    ],
    ['16 minutes of age', () => signed({ skewS: -16 * MINUTE_S }), 'stale'],
    ['16 minutes ahead', () => signed({ skewS: 16 * MINUTE_S }), 'stale'],
  ] as [string, () => Headers, string][])(
    'is refused with 401, and nothing changes: %s',
    async (_name, headers, verdict) => {
      const job = await openJob();
      const before = await everything();
      const { status, body } = await send(completion({ JobId: job.vodJobId, MediaId: job.mediaId }), {
        headers: headers(),
      });
      expect({ status, body }).toEqual({ status: 401, body: `{"ok":false,"code":"signature_${verdict}"}` });
      expect(await everything()).toEqual(before);
    },
  );

  it('is refused before the body is looked at, whatever its size', async () => {
    const before = await everything();
    const { status } = await send(Buffer.alloc(64 * 1024, 'x'), { headers: {} });
    expect(status).toBe(401);
    expect(await everything()).toEqual(before);
  });

  it.each([
    ['missing', () => ({}), /AuthSwitch is off/],
    ['mismatch', () => signed({ key: 'SomebodyElse1' }), /VOD_CALLBACK_KEYS/],
    ['stale', () => signed({ skewS: -16 * MINUTE_S }), /^it was signed 9\d\d s ago/],
  ] as [string, () => Headers, RegExp][])(
    'that is refused is in the log: from where, on which path and why (%s)',
    async (reason, headers, why) => {
      // Lines alike are said once a minute, by each process.
      const webhook = await stack.startWebhook({ WEBHOOK_PORT: '0' });
      const url = `${webhook.url}${new URL(stack.callbackUrl).pathname}`;
      const from = stack.logLines.length;
      await send(completion(), { url, headers: { ...headers(), 'x-forwarded-for': '203.0.113.9' } });
      await send(completion(), { url, headers: { ...headers(), 'x-forwarded-for': '203.0.113.9' } });
      const lines = stack.logLines.slice(from).filter((line) => line.includes('"msg":"event.refused"'));
      expect(lines.map((line) => JSON.parse(line))).toEqual([
        expect.objectContaining({
          level: 'warn',
          reason,
          why: expect.stringMatching(why),
          region: 'cn-shanghai',
          path: '/vod/events',
          remoteAddress: '127.0.0.1', // anybody can write the other one
        }),
      ]);
    },
  );

  it('is never written down', async () => {
    const headers = signed();
    await send(completion(), { headers });
    await send(completion(), { headers: { ...headers, 'x-vod-timestamp': '1790000000' } });
    const seen = stack.logLines.join('') + JSON.stringify(await everything());
    expect(seen).not.toContain(headers['x-vod-signature']);
    expect(stack.logLines.filter((line) => /canary/i.test(line))).toEqual([]);
  });
});

describe('With VOD_CALLBACK_AUTH=hint', () => {
  let url: string;

  beforeAll(async () => {
    const webhook = await stack.startWebhook({ WEBHOOK_PORT: '0', VOD_CALLBACK_AUTH: 'hint' });
    url = `${webhook.url}${new URL(stack.callbackUrl).pathname}`;
  });

  it.each([
    ['valid', () => signed()],
    ['missing', () => ({})],
    ['malformed', () => ({ ...signed(), 'x-vod-signature': 'x' })],
    ['mismatch', () => signed({ key: 'SomebodyElse1' })],
    ['stale', () => signed({ skewS: -16 * MINUTE_S })],
  ] as [string, () => Headers][])(
    'keeps an event whose signature is %s, with that verdict',
    async (signature, headers) => {
      const body = completion();
      expect(await send(body, { url, headers: headers() })).toEqual(stored200);
      expect(await rowsOf(body)).toMatchObject([{ signature }]);
    },
  );

  it('makes a known job due by an unsigned event, and says so in its history', async () => {
    const job = await openJob();
    stack.emulator.finish(job.vodJobId);
    await send(completion({ JobId: job.vodJobId, MediaId: job.mediaId }), { url, headers: {} });
    await stack.untilJob(job.id, 'succeeded');
    const line = (await stack.history(job.id)).find(({ event }) => event === 'event_received');
    expect(line.detail.signature).toBe('missing');
  });

  it('rejects what is neither signed nor about the end of a job, and only ignores it when it is signed', async () => {
    const [unsigned, genuine] = ['unsigned', 'signed'].map((name) =>
      JSON.stringify({ EventType: 'StreamEnded', name }),
    );
    expect(await send(unsigned ?? '', { url, headers: {} })).toEqual(stored200);
    expect(await send(genuine ?? '', { url })).toEqual(stored200);
    expect(await rowsOf(unsigned ?? '')).toMatchObject([
      { verdict: 'rejected', reason: 'signature missing; not the end of a submitted AI job' },
    ]);
    expect(await rowsOf(genuine ?? '')).toMatchObject([
      { verdict: 'ignored', reason: 'not the end of a submitted AI job' },
    ]);
  });

  it('needs no key, and then says that nothing was checked', async () => {
    const webhook = await stack.startWebhook({ WEBHOOK_PORT: '0', VOD_CALLBACK_AUTH: 'hint', VOD_CALLBACK_KEYS: '' });
    const body = completion();
    const path = new URL(stack.callbackUrl).pathname;
    expect(await send(body, { url: `${webhook.url}${path}`, headers: {} })).toEqual(stored200);
    expect(await rowsOf(body)).toMatchObject([{ signature: 'unchecked' }]);
  });
});

describe('Where events come in', () => {
  it('is the one path: another is 404, another method is not 200, and neither stores anything', async () => {
    const before = await everything();
    const { origin } = new URL(stack.callbackUrl);
    for (const path of [
      '/',
      '/vod',
      '/vod/events/',
      '/vod/events/x',
      '/VOD/events',
      '/vod//events',
      '/healthz',
      '/%',
    ]) {
      const { status } = await send(completion(), { url: `${origin}${path}` });
      expect([400, 404]).toContain(status);
    }
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      expect((await send('', { method, type: null })).status).toBe(404);
    }
    expect(await everything()).toEqual(before);
  });

  it('may be called with a query, as a proxy adds one', async () => {
    const body = completion();
    expect(await send(body, { url: `${stack.callbackUrl}?trace=1` })).toEqual(stored200);
    expect(await rowsOf(body)).toHaveLength(1);
  });

  it('tells the region of an event, when every region has its own', async () => {
    const callback = 'https://hooks.example.com/vod/{region}';
    const webhook = await webhookOfTwoRegions(callback);
    for (const region of ['cn-shanghai', 'ap-southeast-1']) {
      const body = completion();
      // Behind a proxy the server is called by another name than the one that VOD signed.
      const headers = signed({ url: callback.replace('{region}', region) });
      expect(await send(body, { url: `${webhook.url}/vod/${region}`, headers })).toEqual(stored200);
      expect(await rowsOf(body)).toMatchObject([{ region, signature: 'valid' }]);
    }
  });

  it('is the path of the region whose URL is signed: a pair of one region opens nothing at another', async () => {
    const callback = 'https://hooks.example.com/vod/{region}';
    const webhook = await webhookOfTwoRegions(callback);
    const headers = signed({ url: callback.replace('{region}', 'cn-shanghai') });
    const body = completion();
    const refused = { status: 401, body: '{"ok":false,"code":"signature_mismatch"}' };
    expect(await send(body, { url: `${webhook.url}/vod/ap-southeast-1`, headers })).toEqual(refused);
    expect(await rowsOf(body)).toEqual([]);
    expect(await send(body, { url: `${webhook.url}/vod/cn-shanghai`, headers })).toEqual(stored200);
  });

  it('is one for several regions when they have one URL, whichever of them an event is about', async () => {
    const callback = 'https://hooks.example.com/vod';
    const webhook = await webhookOfTwoRegions(callback);
    const body = completion();
    expect(await send(body, { url: `${webhook.url}/vod`, headers: signed({ url: callback }) })).toEqual(stored200);
    expect(await rowsOf(body)).toMatchObject([{ region: '*', signature: 'valid' }]);
  });
});

describe('A callback per job', () => {
  const own = 'https://hooks.example.com';
  const accounts = 'https://other-environment.example.com/vod?tenant=1';
  const perJob = { WEBHOOK_PORT: '0', VOD_CALLBACK_URL: own, VOD_CALLBACK_PER_JOB: 'true' };

  it.each([
    ['the URL that the job named', own],
    ['that URL as a program writes it that parses it', `${own}/`],
    ['the URL of the account’s own setting', accounts],
  ])('may be signed for %s', async (_which, url) => {
    const webhook = await stack.startWebhook({ ...perJob, VOD_CALLBACK_ACCOUNT_URL: accounts });
    const body = completion();
    expect(await send(body, { url: webhook.url, headers: signed({ url }) })).toEqual(stored200);
    expect(await rowsOf(body)).toMatchObject([{ region: 'cn-shanghai', signature: 'valid' }]);
  });

  it('is not, for any other URL, nor for these without that setting', async () => {
    const refused = { status: 401, body: '{"ok":false,"code":"signature_mismatch"}' };
    const withIt = await stack.startWebhook(perJob);
    expect(await send(completion(), { url: withIt.url, headers: signed({ url: accounts }) })).toEqual(refused);
    const without = await stack.startWebhook({ ...perJob, VOD_CALLBACK_PER_JOB: 'false' });
    expect(await send(completion(), { url: without.url, headers: signed({ url: `${own}/` }) })).toEqual(refused);
  });
});

describe('A body that is not what it should be', () => {
  const MIB = 1024 * 1024;
  const padded = (size: number) => `{"EventType":"Padded"}`.padEnd(size);

  const bodies: [name: string, body: Buffer | string, reason: RegExp][] = [
    ['empty', '', /not JSON/],
    ['not JSON', 'hello', /not JSON/],
    ['cut off', '{"EventType":"AIVideoTag', /not JSON/],
    ['NUL', '\0', /not JSON/],
    ['NUL behind JSON', '{"EventType":"X"}\0', /not JSON/],
    ['invalid UTF-8', Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), /not UTF-8/],
    ['invalid UTF-8 inside JSON', Buffer.from('{"EventType":"\xff"}', 'latin1'), /not UTF-8/],
    ['null', 'null', /not a JSON object/],
    ['a number', '42', /not a JSON object/],
    ['JSON inside JSON', JSON.stringify('{"EventType":"AIVideoTagComplete"}'), /not a JSON object/],
    ['a list', '[{"EventType":"AIVideoTagComplete","JobId":"a","Status":"success"}]', /not a JSON object/],
    ['an empty object', '{}', /no EventType/],
    ['an EventType that is a list', '{"EventType":["AIVideoTagComplete"]}', /no EventType/],
    ['an unknown type', '{"EventType":"SomethingNew","JobId":"a"}', /not the end/],
    ['a type with NUL inside', '{"EventType":"Some\\u0000thing"}', /not the end/],
    ['a type with half a character', '{"EventType":"\\ud83d"}', /not the end/],
    ['a type of 100,000 characters', JSON.stringify({ EventType: '界'.repeat(100_000) }), /not the end/],
    ['no JobId', '{"EventType":"AIVideoTagComplete","Status":"success"}', /no usable JobId/],
    ['an empty JobId', '{"EventType":"AIVideoTagComplete","JobId":"","Status":"success"}', /no usable JobId/],
    ['a JobId with NUL inside', '{"EventType":"AIVideoTagComplete","JobId":"a\\u0000b","Status":"success"}', /no usable JobId/],
    ['a JobId that is an object', '{"EventType":"AIVideoTagComplete","JobId":{},"Status":"success"}', /no usable JobId/],
    ['a JobId of 10,000 characters', `{"EventType":"AIVideoTagComplete","JobId":"${'j'.repeat(10_000)}","Status":"success"}`, /no usable JobId/],
    ['no Status', '{"EventType":"AIVideoTagComplete","JobId":"a"}', /neither success nor fail/],
    ['an unknown Status', '{"EventType":"AIVideoTagComplete","JobId":"a","Status":"done"}', /neither success nor fail/],
    ['100,000 levels of lists', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, /not a JSON object/],
    ['100,000 levels inside an object', `{"EventType":"X","Data":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, /not the end/],
    ['keys that would poison a prototype', '{"__proto__":{"EventType":"AIVideoTagComplete"},"constructor":{"prototype":{}}}', /no EventType/],
    ['compressed', gzipSync('{"EventType":"AIVideoTagComplete"}'), /not UTF-8/],
    ['1 MiB to the byte', padded(MIB), /not the end/],
  ]; // prettier-ignore

  it.each(bodies)(
    'is stored whole, answered with 200 and comes to nothing, with a reason: %s',
    async (_name, body, reason) => {
      expect(await send(body)).toEqual(stored200);
      const rows = await rowsOf(body);
      // By their bytes at once: jest compares one after the other, and one of them is a million long.
      expect(rows.map((row) => Buffer.from(body).equals(row.body))).toEqual([true]);
      expect(rows).toEqual([
        expect.objectContaining({
          body_size: Buffer.byteLength(body),
          verdict: 'ignored',
          reason: expect.stringMatching(reason),
          job_id: null,
        }),
      ]);
    },
  );

  it.each([1, MIB / 2])('is kept as its head and its hash, and its size is known: 1 MiB and %d bytes', async (more) => {
    const body = padded(MIB + more);
    expect(await send(body)).toEqual(stored200);
    const [row] = await rowsOf(body);
    expect(row).toMatchObject({
      body_size: MIB + more,
      verdict: 'ignored',
      reason: expect.stringMatching(/too large/),
    });
    expect(body.startsWith(row.body.toString())).toBe(true);
    expect(row.body.length).toBeGreaterThan(0);
    expect(row.body.length).toBeLessThanOrEqual(64 * 1024);
  });

  it('makes its job due when it is too large to keep and begins with the fields that say whose it is', async () => {
    const { vodJobId, id } = await openJob();
    stack.emulator.finish(vodJobId);
    const body = completion({ JobId: vodJobId, Data: 'x'.repeat(MIB) });
    expect(await send(body)).toEqual(stored200);
    await stack.untilJob(id, 'succeeded');
    const [row] = await rowsOf(body);
    expect(row).toMatchObject({ verdict: 'matched', job_id: id, status: 'success', body_size: body.length });
    expect(row.body.length).toBeLessThanOrEqual(64 * 1024);
    expect((await stack.history(id)).map((line) => line.event)).toContain('event_received');
  });

  it('leaves its job to the alarm when it is too large to keep and its JobId comes last, and says so', async () => {
    const { vodJobId, id } = await openJob();
    const body = JSON.stringify({
      EventType: 'AIVideoTagComplete',
      Data: 'x'.repeat(MIB),
      JobId: vodJobId,
      Status: 'success',
    });
    expect(await send(body)).toEqual(stored200);
    expect(await rowsOf(body)).toMatchObject([
      {
        verdict: 'ignored',
        event_type: 'AIVideoTagComplete',
        reason: expect.stringMatching(/no usable JobId.*next alarm/),
      },
    ]);
    expect(await stack.untilJob(id, 'processing')).toMatchObject({ dueAt: expect.any(String) });
  });

  it.each([
    ['no type', null],
    ['an empty type', ''],
    ['a form', 'application/x-www-form-urlencoded'],
    ['text', 'text/plain'],
    ['multipart without its boundary', 'multipart/form-data'],
    ['another charset', 'application/json; charset=gbk'],
    ['no type at all', 'nonsense'],
    ['punctuation', ';;;'],
    ['a type with too much', 'application/json/x; ;'],
  ])('may be announced as anything: %s', async (_name, type) => {
    const body = completion();
    expect(await send(body, { type })).toEqual(stored200);
    expect(await rowsOf(body)).toMatchObject([{ event_type: 'AIVideoTagComplete', status: 'success' }]);
  });

  it.each(['gzip', 'br', 'nonsense'])('is not unpacked, whatever its content-encoding says: %s', async (encoding) => {
    const body = encoding === 'gzip' ? gzipSync(completion()) : completion();
    expect(await send(body, { headers: { ...signed(), 'content-encoding': encoding } })).toEqual(stored200);
    expect((await rowsOf(body)).map((row) => row.body)).toEqual([Buffer.from(body)]);
  });

  it('may come in pieces, without its length', async () => {
    const body = completion({ Message: '界'.repeat(1_000) });
    expect(await send(body, { pieces: 7 })).toEqual(stored200);
    expect((await rowsOf(body)).map((row) => row.body.toString())).toEqual([body]);
  });

  it('is read by the last of two keys, as every JSON parser does', async () => {
    const body = '{"EventType":"X","EventType":"AIVideoTagComplete","JobId":"a","JobId":"twice","Status":"fail"}';
    expect(await send(body)).toEqual(stored200);
    expect(await rowsOf(body)).toMatchObject([{ vod_job_id: 'twice', status: 'fail' }]);
  });

  it('that breaks off leaves nothing behind and harms nobody', async () => {
    const before = await everything();
    await new Promise<void>((resolve) => {
      const headers = { ...signed(), 'content-type': 'application/json', 'content-length': '1000' };
      const request = http.request(stack.callbackUrl, { method: 'POST', headers });
      request.on('error', () => resolve());
      request.on('close', () => resolve());
      request.write('{"EventType":', () => request.destroy());
    });
    expect(await send(completion({ JobId: 'after' }))).toEqual(stored200);
    await stack.query(`delete from event where vod_job_id = 'after'`);
    expect(await everything()).toEqual(before);
  });

  it.each(sampleNames('events'))('is none of these: VOD sends %s', async (name) => {
    const body = sampleBytes('events', name);
    expect(await send(body)).toEqual(stored200);
    const [row] = await rowsOf(body);
    const ours = jobTypes.some((type) => name.startsWith(`${completionOf(type)}.`));
    expect(row.event_type).toBe(name.split('.')[0]);
    if (ours) expect(['received', 'foreign']).toContain(row.verdict);
    else expect(row).toMatchObject({ verdict: 'foreign', reason: expect.stringMatching(/./) });
    expect(row.body).toEqual(body);
  });

  const seed = Number(process.env['TEST_SEED'] ?? randomInt(1_000_000_000));
  it(`is answered with 200 a thousand times, whatever chance makes of it (TEST_SEED=${seed})`, async () => {
    const chance = seededChance(seed);
    const samples = sampleNames('events').map((name) => sampleBytes('events', name));
    const made = Array.from({ length: 1_000 }, () => randomBody(chance, samples));
    for (let i = 0; i < made.length; i += 50) {
      const answers = await Promise.all(made.slice(i, i + 50).map((body) => send(body)));
      answers.forEach((answer, at) => expect({ nth: i + at, ...answer }).toEqual({ nth: i + at, ...stored200 }));
    }
    const hashes = [...new Set(made.map(sha256))];
    const [kept] = await stack.query(
      'select count(distinct body_hash)::int as bodies from event where body_hash = any($1::text[])',
      [hashes],
    );
    expect(kept).toEqual({ bodies: hashes.length });
    // Neither do they stop those who look at them.
    await everything();
  });
});

describe('While Postgres is away', () => {
  it('row 30: is answered with 200 when it is back within the time that VOD waits', async () => {
    const body = completion();
    const locked = await lockEvents();
    const sent = send(body);
    const pid = await insertUnderWay();
    await stack.query('select pg_terminate_backend($1)', [pid]);
    await locked.release();
    expect(await sent).toEqual(stored200);
    expect(await rowsOf(body)).toMatchObject([{ copies: 1 }]);
  });

  it('is answered with 503 before VOD gives up waiting when it hangs, and kept once when VOD asks again', async () => {
    const body = completion();
    const locked = await lockEvents();
    const started = performance.now();
    expect((await send(body)).status).toBe(503);
    expect(performance.now() - started).toBeLessThan(VOD_WAITS_MS);
    await locked.release();
    expect(await send(body)).toEqual(stored200);
    expect(await rowsOf(body)).toHaveLength(1);
  });

  it('is answered with 503 when it lets nobody in, and kept once when VOD asks again', async () => {
    const body = completion();
    const name = new URL(stack.database.url).pathname.slice(1);
    await admin.query(`alter database ${name} allow_connections false`);
    try {
      await stack.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and pid <> pg_backend_pid()`,
      );
      const started = performance.now();
      const answer = await send(body);
      expect(answer).toEqual({ status: 503, body: '{"ok":false,"code":"unavailable"}' });
      expect(performance.now() - started).toBeLessThan(VOD_WAITS_MS);
    } finally {
      await admin.query(`alter database ${name} allow_connections true`);
    }
    expect(await send(body)).toEqual(stored200);
    expect(await rowsOf(body)).toHaveLength(1);
  });
});

describe('An event is a doorbell', () => {
  it('row 35: settles no job by itself: after a forged success the job is read, and goes on', async () => {
    const job = await openJob();
    await send(completion({ JobId: job.vodJobId, MediaId: job.mediaId }));
    await eventually('the job was read and is processing again', async () => {
      const last = (await stack.history(job.id)).at(-1);
      return last.event === 'read_running';
    });
    expect((await stack.get(`/v1/jobs/${job.id}`)).body).toMatchObject({
      state: 'processing',
      settledAt: null,
      finishedAt: null,
      error: null,
    });
    expect((await stack.history(job.id)).map((line) => `${line.event}: ${line.to}`).slice(-2)).toEqual([
      'event_received: finished',
      'read_running: processing',
    ]);
    expect((await stack.get(`/v1/jobs/${job.id}/result`)).body.code).toBe('no_result');

    // The truth still gets through.
    stack.emulator.finish(job.vodJobId);
    await send(completion({ JobId: job.vodJobId, MediaId: job.mediaId, Message: 'true' }));
    await stack.untilJob(job.id, 'succeeded');
  });

  it('wins no argument: a forged fail of a job that succeeded at VOD ends as succeeded, and the conflict is told', async () => {
    const job = await openJob();
    stack.emulator.finish(job.vodJobId);
    await send(completion({ JobId: job.vodJobId, MediaId: job.mediaId, Status: 'fail' }));
    await stack.untilJob(job.id, 'succeeded');
    expect((await stack.history(job.id)).at(-1)).toMatchObject({ detail: { contradicts: 'fail' } });
  });

  it('changes nothing about a job that is over', async () => {
    const job = await openJob();
    stack.emulator.finish(job.vodJobId);
    await send(completion({ JobId: job.vodJobId, MediaId: job.mediaId }));
    const settled = await stack.untilJob(job.id, 'succeeded');
    const late = completion({ JobId: job.vodJobId, MediaId: job.mediaId, Status: 'fail' });
    await send(late);
    await eventually('it is looked at', async () => (await rowsOf(late))[0].verdict === 'matched');
    expect((await stack.get(`/v1/jobs/${job.id}`)).body).toEqual(settled);
  });

  it('row 37: costs one read per job and gap, however often it comes', async () => {
    const job = await openJob();
    const reads = await eventually('the job was read twice', async () => {
      await send(completion({ JobId: job.vodJobId, MediaId: job.mediaId }));
      const lines = (await stack.history(job.id)).filter((line) => line.event === 'read_running');
      return lines.length >= 2 ? lines.map((line) => Date.parse(line.at)) : null;
    });
    expect((reads[1] ?? 0) - (reads[0] ?? 0)).toBeGreaterThanOrEqual(READ_GAP_MS);
  });
});

/** Keeps every event from being written until it is released, at the latest when the test is over. */
async function lockEvents(): Promise<{ release(): Promise<void> }> {
  locker = new Client({ connectionString: stack.database.url });
  await locker.connect();
  await locker.query('begin');
  await locker.query('lock table event in access exclusive mode');
  return { release: releaseEvents };
}

async function releaseEvents(): Promise<void> {
  await locker?.end();
  locker = undefined;
}

/** The session of the webhook that waits to write an event. */
function insertUnderWay(): Promise<number> {
  return eventually('an insert waits for the lock', async () => {
    const [row] = await stack.query<{ pid: number }>(
      `select pid from pg_stat_activity
        where datname = current_database() and application_name = 'vodai-webhook' and wait_event_type = 'Lock'`,
    );
    return row?.pid;
  });
}

type Chance = (below: number) => number;

/** mulberry32: small, and the same everywhere for one seed. */
function seededChance(seed: number): Chance {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const ODD_VALUES = ['null', 'true', '0', '-1', '1e999', '""', '"\\u0000"', '"\\ud800"', '"2026-13-45T99:99:99Z"', '"2026-11-22T09:00:00:123Z"', '[]', '{}', '[[[[]]]]', '"success"', '"FAIL "', '"AIVideoTagComplete"', '"AIMediaDNAComplete"', '9007199254740993', '"🎬"']; // prettier-ignore
const ODD_KEYS = ['EventType', 'EventType ', 'eventtype', 'JobId', 'MediaId', 'VideoId', 'Status', 'EventTime', 'Extend', 'Data', 'Code', 'Message', '__proto__', 'constructor', '']; // prettier-ignore

/** Noise, a sample with some bytes changed, a sample that was cut, or an object of odd fields. */
function randomBody(chance: Chance, samples: Buffer[]): Buffer {
  const sample = Buffer.from(samples[chance(samples.length)] ?? '');
  switch (chance(4)) {
    case 0:
      return Buffer.from(Array.from({ length: chance(300) }, () => chance(256)));
    case 1:
      for (let changes = 1 + chance(8); changes > 0; changes -= 1) sample[chance(sample.length)] = chance(256);
      return sample;
    case 2:
      return sample.subarray(chance(sample.length), sample.length - chance(20));
    default: {
      const field = () =>
        `${JSON.stringify(ODD_KEYS[chance(ODD_KEYS.length)])}:${ODD_VALUES[chance(ODD_VALUES.length)]}`;
      return Buffer.from(`{${Array.from({ length: chance(12) }, field).join()}}`);
    }
  }
}
