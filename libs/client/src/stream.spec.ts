import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '@app/testing';
import { createClient, type Client } from './client';
import { ApiError, Unreachable } from './errors';

const pauses = { firstMs: 10, longestMs: 40 };

let server: Server;
let client: Client;
let stop: AbortController;
let connections: { request: IncomingMessage; response: ServerResponse }[];
let answer: (connection: { request: IncomingMessage; response: ServerResponse }, number: number) => void;
let seen: string[];
let troubles: Error[];

beforeEach(async () => {
  [connections, seen, troubles, stop] = [[], [], [], new AbortController()];
  server = createServer((request, response) => {
    connections.push({ request, response });
    answer({ request, response }, connections.length);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  client = createClient({ baseUrl: `http://127.0.0.1:${port}`, key: 'client-secret-canary' });
});
afterEach(async () => {
  stop.abort();
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

function follow(lastEventId?: string): Promise<void> {
  return client.stream(
    { state: ['failed'], mediaId: 'm' },
    {
      pauses,
      signal: stop.signal,
      lastEventId,
      onChange: ({ change }, id) => seen.push(`${id}: ${change.text}`),
      onReady: (id) => seen.push(`ready at ${id}`),
      onTrouble: (error) => troubles.push(error),
    },
  );
}

function say(response: ServerResponse, ...events: [event: string, id: string, text?: string][]): void {
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const [event, id, text] of events) {
    response.write(`event: ${event}\nid: ${id}\ndata: ${JSON.stringify({ change: { text } })}\n\n`);
  }
}

describe('A stream', () => {
  it('tells the changes in their order, asked for with the filter and the key, and ends when it is aborted', async () => {
    answer = ({ response }) => say(response, ['ready', '1'], ['job', '2', 'Accepted'], ['job', '3', 'Canceled']);
    const followed = follow();
    await eventually('both changes came', () => seen.length === 3);
    expect(seen).toEqual(['ready at 1', '2: Accepted', '3: Canceled']);
    expect(connections[0]?.request.url).toBe('/v1/stream?state=failed&mediaId=m');
    expect(connections[0]?.request.headers).toMatchObject({
      accept: 'text/event-stream',
      authorization: 'Bearer client-secret-canary',
    });
    stop.abort();
    await followed;
    await eventually('the connection is closed', () => connections[0]?.request.socket.destroyed);
    expect(troubles).toEqual([]);
  });

  it('goes on after the last change that it has told, whether the server ends it, breaks it or is busy', async () => {
    answer = ({ response }, number) => {
      if (number === 1) {
        say(response, ['ready', '1'], ['job', '2', 'one']);
        response.end();
      } else if (number === 2) {
        say(response, ['ready', '2'], ['job', '3', 'two']);
        response.write('event: job\nid: 4\nda', () => response.destroy()); // in the middle of a change
      } else if (number === 3) {
        response.writeHead(503).end();
      } else {
        say(response, ['ready', '3'], ['job', '4', 'three']);
      }
    };
    void follow('0');
    await eventually('all came', () => seen.length === 6);
    expect(seen).toEqual(['ready at 1', '2: one', 'ready at 2', '3: two', 'ready at 3', '4: three']);
    expect(connections.map(({ request }) => request.headers['last-event-id'])).toEqual(['0', '2', '3', '3']);
    expect(troubles.map((error) => error.constructor)).toEqual([Unreachable, Unreachable, ApiError]);
  });

  it('comes back for ever, with pauses that grow up to the longest', async () => {
    answer = ({ request }) => request.socket.destroy();
    const asked: number[] = [];
    void client.stream(
      {},
      {
        pauses,
        signal: stop.signal,
        onChange: () => {},
        onTrouble: (_error, retryInMs) => asked.push(retryInMs),
      },
    );
    await eventually('it tried often', () => asked.length >= 5);
    const within = [10, 20, 40, 40, 40].map((ms, i) => (asked[i] ?? 0) >= ms && (asked[i] ?? 0) <= ms * 1.25);
    expect(within).toEqual(Array(5).fill(true));
  });

  it('does not come back before the API says', async () => {
    answer = ({ response }, number) => {
      if (number === 1) response.writeHead(503, { 'retry-after': '1' }).end();
      else say(response, ['ready', '1']);
    };
    const asked: number[] = [];
    const options = {
      pauses,
      signal: stop.signal,
      onChange: () => {},
      onTrouble: (_error: Error, ms: number) => asked.push(ms),
    };
    void client.stream({}, options);
    await eventually('it was told', () => asked.length === 1);
    expect(asked[0]).toBeGreaterThanOrEqual(1_000);
  });

  it.each([400, 401, 403])('ends with the error when the API refuses it with %d', async (status) => {
    answer = ({ response }) => {
      response.writeHead(status, { 'content-type': 'application/problem+json' });
      response.end(JSON.stringify({ status, code: 'no', detail: 'no, because' }));
    };
    await expect(follow()).rejects.toMatchObject({ name: 'ApiError', status, message: 'no, because' });
    expect(connections).toHaveLength(1);
  });

  it('ends with the error of a listener, rather than losing the change', async () => {
    answer = ({ response }) => say(response, ['job', '1', 'Accepted']);
    const options = {
      signal: stop.signal,
      onChange: () => {
        throw new Error('cannot draw it');
      },
    };
    await expect(client.stream({}, options)).rejects.toThrow('cannot draw it');
  });

  it('does not begin when it was aborted before, nor go on when it is aborted in a pause', async () => {
    answer = ({ request }) => request.socket.destroy();
    const followed = client.stream(
      {},
      {
        signal: stop.signal,
        pauses: { firstMs: 1_000_000, longestMs: 1_000_000 },
        onChange: () => {},
        onTrouble: () => stop.abort(),
      },
    );
    await followed;
    await follow();
    expect(connections).toHaveLength(1);
  });
});
