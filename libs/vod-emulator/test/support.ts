import { randomUUID } from 'node:crypto';
import http from 'node:http';
import net, { type AddressInfo, type Socket } from 'node:net';
import RPCClient from '@alicloud/pop-core';
import { unlimited } from '../src/operation-names';
import { Emulator, type EmulatorOptions } from '../src';
import { sign, stringToSign } from '../src/signature';

export const ACCESS_KEY = { id: 'test-id', secret: 'canary-secret' };

/** What VOD answered: pop-core throws error answers, here they are values like the others. */
export interface Answered {
  status: number;
  body: Record<string, unknown> & { Code?: string; Message?: string; RequestId: string };
}

export type Ask = (
  action: string,
  parameters?: Record<string, unknown>,
  options?: { method?: 'GET' | 'POST'; region?: string },
) => Promise<Answered>;

export interface Running {
  emulator: Emulator;
  url: string;
  ask: Ask;
}

const open: { close(): Promise<void> }[] = [];

/** For afterEach. */
export async function closeAll(): Promise<void> {
  await Promise.all(open.splice(0).map((server) => server.close()));
}

/** An emulator on a free port with jobs that are over at once, no limits and nobody to tell, unless the options say otherwise. */
export async function startEmulator(options: Partial<EmulatorOptions> = {}): Promise<Running> {
  const emulator = new Emulator({
    accessKeys: [ACCESS_KEY],
    jobTimeMs: { min: 0, max: 0 },
    qps: unlimited,
    ...options,
  });
  const { url } = await emulator.listen({ host: '127.0.0.1', port: 0 });
  open.push(emulator);
  return { emulator, url, ask: asker(url) };
}

/** pop-core as it is, asking one emulator. `key` replaces the access key that the emulator knows. */
export function asker(url: string, key: { id: string; secret: string; securityToken?: string } = ACCESS_KEY): Ask {
  return async (action, parameters = {}, { method = 'POST', region } = {}) => {
    const client = new RPCClient({
      accessKeyId: key.id,
      accessKeySecret: key.secret,
      ...(key.securityToken && { securityToken: key.securityToken }),
      endpoint: region ? `${url}/${region}` : url,
      apiVersion: '2017-03-21',
      // Its own 3 s are too few for hundreds of calls at once on a busy machine.
      opts: { timeout: 60_000 },
    });
    try {
      return { status: 200, body: plain(await client.request(action, parameters, { method })) };
    } catch (error) {
      const { data, entry } = error as { data?: object; entry?: { response: { statusCode: number } } };
      if (!data || !entry) throw error;
      return { status: entry.response.statusCode, body: plain(data) };
    }
  };
}

/** pop-core's objects have no prototype. */
function plain(value: object): Answered['body'] {
  return JSON.parse(JSON.stringify(value)) as Answered['body'];
}

/** The bytes of a signed POST: sent twice they are the same request twice. */
export function signedBytes(action: string, parameters: Record<string, string>): string {
  const all = new Map(
    Object.entries({
      Format: 'JSON',
      Version: '2017-03-21',
      AccessKeyId: ACCESS_KEY.id,
      SignatureMethod: 'HMAC-SHA1',
      SignatureVersion: '1.0',
      SignatureNonce: randomUUID(),
      Timestamp: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
      Action: action,
      ...parameters,
    }),
  );
  all.set('Signature', sign(stringToSign('POST', all), ACCESS_KEY.secret));
  const form = new URLSearchParams([...all]).toString();
  const head = ['POST / HTTP/1.1', 'Host: 127.0.0.1', 'Connection: close', `Content-Length: ${form.length}`];
  return `${head.join('\r\n')}\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n${form}`;
}

export interface Exchanged {
  /** Undefined when no byte came back. */
  status: number | undefined;
  contentType: string | undefined;
  /** As the head says. */
  length: number | undefined;
  body: string;
  end: 'closed' | 'reset';
}

/** Sends bytes over a connection of their own and answers what came back until its end. */
export function exchange(url: string, bytes: string): Promise<Exchanged> {
  const { socket, ended } = connectAndSend(url, bytes);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  return ended.then((end) => {
    const [head = '', body = ''] = Buffer.concat(chunks).toString().split('\r\n\r\n', 2);
    const field = (pattern: RegExp) => pattern.exec(head)?.[1];
    const status = field(/^HTTP\/1.1 (\d+)/);
    const length = field(/content-length: (\d+)/i);
    return {
      status: status === undefined ? undefined : Number(status),
      contentType: field(/content-type: ([^\r]+)/i),
      length: length === undefined ? undefined : Number(length),
      body,
      end,
    };
  });
}

/** Sends bytes to somebody whose answer will never be read. */
export function connectAndSend(url: string, bytes: string): { socket: Socket; ended: Promise<'closed' | 'reset'> } {
  const { hostname, port } = new URL(url);
  const socket = net.connect(Number(port), hostname, () => socket.write(bytes));
  const ended = new Promise<'closed' | 'reset'>((resolve, reject) => {
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' ? resolve('reset') : reject(error),
    );
    socket.on('close', () => resolve('closed'));
  });
  return { socket, ended };
}

export interface Entry {
  Type: string;
  JobId: string;
  MediaId: string;
}

export function entriesOf({ body }: Answered): Entry[] {
  return (body as unknown as { AIJobList: { AIJob: Entry[] } }).AIJobList.AIJob;
}

/** Submits and answers the JobId of the first type asked for. */
export async function submit(ask: Ask, MediaId: string, Types = 'AIVideoTag', more: object = {}): Promise<string> {
  const entries = entriesOf(await ask('SubmitAIJob', { MediaId, Types, ...more }));
  const entry = entries.find(({ Type }) => Type === Types.split(',')[0]);
  if (!entry) throw new Error('nothing was submitted');
  return entry.JobId;
}

export async function readJob(ask: Ask, jobId: string, region?: string): Promise<Record<string, string>> {
  const answered = await ask('ListAIJob', { JobIds: jobId }, region ? { region } : {});
  const [job] = entriesOf(answered);
  if (!job) throw new Error('VOD knows no such job');
  return job as unknown as Record<string, string>;
}

interface Received {
  method: string | undefined;
  path: string | undefined;
  headers: http.IncomingHttpHeaders;
  body: Record<string, string>;
}

export interface Receiver {
  url: string;
  received: Received[];
  /** Every connection that was ever made to it. */
  /** Connections at the same time: a slow machine lets idle ones end and takes new ones. */
  sockets: { open: number; atMost: number };
  arrivedAtLeast(count: number): Promise<void>;
}

/** Somebody who hears events. `answer` gets the number of the request, counted from 1; undefined never answers. */
export async function startReceiver(
  answer: (nth: number) => { status: number; headers?: Record<string, string> } | undefined = () => ({ status: 200 }),
): Promise<Receiver> {
  const received: Received[] = [];
  const waiting = new Set<() => void>();
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, string>;
      received.push({ method: request.method, path: request.url, headers: request.headers, body });
      const chosen = answer(received.length);
      if (chosen) response.writeHead(chosen.status, chosen.headers).end();
      for (const wake of waiting) wake();
    });
  });
  const sockets = { open: 0, atMost: 0 };
  server.on('connection', (socket) => {
    sockets.atMost = Math.max(sockets.atMost, ++sockets.open);
    socket.once('close', () => (sockets.open -= 1));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
  const arrivedAtLeast = (count: number) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (received.length < count) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received, sockets, arrivedAtLeast };
}

/** Looks again on every turn of the event loop. A condition that never comes ends with the test's own time-out. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
