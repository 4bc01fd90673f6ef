import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '@app/testing';
import { ApiError, createClient, Unreachable, type Client } from './index';

let server: Server;
let answer: RequestListener;
let asked: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[];
let client: Client;

beforeEach(async () => {
  asked = [];
  answer = json(200, {});
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      asked.push({ method, url, headers, body });
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  client = createClient({ baseUrl: `${origin()}/prefix`, key: 'the-key' });
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const origin = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

function json(status: number, body: object, type = 'application/json'): RequestListener {
  return (_request, response) => response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body));
}

const problem = (status: number, body: object) => json(status, body, 'application/problem+json; charset=utf-8');

describe('A call', () => {
  it('goes below the path prefix, with the key in its header, and repeats what has several values', async () => {
    await client.jobs({ state: ['queued', 'held'], label: 'batch:a&b', limit: 20, cursor: undefined });
    expect(asked).toMatchObject([
      {
        method: 'GET',
        url: '/prefix/v1/jobs?state=queued&state=held&label=batch%3Aa%26b&limit=20',
        headers: { authorization: 'Bearer the-key' },
      },
    ]);
  });

  it('sends JSON, and tells a replayed answer', async () => {
    answer = (_request, response) =>
      response.writeHead(200, { 'content-type': 'application/json', 'idempotent-replay': 'true' }).end('{"id":"r"}');
    const body = { mediaId: 'm', types: ['AIVideoTag' as const] };
    expect(await client.submit(body, { idempotencyKey: 'k' })).toEqual({ request: { id: 'r' }, replayed: true });
    expect(asked).toMatchObject([
      {
        method: 'POST',
        url: '/prefix/v1/jobs',
        headers: { 'idempotency-key': 'k', 'content-type': 'application/json' },
      },
    ]);
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual(body);
  });

  it('keeps an id within its place in the path', async () => {
    await client.cancel('../events?x', { reason: 'why' });
    expect(asked).toMatchObject([{ url: '/prefix/v1/jobs/..%2Fevents%3Fx/cancel' }]);
  });

  it('throws what the API says when it says no', async () => {
    answer = problem(409, { code: 'wrong_state', detail: 'the job is queued', states: ['failed'] });
    const error = await client.retry('j', {}).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({
      status: 409,
      code: 'wrong_state',
      message: 'the job is queued',
      states: ['failed'],
      errors: [],
    });
  });

  it.each([
    ['a proxy answers', () => (answer = json(502, {}, 'text/html'))],
    ['nobody listens', () => (client = createClient({ baseUrl: 'http://127.0.0.1:1', key: 'k' }))],
  ])('says that there is no API when %s', async (_who, happens) => {
    happens();
    await expect(client.stats()).rejects.toThrow(Unreachable);
    await expect(client.stats()).rejects.not.toThrow(/the-key/);
  });

  it('ends when it is aborted', async () => {
    answer = () => undefined;
    const stop = new AbortController();
    const call = client.stats({ signal: stop.signal });
    await eventually('it was asked', () => asked.length === 1);
    stop.abort();
    await expect(call).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('The stream', () => {
  const change = (version: number) => ({ change: { version, text: '✓' }, job: { id: 'j' } });
  const event = (name: string, id: string, data: object) =>
    `event: ${name}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;
  const open = (response: ServerResponse) => response.writeHead(200, { 'content-type': 'text/event-stream' });

  it('tells each change, whatever pieces it comes in, and comes back with its place when it is lost', async () => {
    const bytes = Buffer.from(`: hello\n\n${event('ready', 'p0', {})}${event('job', 'p1', change(1))}`);
    answer = (request, response) => {
      open(response);
      if (request.headers['last-event-id'] === 'p1') {
        response.write(event('ready', 'p1', {}) + event('job', 'p2', change(2)));
        return;
      }
      // Cut within the three bytes of a character, and never ended: the connection breaks.
      const cut = bytes.indexOf('✓') + 1;
      response.write(bytes.subarray(0, cut));
      setImmediate(() => response.write(bytes.subarray(cut), () => setImmediate(() => response.destroy())));
    };
    const told: unknown[] = [];
    const stop = new AbortController();
    const ended = client.stream(
      { state: ['held'] },
      {
        signal: stop.signal,
        onReady: () => told.push('ready'),
        onTrouble: () => told.push('trouble'),
        onChange: (streamed, id) => told.push([streamed, id]),
      },
    );
    await eventually('it is back', () => told.length === 5);
    expect(told).toEqual(['ready', [change(1), 'p1'], 'trouble', 'ready', [change(2), 'p2']]);
    expect(asked.map(({ url, headers }) => [url, headers['last-event-id']])).toEqual([
      ['/prefix/v1/stream?state=held', undefined],
      ['/prefix/v1/stream?state=held', 'p1'],
    ]);
    stop.abort();
    await ended;
  });

  it('begins where somebody else has stopped', async () => {
    answer = (_request, response) => void open(response).write(event('ready', 'p7', {}));
    const stop = new AbortController();
    const ended = client.stream(
      {},
      { lastEventId: 'p7', signal: stop.signal, onChange: () => {}, onReady: () => stop.abort() },
    );
    await ended;
    expect(asked).toMatchObject([{ headers: { 'last-event-id': 'p7' } }]);
  });

  it.each([
    [401, 'unauthorized'],
    [403, 'forbidden'],
    [400, 'invalid_request'],
  ])('ends with the error that another try would meet again: %d', async (status, code) => {
    answer = problem(status, { code, detail: 'no' });
    await expect(client.stream({}, { onChange: () => undefined })).rejects.toMatchObject({ status, code });
    expect(asked).toHaveLength(1);
  });

  it('tries again while the API is away', async () => {
    answer = problem(503, { code: 'unavailable', detail: 'later' });
    const stop = new AbortController();
    const troubles: unknown[] = [];
    const ended = client.stream(
      {},
      { signal: stop.signal, onChange: () => undefined, onTrouble: (error) => troubles.push(error) },
    );
    await eventually('it was tried twice', () => asked.length === 2);
    expect(troubles[0]).toMatchObject({ code: 'unavailable' });
    stop.abort();
    await ended;
  });
});
