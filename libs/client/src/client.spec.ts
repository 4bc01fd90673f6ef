import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '@app/testing';
import { createClient } from './client';
import { ApiError, Unreachable } from './errors';

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

let server: Server;
let url: string;
let answer: Answer;
let asked: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[];

beforeEach(async () => {
  asked = [];
  answer = (_request, response) => sendJson(response, 200, {});
  server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      asked.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
      answer(request, response, body);
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

const clientAt = (baseUrl: string) => createClient({ baseUrl, key: 'client-secret-canary' });

describe('A client', () => {
  it('asks under the prefix of its base, with or without a slash at the end, and with its key', async () => {
    await clientAt(`${url}/vodai`).stats();
    await clientAt(`${url}/vodai/`).me();
    await clientAt(`${url}/vodai/?tab=1#top`).event('a/b');
    expect(asked.map((one) => one.url)).toEqual(['/vodai/v1/stats', '/vodai/v1/me', '/vodai/v1/events/a%2Fb']);
    expect(asked.map((one) => one.headers.authorization)).toEqual(Array(3).fill('Bearer client-secret-canary'));
  });

  it('repeats a parameter with several values, writes times as ISO 8601, and leaves out what is undefined', async () => {
    await clientAt(url).jobs({
      state: ['failed', 'held'],
      label: ['batch:a b', 'team:影像'],
      mediaId: undefined,
      createdFrom: new Date(0),
      limit: 5,
    });
    const { searchParams } = new URL(asked[0]?.url ?? '', url);
    expect([...searchParams]).toEqual([
      ['state', 'failed'],
      ['state', 'held'],
      ['label', 'batch:a b'],
      ['label', 'team:影像'],
      ['createdFrom', '1970-01-01T00:00:00.000Z'],
      ['limit', '5'],
    ]);
  });

  it('submits with its idempotency key and tells whether that had been done before', async () => {
    answer = (_request, response) => sendJson(response, 200, { id: 'r' }, { 'idempotent-replay': 'true' });
    const body = { mediaId: 'm', types: ['AIVideoTag' as const] };
    expect(await clientAt(url).submit(body, { idempotencyKey: 'line-1' })).toEqual({ id: 'r', replayed: true });
    expect(asked[0]).toMatchObject({ method: 'POST', url: '/v1/jobs', body: JSON.stringify(body) });
    expect(asked[0]?.headers).toMatchObject({ 'idempotency-key': 'line-1', 'content-type': 'application/json' });

    answer = (_request, response) => sendJson(response, 202, { id: 'r' });
    expect(await clientAt(url).submit(body)).toEqual({ id: 'r', replayed: false });
    expect(asked[1]?.headers).not.toHaveProperty('idempotency-key');
  });

  it('posts each action to its own address', async () => {
    const client = clientAt(url);
    await client.cancel('j');
    await client.retry('j', { reason: 'again', version: 3 });
    await client.refetch('j');
    await client.resolve('j', { action: 'fail' });
    await client.replayEvent('e');
    expect(asked.map((one) => `${one.method} ${one.url} ${one.body}`)).toEqual([
      'POST /v1/jobs/j/cancel {}',
      'POST /v1/jobs/j/retry {"reason":"again","version":3}',
      'POST /v1/jobs/j/refetch {}',
      'POST /v1/jobs/j/resolve {"action":"fail"}',
      'POST /v1/events/e/replay {}',
    ]);
  });

  it('has a call for each thing that is done to endpoints and deliveries', async () => {
    const client = clientAt(url);
    await client.addEndpoint({ url: 'https://shop.example/', events: ['job.failed'] });
    await client.changeEndpoint('a/b', { paused: false, types: null });
    await client.rotateSecret('e');
    await client.testEndpoint('e');
    await client.deliveries({ endpoint: 'e', state: ['failed', 'waiting'], createdFrom: new Date(0) });
    await client.delivery('d');
    await client.replayDelivery('d');
    await client.replayDeliveries({ endpoint: 'e', from: new Date(0), only: 'all' });
    answer = (_request, response) => response.writeHead(204).end();
    await client.removeEndpoint('e');
    expect(asked.map((one) => `${one.method} ${one.url} ${one.body}`)).toEqual([
      'POST /v1/endpoints {"url":"https://shop.example/","events":["job.failed"]}',
      'PATCH /v1/endpoints/a%2Fb {"paused":false,"types":null}',
      'POST /v1/endpoints/e/rotate {}',
      'POST /v1/endpoints/e/test {}',
      'GET /v1/deliveries?endpoint=e&state=failed&state=waiting&createdFrom=1970-01-01T00%3A00%3A00.000Z ',
      'GET /v1/deliveries/d ',
      'POST /v1/deliveries/d/replay {}',
      'POST /v1/deliveries/replay {"endpoint":"e","from":"1970-01-01T00:00:00.000Z","only":"all"}',
      'DELETE /v1/endpoints/e ',
    ]);
  });

  it('throws what the API objects to, field by field', async () => {
    const problem = {
      type: 'urn:vodai:problem:wrong_state',
      title: 'It is in another state',
      status: 409,
      code: 'wrong_state',
      detail: 'the job is queued; this works in failed',
      states: ['failed'],
    };
    answer = (_request, response) => sendJson(response, 409, problem, { 'content-type': 'application/problem+json' });
    const error = await clientAt(url).retry('j').catch(String);
    expect(error).toBe('ApiError: the job is queued; this works in failed');
    await expect(clientAt(url).retry('j')).rejects.toMatchObject({
      status: 409,
      code: 'wrong_state',
      states: ['failed'],
    });
  });

  const tooMany = { status: 429, code: 'too_many_requests', detail: 'this key makes more than it may' };
  const refuseOnce = (retryAfter: string, after: Answer) => {
    answer = (_request, response) => {
      answer = after;
      sendJson(response, 429, tooMany, { 'content-type': 'application/problem+json', 'retry-after': retryAfter });
    };
  };

  it('makes a call again that was one too many, when the API says, whatever the call is', async () => {
    const asIt: Answer = (_request, response) => sendJson(response, 202, { id: 'r' });
    const body = { mediaId: 'm', types: ['AIVideoTag' as const] };
    for (const retryAfter of ['0', new Date(0).toUTCString()]) {
      refuseOnce(retryAfter, asIt);
      expect(await clientAt(url).submit(body)).toMatchObject({ id: 'r' });
    }
    expect(asked.map((one) => `${one.method} ${one.body}`)).toEqual(Array(4).fill(`POST ${JSON.stringify(body)}`));
  });

  it('gives up after a few times, and at once where the rest is long or not named', async () => {
    const headers: Record<string, string> = { 'content-type': 'application/problem+json', 'retry-after': '0' };
    answer = (_request, response) => sendJson(response, 429, tooMany, headers);
    await expect(clientAt(url).stats()).rejects.toMatchObject({ status: 429, code: 'too_many_requests' });
    expect(asked).toHaveLength(4);
    headers['retry-after'] = '3600';
    await expect(clientAt(url).stats()).rejects.toMatchObject({ status: 429, retryAfterMs: 3_600_000 });
    delete headers['retry-after'];
    await expect(clientAt(url).stats()).rejects.toMatchObject({ status: 429 });
    expect(asked).toHaveLength(6);
  });

  it('ends a rest when it is aborted', async () => {
    const stop = new AbortController();
    refuseOnce('9', (_request, response) => sendJson(response, 200, {}));
    const call = clientAt(url).stats({}, { signal: stop.signal });
    void eventually('it was refused', () => asked.length === 1).then(() => stop.abort(new Error('enough')));
    await expect(call).rejects.toThrow('enough');
  });

  it.each([
    [502, 'text/html'],
    [200, 'text/html'],
    [404, 'application/json'],
  ])('does not take %d with %s for an answer of the api', async (status, type) => {
    answer = (_request, response) => sendJson(response, status, { hello: 'there' }, { 'content-type': type });
    const error = await clientAt(url)
      .stats()
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status, code: 'unexpected_answer' });
  });

  it('tells an api that is not there, or that goes away in the middle, from one that says no', async () => {
    answer = (request) => request.socket.destroy();
    await expect(clientAt(url).stats()).rejects.toThrow(Unreachable);
    answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
      response.write('{', () => response.destroy());
    };
    await expect(clientAt(url).stats()).rejects.toThrow(Unreachable);
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
    await expect(clientAt(url).stats()).rejects.toThrow(`${url}/ does not answer (ECONNREFUSED)`);
  });

  it('does not take a call that cannot be made for an api that is not there', async () => {
    const submitted = clientAt(url).submit({ mediaId: 'm', types: ['AIVideoTag'] }, { idempotencyKey: '影像' });
    await expect(submitted).rejects.toMatchObject({ name: 'TypeError' });
    expect(asked).toEqual([]);
  });

  it('stops when it is aborted, with the reason that was given', async () => {
    const stop = new AbortController();
    answer = () => stop.abort(new Error('enough'));
    await expect(clientAt(url).stats({}, { signal: stop.signal })).rejects.toThrow('enough');
  });

  it('hands the export on without reading it', async () => {
    answer = (_request, response) => response.end('id,state\r\n');
    const response = await clientAt(url).exportJobs('csv', { type: 'AIMediaDNA' });
    expect(await response.text()).toBe('id,state\r\n');
    expect(asked[0]?.url).toBe('/v1/jobs.csv?type=AIMediaDNA');
  });

  it('without a key leaves it to the browser who asks', async () => {
    const client = createClient({ baseUrl: `${url}/vodai/` });
    answer = (_request, response) => response.writeHead(204).end();
    await client.endSession();
    expect(asked).toEqual([expect.objectContaining({ method: 'DELETE', url: '/vodai/v1/session' })]);
    expect(asked[0]?.headers).not.toHaveProperty('authorization');
  });

  it('answers the whole address of a link', async () => {
    answer = (_request, response) => sendJson(response, 201, { path: 'session?token=a-b_c' });
    expect(await clientAt(`${url}/vodai`).signInLink()).toBe(`${url}/vodai/session?token=a-b_c`);
    expect(asked[0]).toMatchObject({ method: 'POST', url: '/vodai/v1/session/links' });
  });

  it('does not repeat a key that is none', () => {
    const make = () => createClient({ baseUrl: url, key: 'canary\nwith a line break' });
    expect(make).toThrow(TypeError);
    expect(make).not.toThrow(/canary/);
  });
});

function sendJson(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
  response.end(JSON.stringify(body));
}
