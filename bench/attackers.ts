import http from 'node:http';
import net from 'node:net';
import os from 'node:os';

/**
 * Strangers in a process of their own: what they cost must not count for the product. It is asked by messages, see edge.ts. At the
 * lowest priority, as in life they have machines of their own.
 */

export type Attack =
  'wrong keys' | 'large bodies' | 'slow bodies' | 'silent connections' | 'streams from the beginning';

export type Order = { order: 'attack'; attack: Attack; at: Target } | { order: 'stop' };

export interface Target {
  apiUrl: string;
  webhookUrl: string;
  /** A viewer's: who resumes a stream has been let in. */
  streamKey: string;
}

/** What became of their tries. */
export interface Got {
  seconds: number;
  tries: number;
  /** By HTTP status. */
  answers: Record<string, number>;
  /** Connections that the product closed without an answer. */
  closed: number;
}

const REQUESTS_AT_ONCE = 32;
const LARGE = 1_000_000;
const SLOW_BODIES = 200;
const SLOW_BYTE_MS = 1_000;
const SILENT_CONNECTIONS = 500;
const STREAMS = 100;
/** Nobody knocks faster at a door that has just been shut. */
const AGAIN_MS = 50;

/** Before all transactions that have ever been. */
const BEGINNING = '3:3:';

/** Where a system has more addresses of its own, strangers come from another one than honest clients. */
const from = process.platform === 'linux' ? { localAddress: '127.0.0.2' } : {};

let got: Got;
let began = 0;
/** Ends what goes on now. */
let stop = new AbortController();
const open = new Set<{ destroy(): unknown }>();

const attacks: Record<Attack, (target: Target) => void> = {
  'wrong keys': ({ apiUrl }) =>
    ceaselessly((agent) => {
      const authorization = `Bearer guess-${Math.random().toString(36).slice(2)}`;
      return request(`${apiUrl}/v1/jobs`, { agent, headers: { authorization } });
    }),
  'large bodies': ({ apiUrl }) => {
    const body = Buffer.from(JSON.stringify({ mediaId: 'm', types: Array(LARGE / 10).fill('AIVideo') }));
    ceaselessly((agent) => {
      const headers = { 'content-type': 'application/json', 'content-length': body.length };
      return request(`${apiUrl}/v1/jobs`, { agent, method: 'POST', headers }, body);
    });
  },
  'slow bodies': ({ apiUrl, webhookUrl }) => {
    const urls = [`${apiUrl}/v1/jobs`, `${webhookUrl}/vod/events`];
    for (let i = 0; i < SLOW_BODIES; i += 1) slowBody(urls[i % 2] ?? '');
  },
  'silent connections': ({ apiUrl, webhookUrl }) => {
    const urls = [apiUrl, webhookUrl];
    for (let i = 0; i < SILENT_CONNECTIONS; i += 1) silence(urls[i % 2] ?? '');
  },
  'streams from the beginning': ({ apiUrl, streamKey }) => {
    const headers = { authorization: `Bearer ${streamKey}`, 'last-event-id': BEGINNING };
    for (let i = 0; i < STREAMS; i += 1) stream(`${apiUrl}/v1/stream`, headers);
  },
};

/** As many as have a connection, each again as soon as it is answered. */
function ceaselessly(once: (agent: http.Agent) => Promise<void>): void {
  const agent = new http.Agent({ keepAlive: true, maxSockets: REQUESTS_AT_ONCE, ...from });
  open.add(agent);
  const { signal } = stop;
  const knock = async () => {
    while (!signal.aborted) await once(agent);
  };
  for (let i = 0; i < REQUESTS_AT_ONCE; i += 1) void knock();
}

/** One try, whatever comes of it. */
function request(url: string, options: http.RequestOptions, body?: Buffer): Promise<void> {
  got.tries += 1;
  return new Promise((resolve) => {
    let isAnswered = false;
    const asking = http.request(url, options, (response) => {
      isAnswered = true;
      countAnswer(response);
      response.on('error', () => resolve()).on('close', () => resolve());
      response.resume();
    });
    asking.on('error', () => {
      // An answer may overtake the end of a body: then it has been counted.
      if (!isAnswered) got.closed += 1;
      setTimeout(resolve, AGAIN_MS);
    });
    asking.end(body);
  });
}

function slowBody(url: string): void {
  const headers = { 'content-type': 'application/json', 'content-length': LARGE };
  const asking = http.request(url, { method: 'POST', headers, agent: false, ...from });
  asking.write('{');
  const drip = setInterval(() => asking.write(' '), SLOW_BYTE_MS);
  asking.on('close', () => clearInterval(drip));
  asking.on('response', (response) => response.on('close', () => asking.destroy()));
  hold(asking, () => slowBody(url));
}

function stream(url: string, headers: http.OutgoingHttpHeaders): void {
  hold(http.get(url, { headers, agent: false, ...from }), () => stream(url, headers));
}

/** Held until the product ends it, and then begun again. */
function hold(asking: http.ClientRequest, again: () => void): void {
  const { signal } = stop;
  let isAnswered = false;
  got.tries += 1;
  open.add(asking);
  asking.on('response', (response) => {
    isAnswered = true;
    countAnswer(response);
    response.on('error', () => {}).resume();
  });
  asking.on('error', () => {});
  asking.on('close', () => {
    open.delete(asking);
    if (signal.aborted) return;
    if (!isAnswered) got.closed += 1;
    setTimeout(() => signal.aborted || again(), AGAIN_MS);
  });
}

function silence(url: string): void {
  const { signal } = stop;
  const { port, hostname } = new URL(url);
  got.tries += 1;
  const socket = net.connect({ port: Number(port), host: hostname, ...from });
  open.add(socket);
  let status: string | undefined;
  socket.on('data', (text) => (status ??= /^HTTP\/1\.1 (\d+)/.exec(String(text))?.[1] ?? 'other'));
  socket.on('error', () => {});
  socket.on('close', () => {
    open.delete(socket);
    if (signal.aborted) return;
    if (status === undefined) got.closed += 1;
    else got.answers[status] = (got.answers[status] ?? 0) + 1;
    setTimeout(() => signal.aborted || silence(url), AGAIN_MS);
  });
}

function countAnswer({ statusCode = 0 }: http.IncomingMessage): void {
  got.answers[statusCode] = (got.answers[statusCode] ?? 0) + 1;
}

function obey(order: Order): Got | null {
  if (order.order === 'attack') {
    stop = new AbortController();
    got = { seconds: 0, tries: 0, answers: {}, closed: 0 };
    began = performance.now();
    attacks[order.attack](order.at);
    return null;
  }
  stop.abort();
  got.seconds = (performance.now() - began) / 1000;
  const seen = got;
  got = { seconds: 0, tries: 0, answers: {}, closed: 0 }; // what ends now was ended by us
  for (const each of open) each.destroy();
  open.clear();
  return seen;
}

os.setPriority(os.constants.priority.PRIORITY_LOW);
process.on('message', (order: Order) => process.send?.(obey(order)));
