import http from 'node:http';
import { eventually } from '@app/testing';
import Ajv from 'ajv';
import { Client } from 'pg';
import { unlimited } from '@app/vod-emulator';
import { Stack, keys, type Answer } from './support/stack';

const TEN_MINUTES = { min: 600_000, max: 600_000 };
/** Far above what an answer takes, far below the wait that it must not use up. */
const LONG_BEFORE_THE_WAIT_MS = 30_000;

let stack: Stack;
let medias = 0;

/** Jobs stay open at VOD until a test ends them. */
beforeAll(async () => {
  stack = await Stack.start({
    env: {
      VOD_REGIONS: 'cn-shanghai,ap-southeast-1',
      SUBMIT_QPS: '1000',
      COLLECT_QPS: '1000',
      VOD_CONFIG_EXTRA: 'AIVideoTag.AnalyseTypes=NewOne, AIVideoTag.New',
    },
    emulator: { jobTimeMs: TEN_MINUTES, qps: unlimited },
  });
});
afterAll(() => stack.stop());

/** A media that no other test asks for. */
function newMedia(): string {
  medias += 1;
  return `media-${medias}`;
}

function post(body: unknown, headers: Record<string, string> = {}, key: string | null = keys.operator) {
  return stack.call('POST', '/v1/jobs', { body, headers, key });
}

async function openJob(more: Record<string, unknown> = {}): Promise<{ id: string; requestId: string }> {
  const request = await stack.enqueue(newMedia(), ['AIVideoTag'], more);
  return { id: request.jobs[0].id, requestId: request.id };
}

async function endAtVod(id: string, state: 'success' | 'fail' = 'success'): Promise<void> {
  const { vodJobId } = await stack.untilJob(id, 'processing');
  stack.emulator.finish(vodJobId, state);
}

async function settledJob(state: 'success' | 'fail' = 'success', more: Record<string, unknown> = {}): Promise<any> {
  const { id } = await openJob(more);
  await endAtVod(id, state);
  return stack.untilJob(id, 'succeeded', 'failed');
}

/** What an accepted request leaves behind. History grows by itself while jobs move, so only its first lines count. */
async function stored(): Promise<object | undefined> {
  const [counts] = await stack.query(
    `select (select count(*)::int from request) as requests, (select count(*)::int from job) as jobs,
            (select count(*)::int from history where event = 'created') as created`,
  );
  return counts;
}

function expectProblem({ status, headers, body }: Answer, expected: { status: number; code: string }): void {
  expect({ status, code: body.code }).toEqual(expected);
  expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(body).toEqual({
    type: expect.stringMatching(/^urn:/),
    title: expect.any(String),
    status: expected.status,
    code: expected.code,
    detail: expect.stringMatching(/./),
    requestId: headers.get('request-id'),
    ...(expected.code === 'invalid_request' ? { errors: expect.any(Array) } : {}),
  });
}

const invalidRequest = { status: 400, code: 'invalid_request' };

/** As it is written: fetch would mend the path before it leaves. */
function getAsWritten(path: string): Promise<Answer> {
  const { hostname, port } = new URL(stack.api.url);
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${keys.viewer}` };
    const request = http.request({ hostname, port, path, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: new Headers(response.headers as Record<string, string>),
          body: JSON.parse(text),
        }),
      );
    });
    request.on('error', reject);
    request.end();
  });
}

const isoTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const uuid = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);

describe('The shapes of the contract', () => {
  it('answers an accepted request with 202, its place, and its jobs in the order of their types', async () => {
    const mediaId = newMedia();
    const answer = await post({
      mediaId,
      types: ['AIMediaDNA', 'AIVideoTag'],
      priority: 'high',
      labels: { batch: '2026-11' },
      extend: 'for the client',
    });
    expect(answer.status).toBe(202);
    expect(answer.headers.get('location')).toBe(`/v1/requests/${answer.body.id}`);
    expect(answer.body).toEqual({
      id: uuid,
      mediaId,
      region: 'cn-shanghai',
      priority: 'high',
      labels: { batch: '2026-11' },
      client: 'otto',
      extend: 'for the client',
      createdAt: isoTime,
      deduplicated: false,
      jobs: [
        { id: uuid, type: 'AIMediaDNA', state: 'queued' },
        { id: uuid, type: 'AIVideoTag', state: 'queued' },
      ],
    });

    const again = await stack.get(`/v1/requests/${answer.body.id}`);
    expect(again.status).toBe(200);
    expect({ ...again.body, jobs: again.body.jobs.map(({ id, type }: any) => ({ id, type })) }).toEqual({
      ...answer.body,
      jobs: answer.body.jobs.map(({ id, type }: any) => ({ id, type })),
    });
  });

  it('takes a type that is asked for twice once', async () => {
    const { jobs } = await stack.enqueue(newMedia(), ['AIVideoTag', 'AIVideoTag']);
    expect(jobs).toHaveLength(1);
  });

  it('answers a job with exactly the keys of the contract, from its first state to its last', async () => {
    const { id, requestId } = await openJob({ labels: { a: 'b' } });
    const processing = await stack.untilJob(id, 'processing');
    const shape = {
      id,
      requestId,
      mediaId: expect.any(String),
      region: 'cn-shanghai',
      type: 'AIVideoTag',
      vodJobId: expect.any(String),
      attempts: 1,
      priority: 'normal',
      labels: { a: 'b' },
      client: 'otto',
      createdAt: isoTime,
      submittedAt: isoTime,
    };
    expect(processing).toEqual({
      ...shape,
      state: 'processing',
      error: null,
      finishedAt: null,
      settledAt: null,
      dueAt: isoTime,
      version: 3,
    });

    await endAtVod(id, 'fail');
    expect(await stack.untilJob(id, 'failed')).toEqual({
      ...shape,
      state: 'failed',
      error: { phase: 'vod', code: expect.any(String), message: expect.any(String) },
      finishedAt: isoTime,
      settledAt: isoTime,
      dueAt: null,
      version: 5,
    });
  });

  it('answers a result with exactly its four keys, and 404 no_result before there is one', async () => {
    const { id } = await openJob();
    expectProblem(await stack.get(`/v1/jobs/${id}/result`), { status: 404, code: 'no_result' });
    await endAtVod(id);
    await stack.untilJob(id, 'succeeded');
    expect((await stack.get(`/v1/jobs/${id}/result`)).body).toEqual({
      normalized: expect.objectContaining({ type: 'AIVideoTag' }),
      raw: expect.any(Object),
      source: 'ListAIJob',
      readAt: isoTime,
    });
  });

  /** As VOD may write them: past 2⁵³, past all numbers of JavaScript, with zeros that count. */
  const numbers = '{"id":9007199254740993,"big":1e400,"small":-1E-400,"price":0.10,"text":"9007199254740993","deep":[{"id":123456789012345678901234567890}]}'; // prettier-ignore

  it.each([
    ['numbers that JavaScript has no room for', numbers, numbers],
    ['a number alone', '9007199254740993', '9007199254740993'],
    ['lines and blanks', '{\n  "a": 1.0\n}\n', '{\n  "a": 1.0\n}\n'],
    ['text that is not JSON', '{"id":9007199254740993', '"{\\"id\\":9007199254740993"'],
    ['text that would end the answer', '1,"source":"forged"', '"1,\\"source\\":\\"forged\\""'],
    ['nothing', null, 'null'],
  ])('answers a raw result character for character: %s', async (_name, raw, expected) => {
    const job = await settledJob();
    await stack.query('update result set raw = $2 where job_id = $1', [job.id, raw]);
    const response = await fetch(`${stack.api.url}/v1/jobs/${job.id}/result`, {
      headers: { authorization: `Bearer ${keys.viewer}` },
    });
    const text = await response.text();
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(text).toContain(`,"raw":${expected},"source":"ListAIJob","readAt":"`);
    expect(Object.keys(JSON.parse(text) as object)).toEqual(['normalized', 'raw', 'source', 'readAt']);
  });

  it('answers received events, in a list without and one by one with their body', async () => {
    const job = await settledJob();
    const events = await eventually('its event is matched', async () => {
      const { body } = await stack.get(`/v1/events?jobId=${job.id}`);
      return body.items.length > 0 ? body : null;
    });
    const [listed] = events.items;
    expect(listed).toMatchObject({
      id: uuid,
      receivedAt: isoTime,
      signature: 'valid',
      verdict: 'matched',
      eventType: 'AIVideoTagComplete',
      vodJobId: job.vodJobId,
      mediaId: job.mediaId,
      jobId: job.id,
      copies: 1,
    });
    expect(listed).not.toHaveProperty('body');
    const one = await stack.get(`/v1/events/${listed.id}`);
    expect(JSON.parse(one.body.body)).toMatchObject({ EventType: 'AIVideoTagComplete', JobId: job.vodJobId });
  });

  it('tells what happened to a job, oldest first, with the verdict on the signature of its event', async () => {
    const job = await settledJob();
    const items = await stack.history(job.id);
    expect(items.map((line) => line.version)).toEqual([1, 2, 3, 4, 5]);
    const times: number[] = items.map((line) => Date.parse(line.at));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    for (const line of items) expect(line.text).toMatch(/./);
    expect(items.find((line) => line.event === 'event_received').detail.signature).toBe('valid');
  });

  it('counts jobs by state and type', async () => {
    const { body: before } = await stack.get('/v1/stats');
    const job = await settledJob();
    const { body } = await stack.get('/v1/stats');
    expect(Object.keys(body).toSorted()).toEqual(
      ['callbacksLost', 'circuits', 'jobs', 'late', 'oldestDueAt', 'oldestUnmatchedEventAt', 'progress', 'unserved'], // prettier-ignore
    );
    expect(body.circuits).toEqual([]);
    expect(body.jobs.total).toBe(before.jobs.total + 1);
    expect(body.jobs.byType[job.type].succeeded).toBe(before.jobs.byType[job.type].succeeded + 1);
    const sum = Object.values<number>(body.jobs.byState).reduce((total, count) => total + count, 0);
    expect(sum).toBe(body.jobs.total);
  });
});

describe('Who may', () => {
  it.each([
    ['no header', undefined],
    ['no secret', 'Bearer'],
    ['a blank for a secret', 'Bearer  '],
    ['an unknown secret', 'Bearer wrong-canary'],
    ['a secret with something behind it', `Bearer ${keys.admin}x`],
    ['a secret in another case', `Bearer ${keys.admin.toUpperCase()}`],
    ['two secrets', `Bearer ${keys.admin} ${keys.operator}`],
    ['another scheme', `Basic ${keys.admin}`],
    ['the secret alone', keys.admin],
    ['its name for the secret', 'Bearer ada'],
  ])('is 401 with a challenge for %s', async (_name, authorization) => {
    const headers = authorization === undefined ? {} : { authorization };
    for (const [method, path] of [
      ['GET', '/v1/jobs'],
      ['POST', '/v1/jobs'],
      ['GET', '/v1/stats'],
      ['GET', '/v1/events'],
    ] as const) {
      const answer = await stack.call(method, path, { key: null, headers });
      expectProblem(answer, { status: 401, code: 'unauthorized' });
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
      expect(JSON.stringify(answer.body)).not.toMatch(/canary/);
    }
  });

  it('is 403 for a viewer who enqueues, and nothing is stored', async () => {
    const before = await stored();
    const answer = await post({ mediaId: newMedia(), types: ['AIVideoTag'] }, {}, keys.viewer);
    expectProblem(answer, { status: 403, code: 'forbidden' });
    expect(await stored()).toEqual(before);
  });

  it('is everyone with a larger role than the one that is needed', async () => {
    expect((await post({ mediaId: newMedia(), types: ['AIVideoTag'] }, {}, keys.admin)).status).toBe(202);
    for (const key of [keys.viewer, keys.operator, keys.admin])
      expect((await stack.get('/v1/jobs', key)).status).toBe(200);
  });

  it('is anyone, for the faces that carry no data', async () => {
    for (const path of ['/healthz', '/readyz', '/metrics', '/docs', '/openapi.json']) {
      expect((await stack.call('GET', path, { key: null })).status).toBe(200);
    }
  });
});

describe('A request that cannot be right', () => {
  const right = { mediaId: 'right', types: ['AIVideoTag'] };
  const nested = (levels: number) =>
    `{"mediaId":"m","types":["AIVideoTag"],"config":{"AIVideoTag":{"a":${'['.repeat(levels)}${']'.repeat(levels)}}}}`;
  const labels = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`key-${i}`, 'x']));

  /** Name, body, and the path that the answer blames. */
  const bodies: [name: string, body: unknown, path: string][] = [
    ['an empty media id', { ...right, mediaId: '' }, 'mediaId'],
    ['a media id of blanks', { ...right, mediaId: '   ' }, 'mediaId'],
    ['a blank inside the media id', { ...right, mediaId: 'a b' }, 'mediaId'],
    ['a comma inside the media id', { ...right, mediaId: 'a,b' }, 'mediaId'],
    ['NUL inside the media id', { ...right, mediaId: 'a\0b' }, 'mediaId'],
    ['a line break after the media id', { ...right, mediaId: 'a\n' }, 'mediaId'],
    ['a media id of 129 characters', { ...right, mediaId: 'x'.repeat(129) }, 'mediaId'],
    ['a media id that is a number', { ...right, mediaId: 5 }, 'mediaId'],
    ['no media id', { types: right.types }, 'mediaId'],
    ['no types', { mediaId: 'm' }, 'types'],
    ['an empty list of types', { ...right, types: [] }, 'types'],
    ['an unknown type', { ...right, types: ['AIVideoCensor'] }, 'types.0'],
    ['a type in another case', { ...right, types: ['aivideotag'] }, 'types.0'],
    ['types that are a text', { ...right, types: 'AIVideoTag' }, 'types'],
    ['an unknown region', { ...right, region: 'mars-1' }, 'region'],
    ['a region that is offered but not served here', { ...right, region: 'cn-beijing' }, 'region'],
    ['a region with the name of a property of every object', { ...right, region: 'constructor' }, 'region'],
    ['an empty region', { ...right, region: '' }, 'region'],
    ['an unknown priority', { ...right, priority: 'urgent' }, 'priority'],
    ['config for a type that is not asked for', { ...right, config: { AIMediaDNA: {} } }, 'config.AIMediaDNA'],
    ['config for an unknown type', { ...right, config: { Nothing: {} } }, 'config'],
    ['config that is a text', { ...right, config: '{}' }, 'config'],
    ['config for a type that is a list', { ...right, config: { AIVideoTag: [] } }, 'config.AIVideoTag'],
    ['NUL inside config', { ...right, config: { AIVideoTag: { a: 'x\0' } } }, 'config'],
    ['config of more than 8 KiB', { ...right, config: { AIVideoTag: { a: 'x'.repeat(8_192) } } }, 'config'],
    [
      'config of more than 8 KiB in multi-byte text',
      { ...right, config: { AIVideoTag: { a: '界'.repeat(2_731) } } },
      'config',
    ],
    [
      'config with a number beyond all numbers',
      '{"mediaId":"m","types":["AIVideoTag"],"config":{"AIVideoTag":{"a":1e999}}}',
      'config.AIVideoTag.a',
    ],
    [
      'config with a value that VOD does not know',
      { ...right, config: { AIVideoTag: { AnalyseTypes: 'Nope' } } },
      'config.AIVideoTag.AnalyseTypes',
    ],
    [
      'config with a misspelt key',
      { ...right, config: { AIVideoTag: { AnalyzeTypes: 'ASR' } } },
      'config.AIVideoTag.AnalyzeTypes',
    ],
    [
      'config with a library that is a number',
      { ...right, types: ['AIMediaDNA'], config: { AIMediaDNA: { DNADBId: 5 } } },
      'config.AIMediaDNA.DNADBId',
    ],
    ['33 labels', { ...right, labels: labels(33) }, 'labels'],
    ['a label key with a blank', { ...right, labels: { 'a b': 'x' } }, 'labels.a b'],
    ['a label key with a colon', { ...right, labels: { 'a:b': 'x' } }, 'labels.a:b'],
    ['an empty label key', { ...right, labels: { '': 'x' } }, 'labels.'],
    ['a label value that is a number', { ...right, labels: { a: 1 } }, 'labels.a'],
    ['NUL inside a label', { ...right, labels: { a: 'x\0' } }, 'labels.a'],
    ['half a character inside a label', '{"mediaId":"m","types":["AIVideoTag"],"labels":{"a":"\\ud83d"}}', 'labels.a'],
    ['257 bytes of extend', { ...right, extend: 'x'.repeat(257) }, 'extend'],
    ['extend of 86 characters and 258 bytes', { ...right, extend: '界'.repeat(86) }, 'extend'],
    ['NUL inside extend', { ...right, extend: 'x\0' }, 'extend'],
    ['force that is a text', { ...right, force: 'true' }, 'force'],
    ['an unknown field', { ...right, mediaID: 'm' }, ''],
    ['a field called constructor', { ...right, constructor: 'm' }, ''],
    ['a field called __proto__', '{"mediaId":"m","types":["AIVideoTag"],"__proto__":{"force":true}}', ''],
    ['a label called __proto__', '{"mediaId":"m","types":["AIVideoTag"],"labels":{"__proto__":"x"}}', ''],
    ['a constructor with a prototype', '{"mediaId":"m","types":["AIVideoTag"],"constructor":{"prototype":{}}}', ''],
    ['broken JSON', '{"mediaId":', ''],
    ['two JSON values', '{} {}', ''],
    ['JSON inside JSON', JSON.stringify(JSON.stringify(right)), ''],
    ['null', 'null', ''],
    ['a list', [right], ''],
    ['a number', '5', ''],
    ['17 levels', nested(17), 'config.AIVideoTag.a'],
    ['100,000 levels inside config', nested(100_000), 'config.AIVideoTag.a'],
    ['100,000 levels', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, ''],
  ];

  it.each(bodies)('is 400 that names the place, and leaves nothing behind: %s', async (_name, body, path) => {
    const before = await stored();
    const answer = await post(body);
    expectProblem(answer, invalidRequest);
    expect(answer.body.errors.map((error: { path: string }) => error.path)).toContain(path);
    expect(await stored()).toEqual(before);
  });

  it.each([
    ['empty', ''],
    ['of 256 characters', 'k'.repeat(256)],
    ['not ASCII', 'clé'],
    ['with a tab inside', 'a\tb'],
  ])('is 400 when its Idempotency-Key is %s', async (_name, key) => {
    const before = await stored();
    const answer = await post({ mediaId: newMedia(), types: ['AIVideoTag'] }, { 'idempotency-key': key });
    expectProblem(answer, invalidRequest);
    expect(answer.body.errors[0].path).toBe('idempotency-key');
    expect(await stored()).toEqual(before);
  });

  it.each([
    ['AIVideoTag where only fingerprints are offered', 'ap-southeast-1', ['AIVideoTag', 'AIMediaDNA']],
    ['a region without either, served here or not', 'cn-hongkong', ['AIMediaDNA']],
    ['a region that is not served here and lacks one of two', 'eu-central-1', ['AIVideoTag']],
  ])('is 422 unsupported_in_region for %s', async (_name, region, types) => {
    const before = await stored();
    expectProblem(await post({ mediaId: newMedia(), types, region }), { status: 422, code: 'unsupported_in_region' });
    expect(await stored()).toEqual(before);
  });

  it.each([
    ['text/plain', JSON.stringify(right)],
    ['application/x-www-form-urlencoded', 'mediaId=form&types=AIVideoTag&types=AIMediaDNA'],
    ['multipart/form-data; boundary=x', '--x--'],
    ['application/xml', '<mediaId/>'],
    ['nonsense', JSON.stringify(right)],
  ])('is 415 as %s', async (type, body) => {
    const before = await stored();
    const answer = await post(body, { 'content-type': type });
    expectProblem(answer, { status: 415, code: 'unsupported_media_type' });
    expect(await stored()).toEqual(before);
  });

  it('is 400 when it is no UTF-8, rather than kept as something that nobody has sent', async () => {
    const before = await stored();
    const body = Buffer.from(JSON.stringify({ ...right, extend: 'caf\u00e9' }), 'latin1');
    const response = await fetch(`${stack.api.url}/v1/jobs`, {
      method: 'POST',
      headers: { authorization: `Bearer ${keys.operator}`, 'content-type': 'application/json' },
      body,
    });
    const answer = { status: response.status, headers: response.headers, body: (await response.json()) as never };
    expectProblem(answer, invalidRequest);
    expect(answer.body).toMatchObject({ errors: [{ path: '', message: 'expected UTF-8' }] });
    expect(await stored()).toEqual(before);
  });

  it('is 400 without a body, announced as JSON or not', async () => {
    expectProblem(await stack.call('POST', '/v1/jobs'), invalidRequest);
    const announced = await stack.call('POST', '/v1/jobs', { headers: { 'content-type': 'application/json' } });
    expectProblem(announced, invalidRequest);
  });

  it('row 4: is 413 over 1 MiB', async () => {
    const before = await stored();
    const answer = await post({ ...right, extend: 'x'.repeat(1024 * 1024) });
    expectProblem(answer, { status: 413, code: 'too_large' });
    expect(await stored()).toEqual(before);
  });

  it('is answered briefly, however long what it got wrong', async () => {
    const answer = await post({ ...right, ['x'.repeat(500_000)]: 1, types: Array.from({ length: 10_000 }, () => 'x') });
    expectProblem(answer, invalidRequest);
    expect(JSON.stringify(answer.body).length).toBeLessThan(20_000);
  });
});

describe('A request at the limits of what is right', () => {
  it.each([
    ['a media id of 128 characters', { mediaId: 'm'.repeat(128) }],
    ['a media id with every punctuation', { mediaId: '!"#$%&\'()*+-./:;<=>?@[\\]^_`{|}~' }],
    ['32 labels', { labels: Object.fromEntries(Array.from({ length: 32 }, (_, i) => [`key-${i}`, 'x'.repeat(256)])) }],
    ['256 bytes of extend', { extend: `${'界'.repeat(85)}x` }],
    ['text in any script', { extend: '視頻 🎬 \u202e', labels: { a: '視頻 🎬\n' } }],
    ['labels that are called like properties of every object', { labels: { constructor: 'a', toString: 'b' } }],
    ['config of 16 levels', { config: { AIVideoTag: { New: JSON.parse(`${'['.repeat(14)}${']'.repeat(14)}`) } } }],
    ['null for extend', { extend: null }],
    ['the region of the second place', { region: 'ap-southeast-1', types: ['AIMediaDNA'] }],
  ])('is accepted as it is: %s', async (_name, more) => {
    const answer = await post({ mediaId: newMedia(), types: ['AIVideoTag'], ...more });
    expect(answer.status).toBe(202);
    const { config: _config, types: _types, ...kept } = more as Record<string, unknown>;
    expect(answer.body).toMatchObject(kept);
    expect((await stack.get(`/v1/requests/${answer.body.id}`)).body).toMatchObject(kept);
  });

  it('keeps the config value for value', async () => {
    const config = { AIVideoTag: { AnalyseTypes: 'ASR,OCR', New: [1, 1.5, null, true, { '': '視' }] } };
    const { id } = await stack.enqueue(newMedia(), ['AIVideoTag'], { config });
    expect(await stack.query('select config from request where id = $1', [id])).toEqual([{ config }]);
  });
});

describe('The same request again', () => {
  it('row 1: is replayed for its Idempotency-Key, also when the job is over', async () => {
    const body = { mediaId: newMedia(), types: ['AIVideoTag'], labels: { a: '1' } };
    const first = await post(body, { 'idempotency-key': 'again-1' });
    expect(first.status).toBe(202);
    expect(first.headers.get('idempotent-replay')).toBeNull();
    await endAtVod(first.body.jobs[0].id);
    await stack.untilJob(first.body.jobs[0].id, 'succeeded');

    const second = await post(body, { 'idempotency-key': 'again-1' });
    expect(second.status).toBe(200);
    expect(second.headers.get('idempotent-replay')).toBe('true');
    expect(second.body).toEqual({ ...first.body, jobs: [{ ...first.body.jobs[0], state: 'succeeded' }] });
  });

  it('is replayed for its key although its config would be refused today', async () => {
    const good = { mediaId: newMedia(), types: ['AIVideoTag'], config: { AIVideoTag: { AnalyseTypes: 'NewOne' } } };
    const first = await post(good, { 'idempotency-key': 'older' });
    expect(first.status).toBe(202);
    const strict = await stack.startApi({ VOD_CONFIG_EXTRA: '' });
    const again = (key: string, body: object = good) =>
      stack.call('POST', '/v1/jobs', { body, headers: { 'idempotency-key': key }, api: strict });
    expect(await again('older')).toMatchObject({ status: 200, body: { id: first.body.id } });
    expectProblem(await again('newer'), { status: 400, code: 'invalid_request' });
    expectProblem(await again('older', { ...good, priority: 'low' }), { status: 422, code: 'idempotency_mismatch' });
  });

  it('row 1: is 422 idempotency_mismatch with another body, and nothing is stored', async () => {
    const body = { mediaId: newMedia(), types: ['AIVideoTag'] };
    await post(body, { 'idempotency-key': 'again-2' });
    const before = await stored();
    for (const other of [
      { mediaId: newMedia() },
      { priority: 'low' },
      { labels: { a: '1' } },
      { types: ['AIMediaDNA'] },
    ]) {
      const answer = await post({ ...body, ...other }, { 'idempotency-key': 'again-2' });
      expectProblem(answer, { status: 422, code: 'idempotency_mismatch' });
    }
    expect(await stored()).toEqual(before);
  });

  it('is another request when another client takes the same key', async () => {
    const body = { mediaId: newMedia(), types: ['AIVideoTag'] };
    const otto = await post(body, { 'idempotency-key': 'again-3' });
    const ada = await post(body, { 'idempotency-key': 'again-3' }, keys.admin);
    expect([otto.status, ada.status]).toEqual([202, 202]);
    expect(ada.body).toMatchObject({ client: 'ada' });
    expect(ada.body.id).not.toBe(otto.body.id);
  });

  it('is answered with the open job of the same media, type and config, and without a key', async () => {
    const body = { mediaId: newMedia(), types: ['AIVideoTag'], config: { AIVideoTag: { AnalyseTypes: 'ASR' } } };
    const first = await post(body);
    const second = await post(body);
    expect([first.status, second.status]).toEqual([202, 200]);
    expect(second.body).toMatchObject({ id: first.body.id, deduplicated: true });

    for (const other of [{ config: { AIVideoTag: { AnalyseTypes: 'OCR' } } }, { mediaId: newMedia() }]) {
      expect(await post({ ...body, ...other })).toMatchObject({ status: 202, body: { deduplicated: false } });
    }
    expect((await post(body, {}, keys.admin)).status).toBe(202);
  });

  it('is a new one when the first is over', async () => {
    const job = await settledJob();
    const answer = await post({ mediaId: job.mediaId, types: ['AIVideoTag'] });
    expect(answer.status).toBe(202);
    expect(answer.body.jobs[0].id).not.toBe(job.id);
  });

  it('is paid again when it says force, and the history says so', async () => {
    const body = { mediaId: newMedia(), types: ['AIVideoTag'] };
    const first = await post(body);
    const second = await post({ ...body, force: true });
    expect(second.status).toBe(202);
    expect(second.body.jobs[0].id).not.toBe(first.body.jobs[0].id);
    const [created] = await stack.history(second.body.jobs[0].id);
    expect(created.text).toMatch(/forced/);
  });

  it('row 2: is one request when twenty callers ask at once', async () => {
    const keyed = { mediaId: newMedia(), types: ['AIVideoTag'] };
    const natural = { mediaId: newMedia(), types: ['AIVideoTag', 'AIMediaDNA'] };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => [post(keyed, { 'idempotency-key': 'again-4' }), post(natural)]).flat(),
    );
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(2);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(38);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(2);
    for (const { mediaId, types } of [keyed, natural]) {
      expect(await stack.query('select from job where media_id = $1', [mediaId])).toHaveLength(types.length);
    }
  });
});

describe('Waiting for a job', () => {
  it('is answered at once when the job is over', async () => {
    const job = await settledJob();
    const started = performance.now();
    const { body } = await stack.get(`/v1/jobs/${job.id}?wait=60s`);
    expect(body).toEqual(job);
    expect(performance.now() - started).toBeLessThan(LONG_BEFORE_THE_WAIT_MS);
  });

  it('is answered for everyone in the moment in which the job is over', async () => {
    const { id } = await openJob();
    await stack.untilJob(id, 'processing');
    const started = performance.now();
    const waiting = Promise.all(Array.from({ length: 5 }, () => stack.get(`/v1/jobs/${id}?wait=60s`)));
    await endAtVod(id);
    for (const { status, body } of await waiting)
      expect({ status, state: body.state }).toEqual({ status: 200, state: 'succeeded' });
    expect(performance.now() - started).toBeLessThan(LONG_BEFORE_THE_WAIT_MS);
  });

  it('is answered after the wait with the present state', async () => {
    const { id } = await openJob();
    await stack.untilJob(id, 'processing');
    const started = performance.now();
    const { status, body } = await stack.get(`/v1/jobs/${id}?wait=300ms`);
    expect({ status, state: body.state }).toEqual({ status: 200, state: 'processing' });
    expect(performance.now() - started).toBeGreaterThanOrEqual(299);
  });

  it('outlives the loss of the connection that listens, and listens again', async () => {
    const listeners = () =>
      stack.query<{ pid: number }>(
        `select pid from pg_stat_activity where datname = current_database() and application_name = 'vodai-api-listen'`,
      );
    const [before] = await listeners();
    const { id } = await openJob();
    await stack.untilJob(id, 'processing');
    const started = performance.now();
    const waiting = stack.get(`/v1/jobs/${id}?wait=60s`);
    await stack.query('select pg_terminate_backend($1)', [before?.pid]);
    await endAtVod(id);
    expect((await waiting).body.state).toBe('succeeded');
    expect(performance.now() - started).toBeLessThan(LONG_BEFORE_THE_WAIT_MS);

    await eventually('another connection listens', async () => {
      const [now] = await listeners();
      return now && now.pid !== before?.pid;
    });
  });

  it('is 404 at once for a job that is not there', async () => {
    const answer = await stack.get('/v1/jobs/01900000-0000-7000-8000-000000000000?wait=60s');
    expectProblem(answer, { status: 404, code: 'not_found' });
  });
});

describe('Questions that cannot be answered', () => {
  const nobody = '01900000-0000-7000-8000-000000000000';

  it.each(['/v1/requests/', '/v1/jobs/', '/v1/events/', '/v1/endpoints/', '/v1/deliveries/'])(
    'are 404 for an id that nothing has: GET %s…',
    async (path) => {
      expectProblem(await stack.get(`${path}${nobody}`), { status: 404, code: 'not_found' });
    },
  );
  it.each(['history', 'result'])('are 404 for the %s of a job that is not there', async (part) => {
    expectProblem(await stack.get(`/v1/jobs/${nobody}/${part}`), { status: 404, code: 'not_found' });
  });

  const noIds = [
    'x',
    '%00',
    '%20',
    '0193',
    `${nobody}%20`,
    `{${nobody}}`,
    nobody.replaceAll('-', ''),
    '%ff',
    '%zz',
    '%',
  ];
  it.each([
    ...noIds.map((id) => [id, id]),
    ['101 characters', 'a'.repeat(101)],
    ['5,000 characters', 'a'.repeat(5_000)],
  ] as [string, string][])('are 400 for an id that is none: %s', async (_name, id) => {
    for (const path of ['/v1/jobs', '/v1/requests', '/v1/events', '/v1/endpoints', '/v1/deliveries']) {
      expectProblem(await getAsWritten(`${path}/${id}`), invalidRequest);
    }
  });

  it.each([
    ['limit', ['0', '201', '-1', '1.5', '1e2', '', 'x', '99999999999999999999', '1&limit=2']],
    ['cursor', ['x', '', '1', `${nobody}&cursor=${nobody}`]],
    ['state', ['x', 'queued,failed', '', 'Queued']],
    ['type', ['x', '', 'AIVideoTag&type=AIMediaDNA']],
    ['mediaId', ['', '%00', 'a b', 'a,b', 'a&mediaId=b']],
    ['vodJobId', ['', '%00']],
    ['requestId', ['x', '']],
    ['region', ['%00', 'x'.repeat(65), 'a&region=b']],
    ['client', ['%00', 'x'.repeat(129)]],
    ['errorCode', ['%00', 'x'.repeat(129)]],
    ['label', ['', 'a', ':x', 'a b:x', 'a:%00', 'a:1&label=a:2']],
    ['createdFrom', ['x', '', '2026-11-22', '2026-02-30T00:00:00Z', '2026-11-22T09:00:00', '1790000000']],
    ['createdTo', ['x', '2026-11-22T25:00:00Z']],
    ['anything', ['1']],
    ['__proto__', ['1']],
    ['constructor', ['1']],
    ['limit[]', ['1']],
  ])('are 400 for a list with a wrong %s', async (name, values) => {
    for (const value of values) expectProblem(await stack.get(`/v1/jobs?${name}=${value}`), invalidRequest);
  });

  it.each(['verdict=x', 'vodJobId=%00', 'jobId=x', 'mediaId=a&mediaId=b', 'limit=0', 'cursor=x', 'state=queued'])(
    'are 400 for a list of events with %s',
    async (query) => {
      expectProblem(await stack.get(`/v1/events?${query}`), invalidRequest);
    },
  );

  it('are 400 with any parameter where there are none, and say so before anything is done', async () => {
    const { id, requestId } = await openJob();
    const before = await stored();
    for (const [method, path] of [
      ['GET', `/v1/requests/${requestId}`],
      ['GET', `/v1/jobs/${id}/result`],
      ['GET', `/v1/jobs/${id}/evidence`],
      ['GET', `/v1/events/${id}`],
      ['GET', '/v1/me'],
      ['POST', '/v1/jobs'],
      ['POST', `/v1/jobs/${id}/cancel`],
      ['POST', `/v1/jobs/${id}/retry`],
      ['POST', `/v1/jobs/${id}/refetch`],
      ['POST', `/v1/jobs/${id}/resolve`],
      ['POST', `/v1/events/${id}/replay`],
    ] as const) {
      const answer = await stack.call(method, `${path}?force=true`, method === 'GET' ? {} : { body: {} });
      expectProblem(answer, invalidRequest);
      expect([path, answer.body.errors]).toEqual([
        path,
        [{ path: 'force', message: 'unknown; expected no parameters' }],
      ]);
    }
    expect(await stored()).toEqual(before);
  });

  it('are 400 with a parameter that is not known, and told which are', async () => {
    for (const path of [
      '/v1/jobs',
      '/v1/jobs.csv',
      '/v1/jobs.ndjson',
      '/v1/stream',
      '/v1/events',
      '/v1/flow',
      '/v1/stats',
      '/v1/endpoints',
      '/v1/deliveries',
    ]) {
      const answer = await stack.get(`${path}?lable=a:b&limit=1&q=`);
      expectProblem(answer, invalidRequest);
      expect(answer.body.errors).toContainEqual({
        path: 'lable',
        message: expect.stringMatching(/^unknown; expected any of \w+/),
      });
    }
    expectProblem(await stack.get('/v1/stats?lable=a:b'), invalidRequest);
    // Who has no key is told that first.
    expectProblem(await stack.get('/v1/me?x=1', 'nobody'), { status: 401, code: 'unauthorized' });
    for (const path of ['/healthz', '/metrics', '/?state=failed'])
      expect((await stack.get(`${path}?x=1`)).status).toBe(200);
  });

  it('say what a label looks like', async () => {
    const { body } = await stack.get('/v1/jobs?label=foo');
    expect(body.errors).toEqual([
      {
        path: 'label.0',
        message: 'expected key:value, like batch:2026-11, with a key of 1 to 64 of A–Z a–z 0–9 _ . / -; got "foo"',
      },
    ]);
  });

  it.each(['', '61s', '60001ms', '1', '-1s', '1s&wait=2s', '%00', '1h', '1s&x=1'])(
    'are 400 for wait=%s',
    async (wait) => {
      const { id } = await openJob();
      expectProblem(await stack.get(`/v1/jobs/${id}?wait=${wait}`), invalidRequest);
    },
  );

  it.each([
    ['GET', '/v1/nothing'],
    ['GET', '/v1'],
    ['GET', '/v1/jobs/'],
    ['GET', '/v2/jobs'],
    ['DELETE', '/v1/jobs'],
    ['PUT', '/v1/jobs'],
    ['PATCH', `/v1/jobs/${nobody}`],
    ['POST', '/v1/stats'],
    ['POST', '/v1/events'],
    ['POST', `/v1/requests/${nobody}`],
  ])('are 404 or 405 where there is nothing: %s %s', async (method, path) => {
    const answer = await stack.call(method, path, method === 'GET' ? {} : { body: {} });
    expect([404, 405]).toContain(answer.status);
    expectProblem(answer, { status: answer.status, code: answer.status === 404 ? 'not_found' : 'method_not_allowed' });
  });
});

describe('Request-Id', () => {
  const ids = async (asked: string | undefined, path = '/v1/me', key: string | null = keys.viewer) => {
    const { headers } = await stack.call('GET', path, {
      key,
      headers: asked === undefined ? {} : { 'request-id': asked },
    });
    return headers.get('request-id');
  };

  it('is on every answer, and another one each time', async () => {
    const job = await settledJob();
    const paths = [
      '/v1/jobs',
      '/v1/nothing',
      '/',
      '/docs',
      '/docs/',
      '/openapi.json',
      '/session.json',
      '/healthz',
      '/metrics',
    ];
    const seen = [];
    for (const path of [...paths, `/v1/jobs/${job.id}/result`, '/v1/jobs.csv?state=failed', '/assets/nothing.js']) {
      seen.push(await ids(undefined, path));
    }
    expect(seen).toEqual(seen.map(() => uuid));
    expect(new Set(seen).size).toBe(seen.length);
    expect(await ids(undefined, '/v1/me', null)).toEqual(uuid);
    expect((await getAsWritten('/v1/jobs/%zz')).headers.get('request-id')).toEqual(uuid);
  });

  it("is the caller's own, when it is one", async () => {
    for (const asked of ['a', 'trace-1/span:2', '0af7651916cd43dd8448eb211c80319c', 'x'.repeat(128)]) {
      expect(await ids(asked)).toBe(asked);
      expect(await ids(asked, '/v1/nothing')).toBe(asked);
    }
    for (const asked of ['', 'a b', 'x'.repeat(129), 'a,b', '"', '<b>']) expect(await ids(asked)).toEqual(uuid);
  });

  it('is on the answer of the stream', async () => {
    const stop = new AbortController();
    const response = await fetch(`${stack.api.url}/v1/stream`, {
      headers: { authorization: `Bearer ${keys.viewer}`, 'request-id': 'stream-1' },
      signal: stop.signal,
    });
    expect(response.headers.get('request-id')).toBe('stream-1');
    stop.abort();
  });

  it('is on the lines that are logged about the request, and on no other', async () => {
    await stack.query('alter table event rename to event_away');
    try {
      const answers = await Promise.all(
        ['logged-1', 'logged-2'].map((id) => stack.call('GET', '/v1/events', { headers: { 'request-id': id } })),
      );
      for (const answer of answers) expectProblem(answer, { status: 500, code: 'internal' });
    } finally {
      await stack.query('alter table event_away rename to event');
    }
    const lines = stack.logLines.map((line) => JSON.parse(line)).filter(({ httpRequestId }) => httpRequestId);
    expect(lines.filter(({ httpRequestId }) => httpRequestId.startsWith('logged-'))).toMatchObject([
      { httpRequestId: expect.any(String), path: '/v1/events', msg: 'internal' },
      { httpRequestId: expect.any(String), path: '/v1/events', msg: 'internal' },
    ]);
  });

  it('is on the lines of what a request does, whoever writes them', async () => {
    const { id } = await openJob();
    await stack.untilJob(id, 'processing');
    await endAtVod(id, 'fail');
    await stack.untilJob(id, 'failed');
    const body = { reason: 'again' };
    await stack.call('POST', `/v1/jobs/${id}/retry`, { body, headers: { 'request-id': 'retry-1' } });
    const lines = stack.logLines.map((line) => JSON.parse(line)).filter((line) => line.jobId === id);
    const [retried, ...others] = lines.filter((line) => line.httpRequestId !== undefined);
    expect(retried).toMatchObject({ process: 'api', msg: 'job.moved', state: 'queued', httpRequestId: 'retry-1' });
    expect(others).toEqual([]);
    expect(lines.length).toBeGreaterThan(1);
  });
});

describe('Lists', () => {
  const set = { set: 'lists' };
  let failed: any;
  let succeeded: any;
  let low: { id: string; requestId: string };
  let far: any;
  let foreign: any;

  beforeAll(async () => {
    failed = await settledJob('fail', { labels: { ...set, batch: '1' } });
    succeeded = await settledJob('success', { labels: { ...set, batch: '2', 'kind/of': 'a:b' } });
    low = await openJob({ priority: 'low', labels: { ...set, batch: '2' } });
    const elsewhere = await stack.enqueue(newMedia(), ['AIMediaDNA'], { region: 'ap-southeast-1', labels: set });
    far = await stack.untilJob(elsewhere.jobs[0].id, 'processing');
    const others = await post(
      { mediaId: newMedia(), types: ['AIVideoTag', 'AIMediaDNA'], labels: set },
      {},
      keys.admin,
    );
    foreign = others.body;
  });

  /** Ids of the jobs of this set that the filter lets through, newest first. */
  async function found(filter: string): Promise<string[]> {
    const { status, body } = await stack.get(`/v1/jobs?label=set:lists&limit=200&${filter}`);
    expect(status).toBe(200);
    return body.items.map((job: any) => job.id);
  }

  it('show the newest first, with exactly the jobs that were asked for', async () => {
    const ids = await found('');
    expect(ids).toHaveLength(6);
    expect(ids).toEqual(ids.toSorted().toReversed());
  });

  it('filter by every field of the contract', async () => {
    expect(await found('state=failed')).toEqual([failed.id]);
    expect(await found('state=failed&state=succeeded')).toEqual([succeeded.id, failed.id]);
    expect(await found('type=AIMediaDNA')).toEqual([foreign.jobs[1].id, far.id]);
    expect(await found(`mediaId=${succeeded.mediaId}`)).toEqual([succeeded.id]);
    expect(await found(`vodJobId=${far.vodJobId}`)).toEqual([far.id]);
    expect(await found(`requestId=${low.requestId}`)).toEqual([low.id]);
    expect(await found('region=ap-southeast-1')).toEqual([far.id]);
    expect(await found('client=ada')).toEqual([foreign.jobs[1].id, foreign.jobs[0].id]);
    expect(await found(`errorCode=${failed.error.code}`)).toEqual([failed.id]);
    expect(await found('errorCode=nothing')).toEqual([]);
    expect(await found('client=ada&type=AIMediaDNA')).toEqual([foreign.jobs[1].id]);
  });

  it('filter by labels, all of which must be there, and by values with a colon', async () => {
    expect(await found('label=batch:2')).toEqual([low.id, succeeded.id]);
    expect(await found('label=batch:2&label=kind/of:a:b')).toEqual([succeeded.id]);
    expect(await found('label=batch:3')).toEqual([]);
    expect(await found('label=batch:')).toEqual([]);
  });

  it('filter by time, the beginning included and the end not', async () => {
    const { createdAt } = succeeded;
    const next = new Date(Date.parse(createdAt) + 1).toISOString();
    expect(await found(`createdFrom=${createdAt}&createdTo=${next}`)).toEqual([succeeded.id]);
    expect(await found(`createdTo=${createdAt}`)).toEqual([failed.id]);
    expect(await found(`createdFrom=${next}`)).not.toContain(succeeded.id);
    const inShanghai = encodeURIComponent(
      new Date(Date.parse(createdAt) + 8 * 3_600_000).toISOString().replace('Z', '+08:00'),
    );
    expect(await found(`createdTo=${inShanghai}`)).toEqual([failed.id]);
  });

  it('do not read a filter as SQL or as a pattern', async () => {
    for (const value of ["'", "' or true --", '%25', '_', '\\']) {
      for (const name of ['client', 'errorCode', 'region']) {
        expect(await found(`${name}=${encodeURIComponent(value)}`)).toEqual([]);
      }
      expect(await found(`label=batch:${encodeURIComponent(value)}`)).toEqual([]);
    }
  });

  it.each([1, 2, 3, 5, 6, 200])('page to the end, %d at a time, although jobs are added meanwhile', async (limit) => {
    const expected = await found('');
    const seen: string[] = [];
    let pages = 0;
    let cursor = '';
    do {
      pages += 1;
      const { body } = await stack.get(`/v1/jobs?label=set:lists&limit=${limit}${cursor && `&cursor=${cursor}`}`);
      expect(body.items.length).toBeLessThanOrEqual(limit);
      seen.push(...body.items.map((job: any) => job.id));
      expect(seen.length).toBeLessThanOrEqual(expected.length);
      cursor = body.nextCursor;
      await openJob({ labels: { set: `newer than page ${seen.length}` } });
    } while (cursor);
    expect(seen).toEqual(expected);
    expect(pages).toBe(Math.ceil(expected.length / limit)); // no empty page at the end
  });

  it('have 50 items unless they are asked for another number', async () => {
    const [{ jobs }] = (await stack.query('select count(*)::int as jobs from job')) as [{ jobs: number }];
    await Promise.all(Array.from({ length: Math.max(0, 51 - jobs) }, () => openJob()));
    const { body } = await stack.get('/v1/jobs');
    expect(body.items).toHaveLength(50);
    expect(body.nextCursor).toBe(body.items[49].id);
  });

  it('of events are filtered and paged alike', async () => {
    await eventually('two events are matched', async () => {
      const { body } = await stack.get('/v1/events?verdict=matched');
      return body.items.length >= 2;
    });
    const whole = (await stack.get('/v1/events?limit=200')).body.items.map((event: any) => event.id);
    const seen: string[] = [];
    let cursor = '';
    do {
      const { body } = await stack.get(`/v1/events?limit=1${cursor && `&cursor=${cursor}`}`);
      seen.push(...body.items.map((event: any) => event.id));
      cursor = body.nextCursor;
    } while (cursor);
    expect(seen).toEqual(whole);
    expect(whole).toEqual(whole.toSorted().toReversed());

    const one = await stack.get(`/v1/events?vodJobId=${failed.vodJobId}&mediaId=${failed.mediaId}`);
    expect(one.body.items).toMatchObject([{ jobId: failed.id, status: 'fail' }]);
    expect((await stack.get('/v1/events?verdict=rejected')).body.items).toEqual([]);
  });
});

describe('The OpenAPI document', () => {
  let document: any;
  let job: any;
  const ajv = new Ajv({ strict: false, allErrors: true, formats: { uuid: true, 'date-time': true } });

  beforeAll(async () => {
    document = (await stack.get('/openapi.json')).body;
    ajv.addSchema({ $id: 'openapi', ...document });
    job = await settledJob();
  });

  it.each<[method: string, path: string, statuses: string]>([
    ['post', '/v1/jobs', '200 202 400 401 403 409 413 415 422 429 503'],
    ['get', '/v1/requests/{id}', '200 400 401 404 429 503'],
    ['get', '/v1/jobs', '200 400 401 429 503'],
    ['get', '/v1/jobs/{id}', '200 400 401 404 429 503'],
    ['post', '/v1/jobs/{id}/cancel', '200 400 401 403 404 409 413 415 429 503'],
    ['post', '/v1/jobs/{id}/retry', '200 400 401 403 404 409 413 415 429 503'],
    ['post', '/v1/jobs/{id}/refetch', '200 400 401 403 404 409 413 415 429 503'],
    ['post', '/v1/jobs/{id}/resolve', '200 400 401 403 404 409 413 415 429 503'],
    ['get', '/v1/jobs/{id}/history', '200 400 401 404 429 503'],
    ['get', '/v1/jobs/{id}/result', '200 400 401 404 429 503'],
    ['get', '/v1/jobs/{id}/evidence', '200 400 401 404 429 503'],
    ['get', '/v1/jobs/{id}/outlook', '200 400 401 404 429 503'],
    ['get', '/v1/workers', '200 400 401 429 503'],
    ['get', '/v1/flow', '200 400 401 429 503'],
    ['get', '/v1/events', '200 400 401 429 503'],
    ['get', '/v1/events/{id}', '200 400 401 404 429 503'],
    ['post', '/v1/events/{id}/replay', '200 400 401 403 404 409 413 415 429 503'],
    ['get', '/v1/stats', '200 400 401 429 503'],
    ['get', '/v1/stream', '200 400 401 429 503'],
    ['get', '/v1/me', '200 400 401 429 503'],
    ['post', '/v1/endpoints', '201 400 401 403 409 413 415 429 503'],
    ['get', '/v1/endpoints', '200 400 401 429 503'],
    ['get', '/v1/endpoints/{id}', '200 400 401 404 429 503'],
    ['patch', '/v1/endpoints/{id}', '200 400 401 403 404 413 415 429 503'],
    ['delete', '/v1/endpoints/{id}', '204 400 401 403 404 429 503'],
    ['post', '/v1/endpoints/{id}/rotate', '200 400 401 403 404 413 415 429 503'],
    ['post', '/v1/endpoints/{id}/test', '202 400 401 403 404 409 413 415 429 503'],
    ['get', '/v1/deliveries', '200 400 401 429 503'],
    ['get', '/v1/deliveries/{id}', '200 400 401 404 429 503'],
    ['post', '/v1/deliveries/{id}/replay', '200 400 401 403 404 409 413 415 429 503'],
    ['post', '/v1/deliveries/replay', '200 400 401 403 404 413 415 429 503'],
  ])('has %s %s with all of its answers: %s', (method, path, statuses) => {
    const { responses, security } = document.paths[path][method];
    // In the order of numbers, as every object of JavaScript has such keys.
    expect(Object.keys(responses).join(' ')).toBe(statuses);
    expect(security).toEqual([{ bearer: [] }]);
    for (const [status, { content }] of Object.entries<any>(responses)) {
      if (status === '204') continue; // without a body
      const good = path === '/v1/stream' ? 'text/event-stream' : 'application/json';
      const type = Number(status) < 400 ? good : 'application/problem+json';
      expect(Object.keys(content)).toEqual([type]);
      expect(content[type].schema.$ref).toMatch(/^#\/components\/schemas\/[A-Z]/);
    }
  });

  it.each([
    ['/v1/jobs.csv', 'text/csv'],
    ['/v1/jobs.ndjson', 'application/x-ndjson'],
  ])('has the export %s', (path, type) => {
    const { responses } = document.paths[path].get;
    expect(Object.keys(responses).join(' ')).toBe('200 400 401 429 503');
    expect(responses[200].content).toEqual({ [type]: { schema: { type: 'string' } } });
    expect(Object.keys(responses[400].content)).toEqual(['application/problem+json']);
  });

  it('has every parameter of the contract', () => {
    const names = (path: string) => document.paths[path].get.parameters.map((parameter: any) => parameter.name);
    expect(names('/v1/jobs').toSorted()).toEqual(
      ['client', 'createdFrom', 'createdTo', 'cursor', 'errorCode', 'label', 'limit', 'mediaId', 'mediaIdPrefix', 'q', 'region', 'requestId', 'state', 'type', 'vodJobId'], // prettier-ignore
    );
    expect(names('/v1/jobs/{id}').toSorted()).toEqual(['id', 'wait']);
    expect(document.paths['/v1/jobs'].post.parameters).toMatchObject([{ name: 'Idempotency-Key', in: 'header' }]);
  });

  it('names its schemas, and every reference leads to one', () => {
    const names = Object.keys(document.components.schemas);
    for (const name of [
      'SubmitRequest',
      'Request',
      'Job',
      'Jobs',
      'History',
      'Result',
      'Event',
      'Events',
      'Stats',
      'Problem',
    ]) {
      expect(names).toContain(name);
    }
    const references = JSON.stringify(document).match(/#\/components\/schemas\/\w+/g) ?? [];
    expect(references.filter((reference) => !names.includes(reference.split('/').at(-1) ?? ''))).toEqual([]);
  });

  /** What the document says an answer looks like. */
  function expectDocumented(method: string, path: string, { status, headers, body }: Answer): void {
    const type = headers.get('content-type')?.split(';')[0] ?? '';
    const pointer = ['paths', path, method, 'responses', String(status), 'content', type, 'schema']
      .map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')))
      .join('/');
    const validate = ajv.compile({ $ref: `openapi#/${pointer}` });
    validate(body);
    expect(validate.errors ?? []).toEqual([]);
  }

  it('agrees with what is answered', async () => {
    const event = (await stack.get('/v1/events?limit=1')).body.items[0];
    const nobody = '01900000-0000-7000-8000-000000000000';
    const ask = async (path: string, id: string, more = '', key: string = keys.viewer) =>
      expectDocumented('get', path, await stack.get(path.replace('{id}', id) + more, key));
    for (const [path, id] of [
      ['/v1/requests/{id}', job.requestId],
      ['/v1/jobs/{id}', job.id],
      ['/v1/jobs/{id}/history', job.id],
      ['/v1/jobs/{id}/result', job.id],
      ['/v1/events/{id}', event.id],
    ] as const) {
      await ask(path, id);
      await ask(path, nobody);
      await ask(path, 'x');
      await ask(path, id, '', 'nobody');
    }
    for (const path of ['/v1/jobs', '/v1/events', '/v1/stats']) {
      await ask(path, '');
      await ask(path, '', '', 'nobody');
    }
    await ask('/v1/jobs', '', '?limit=200');
    await ask('/v1/jobs', '', '?limit=0');

    // An address that is written out is not asked for, and nothing is sent while it is paused.
    const asked = { url: 'https://93.184.215.14/vodai', events: ['job.held'], paused: true };
    const made = await stack.call('POST', '/v1/endpoints', { body: asked });
    expectDocumented('post', '/v1/endpoints', made);
    expectDocumented('post', '/v1/endpoints', await stack.call('POST', '/v1/endpoints', { body: {} }));
    await ask('/v1/endpoints', '', '', keys.operator);
    await ask('/v1/endpoints/{id}', made.body.id, '', keys.operator);
    await ask('/v1/endpoints/{id}', made.body.id);
    await ask('/v1/deliveries', '');
    await ask('/v1/deliveries/{id}', nobody);
    const ofEndpoint = (method: string, more = '', body?: object) =>
      stack.call(method, `/v1/endpoints/${made.body.id}${more}`, { body });
    expectDocumented('patch', '/v1/endpoints/{id}', await ofEndpoint('PATCH', '', { includeResult: true }));
    expectDocumented('post', '/v1/endpoints/{id}/rotate', await ofEndpoint('POST', '/rotate'));
    expectDocumented('post', '/v1/endpoints/{id}/test', await ofEndpoint('POST', '/test'));
    const range = { body: { endpoint: made.body.id } };
    expectDocumented('post', '/v1/deliveries/replay', await stack.call('POST', '/v1/deliveries/replay', range));
    expect((await ofEndpoint('DELETE')).status).toBe(204);

    const body = { mediaId: newMedia(), types: ['AIVideoTag'] };
    const many: [unknown, Record<string, string>?, string?][] = [
      [body],
      [body],
      [{}],
      [body, {}, 'nobody'],
      [body, {}, keys.viewer],
      ['x'.repeat(1024 * 1024 + 1)],
      ['x', { 'content-type': 'text/plain' }],
      [{ ...body, region: 'cn-hongkong' }],
    ];
    const statuses = [];
    for (const [one, headers, key] of many) {
      const answer = await post(one, headers, key);
      statuses.push(answer.status);
      expectDocumented('post', '/v1/jobs', answer);
    }
    expect(statuses).toEqual([202, 200, 400, 401, 403, 413, 415, 422]);
  });

  it('names its operations as one would call them, and each once', () => {
    const operations = Object.values<any>(document.paths).flatMap((path) => Object.values<any>(path));
    const ids = operations.map(({ operationId }) => operationId as string);
    expect(ids).toEqual(expect.arrayContaining(['submitJob', 'listJobs', 'getJob', 'cancelJob', 'getResult']));
    expect(ids.filter((id) => !/^[a-z][A-Za-z]+$/.test(id))).toEqual([]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('is relative to where it is, explains itself, and leaves out what only the page asks for', () => {
    expect(
      document.servers.map(({ url }: any) => new URL(url, 'https://intra.example/vodai/openapi.json').href),
    ).toEqual(
      ['https://intra.example/vodai/'], // prettier-ignore
    );
    expect(document.info.description).toMatch(
      /Idempotency-Key[^]*wait=30s[^]*nextCursor[^]*problem\+json[^]*Request-Id/,
    );
    expect(Object.keys(document.paths)).not.toContain('/session.json');
  });

  it('says of no field in a body that it has a default: generators would ask for it', () => {
    expect(JSON.stringify(document.components.schemas)).not.toContain('"default":');
    expect(document.components.schemas.SubmitRequest.required).toEqual(['mediaId', 'types']);
  });

  it('shows what is answered, as it is answered', () => {
    for (const [path, methods] of Object.entries<any>(document.paths)) {
      if (!path.startsWith('/v1/')) continue;
      for (const [method, { responses }] of Object.entries<any>(methods)) {
        for (const [status, { content, headers }] of Object.entries<any>(responses)) {
          if (status === '204') continue; // without a body
          const [[type, { schema, example, examples = {} }]] = Object.entries<any>(content) as [[string, any]];
          expect([path, headers]).toEqual([path, expect.objectContaining({ 'Request-Id': expect.anything() })]);
          if (schema.type === 'string') continue; // a file
          const shown = example === undefined ? Object.values<any>(examples).map(({ value }) => value) : [example];
          const validate = ajv.compile({ $ref: `openapi${schema.$ref}` });
          const wrong = shown.filter((value) => !validate(value));
          expect([method, path, status, type, shown.length > 0, wrong, validate.errors]).toEqual(
            [method, path, status, type, true, [], null], // prettier-ignore
          );
          if (Number(status) >= 400)
            expect(shown.map((value) => value.status)).toEqual(shown.map(() => Number(status)));
        }
      }
    }
  });

  it('describes bodies that are accepted, its own example among them', async () => {
    const validate = ajv.compile({ $ref: 'openapi#/components/schemas/SubmitRequest' });
    const { properties } = document.components.schemas.SubmitRequest;
    const example = Object.fromEntries(
      Object.entries<any>(properties).flatMap(([name, { example: value }]) =>
        value === undefined ? [] : [[name, value]],
      ),
    );
    expect(Object.keys(example)).toEqual(expect.arrayContaining(['mediaId', 'types', 'config']));
    validate(example);
    expect(validate.errors ?? []).toEqual([]);
    expect((await post({ ...example, mediaId: newMedia() })).status).toBe(202);
    expect(validate({ mediaId: 'm', types: [] })).toBe(false);
    expect(validate({ mediaId: 'm', types: ['AIVideoTag'], unknown: 1 })).toBe(false);
  });

  it('is browsed where its server is beside it, whatever prefix is in front', async () => {
    for (const path of ['/docs/', '/docs/index.html']) {
      const { url } = await fetch(`${stack.api.url}${path}`);
      expect(url).toBe(`${stack.api.url}/docs`);
      const { headers } = await fetch(`${stack.api.url}${path}`, { redirect: 'manual' });
      expect(new URL(headers.get('location') ?? '', `https://intra.example/vodai${path}`).pathname).toBe('/vodai/docs');
    }
  });

  it('can be browsed at /docs, with nothing loaded from elsewhere', async () => {
    const page = await stack.call('GET', '/docs', { key: null });
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    const assets = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path as string);
    expect(assets.length).toBeGreaterThan(3);
    for (const asset of assets) {
      const { href, origin } = new URL(asset, `${stack.api.url}/docs`);
      expect(origin).toBe(new URL(stack.api.url).origin);
      const response = await fetch(href);
      expect({ asset, status: response.status }).toEqual({ asset, status: 200 });
      expect((await response.arrayBuffer()).byteLength).toBeGreaterThan(0);
    }
  });
});

describe('Operations', () => {
  const everyone = () => [stack.api, ...stack.workers, ...stack.webhooks];
  const ready = async () => Promise.all(everyone().map(async ({ url }) => (await fetch(`${url}/readyz`)).status));
  let admin: Client;
  let name: string;

  beforeAll(async () => {
    const url = new URL(stack.database.url);
    name = url.pathname.slice(1);
    url.pathname = '/postgres';
    admin = new Client({ connectionString: url.href });
    await admin.connect();
  });
  afterAll(() => admin.end());

  /** Every session of the product; ours stays. */
  async function endSessions(applications = '%'): Promise<void> {
    await stack.query(
      `select pg_terminate_backend(pid)
         from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and application_name like $1`,
      [applications],
    );
  }

  it('are open on all three processes, and their metrics are ours', async () => {
    for (const { url } of everyone()) {
      expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'ok' });
      expect(await (await fetch(`${url}/readyz`)).json()).toMatchObject({ status: 'ok', checks: { postgres: 'ok' } });
      const metrics = await fetch(`${url}/metrics`);
      expect(metrics.headers.get('content-type')).toMatch(/^text\/plain/);
      const text = await metrics.text();
      expect(text).toMatch(/^# TYPE vodai_/m);
      expect(text).toMatch(/^process_cpu/m);
    }
  });

  it('see an answer of 503 and no row when Postgres ends the session in which a request is being stored', async () => {
    const before = await stored();
    await admin.query('select 1');
    const locker = new Client({ connectionString: stack.database.url });
    await locker.connect();
    await locker.query('begin');
    await locker.query('lock table request in access exclusive mode');
    const asked = post({ mediaId: newMedia(), types: ['AIVideoTag'] });
    await eventually('the insert is under way', async () => {
      const [row] = await stack.query(
        `select from pg_stat_activity
          where datname = current_database() and application_name = 'vodai-api' and wait_event_type = 'Lock'`,
      );
      return row;
    });
    await endSessions('vodai-api');
    const answer = await asked;
    await locker.query('rollback');
    await locker.end();
    expectProblem(answer, { status: 503, code: 'unavailable' });
    expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    expect(await stored()).toEqual(before);
  });

  it('row 6: see no 202 without a commit while sessions are ended again and again', async () => {
    const answers: Answer[] = [];
    for (let round = 0; round < 20; round += 1) {
      const asked = Array.from({ length: 10 }, () => post({ mediaId: newMedia(), types: ['AIVideoTag'] }));
      await endSessions('vodai-api');
      answers.push(...(await Promise.all(asked)));
    }
    for (const answer of answers.filter(({ status }) => status !== 202)) {
      expectProblem(answer, { status: 503, code: 'unavailable' });
    }
    const accepted = answers.filter(({ status }) => status === 202).map(({ body }) => body.id);
    expect(accepted.length).toBeGreaterThan(0);
    const rows = await stack.query(
      'select from request join job on job.request_id = request.id where request.id = any($1::uuid[])',
      [accepted],
    );
    expect(rows).toHaveLength(accepted.length);
  });

  it('see 503 while Postgres lets nobody in, and all of it again afterwards without a restart', async () => {
    const { id } = await openJob();
    await stack.untilJob(id, 'processing');
    const before = await stored();
    await admin.query(`alter database ${name} allow_connections false`);
    try {
      await endSessions();
      await eventually('nobody is ready', async () => (await ready()).every((status) => status === 503));
      for (const { url } of everyone()) expect((await fetch(`${url}/healthz`)).status).toBe(200);

      const answer = await post({ mediaId: newMedia(), types: ['AIVideoTag'] });
      expectProblem(answer, { status: 503, code: 'unavailable' });
      expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
      for (const path of ['/v1/jobs', `/v1/jobs/${id}`, `/v1/jobs/${id}?wait=60s`, '/v1/stats', '/v1/events']) {
        expectProblem(await stack.get(path), { status: 503, code: 'unavailable' });
      }
      expect(await stored()).toEqual(before);
    } finally {
      await admin.query(`alter database ${name} allow_connections true`);
    }

    await eventually('everyone is ready', async () => (await ready()).every((status) => status === 200));
    const job = await settledJob();
    expect(job.state).toBe('succeeded');
    await endAtVod(id);
    expect((await stack.get(`/v1/jobs/${id}?wait=60s`)).body.state).toBe('succeeded');
  });

  it('never see a secret in what was logged', () => {
    expect(stack.logLines.length).toBeGreaterThan(0);
    expect(stack.logLines.filter((line) => /canary/i.test(line))).toEqual([]);
  });
});
