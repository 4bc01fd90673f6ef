import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { Networks, Outbound, type OutboundOptions, type Posted } from './index';
import type { Address } from './resolve';

const tls = (file: string) => readFileSync(join(__dirname, '../../vod/test/tls', file), 'utf8');
/** The name in that certificate. */
const SECURE = 'vod.cn-shanghai.test';

const LONG_MS = 60_000;
const loopback = new Networks(['127.0.0.0/8', '::1']);

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

interface Seen {
  host: string | undefined;
  url: string | undefined;
  headers: http.IncomingHttpHeaders;
  body: string;
}

/** A server on one of loopback's addresses, which keeps what it is sent. */
async function receiver(
  answer: (request: http.IncomingMessage, response: http.ServerResponse) => void = (_, response) => response.end('ok'),
  { address = '127.0.0.1', port = 0, isSecure = false } = {},
): Promise<{ port: number; seen: Seen[] }> {
  const seen: Seen[] = [];
  const take: http.RequestListener = (request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      seen.push({ host: request.headers.host, url: request.url, headers: request.headers, body });
      answer(request, response);
    });
  };
  const server = isSecure
    ? https.createServer({ key: tls('key.pem'), cert: tls('cert.pem') }, take)
    : http.createServer(take);
  return { port: await listen(server, address, port), seen };
}

/** Sends bytes of its own, whatever it is sent. */
async function rawReceiver(take: (socket: Socket) => void): Promise<number> {
  return listen(
    net.createServer((socket) => {
      socket.on('error', () => {});
      take(socket);
    }),
    '127.0.0.1',
  );
}

async function listen(server: net.Server, address: string, port = 0): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(port, address, resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

const at = (...addresses: string[]) =>
  addresses.map((address): Address => ({ address, family: net.isIPv6(address) ? 6 : 4 }));

function post(url: string, options: Partial<OutboundOptions> = {}): Promise<Posted> {
  const outbound = new Outbound({ allow: loopback, deadlineMs: LONG_MS, ...options });
  return outbound.post({
    url,
    headers: { 'content-type': 'application/json', 'webhook-id': 'one' },
    body: '{"a":"ü"}',
  });
}

describe('A call to a URL of somebody else', () => {
  it('brings the body and the headers, and the beginning of the answer', async () => {
    const { port, seen } = await receiver((_, response) =>
      response.writeHead(201, { 'retry-after': '7' }).end('thanks'),
    );
    expect(await post(`http://127.0.0.1:${port}/hook?a=1`)).toEqual({
      outcome: 'answered',
      status: 201,
      retryAfter: '7',
      head: Buffer.from('thanks'),
    });
    expect(seen).toEqual([
      {
        host: `127.0.0.1:${port}`,
        url: '/hook?a=1',
        body: '{"a":"ü"}',
        headers: expect.objectContaining({ 'content-length': '10', 'webhook-id': 'one', connection: 'close' }),
      },
    ]);
  });

  it('goes over TLS by the name of the host, to the address that was looked at', async () => {
    const { port, seen } = await receiver(undefined, { isSecure: true });
    const options = { ca: tls('cert.pem'), resolve: async () => at('127.0.0.1') };
    expect(await post(`https://${SECURE}:${port}/`, options)).toMatchObject({ outcome: 'answered', status: 200 });
    expect(seen).toMatchObject([{ host: `${SECURE}:${port}` }]);
  });

  it.each([
    ['of another host', { ca: tls('cert.pem') }, 'other.example'],
    ['that nobody has signed', {}, SECURE],
  ])('is not made to a certificate %s', async (_what, more, host) => {
    const { port, seen } = await receiver(undefined, { isSecure: true });
    const posted = await post(`https://${host}:${port}/`, { ...more, resolve: async () => at('127.0.0.1') });
    expect(posted).toMatchObject({
      outcome: 'untrusted',
      error: expect.stringMatching(/^its certificate is not trusted \(\w+\)$/),
    });
    expect(seen).toEqual([]);
  });

  it('row 42: goes nowhere when a host has a forbidden address among others', async () => {
    const { port, seen } = await receiver();
    for (const other of [
      '10.0.0.1',
      '100.64.0.1',
      '169.254.169.254',
      'fe80::1',
      '::ffff:127.0.0.1',
      '64:ff9b::7f00:1',
      '2002:7f00:1::',
    ]) {
      const posted = await post(`http://hooks.example:${port}/`, { resolve: async () => at('127.0.0.1', other) });
      expect([other, posted.outcome]).toEqual([other, 'forbidden_address']);
    }
    expect(seen).toEqual([]);
  });

  it('row 42: goes to the address that was looked at, when the host changes its mind before it connects', async () => {
    const allowed = await receiver();
    // The same port at an address that is not allowed: whoever asks for the name once more comes here.
    const forbidden = await receiver(undefined, { address: '127.0.0.2', port: allowed.port });
    let asked = 0;
    const resolve = async () => at((asked += 1) === 1 ? '127.0.0.1' : '127.0.0.2');
    const options = { allow: new Networks(['127.0.0.1']), resolve };
    const url = `http://hooks.example:${allowed.port}/`;
    expect(await post(url, options)).toMatchObject({ outcome: 'answered', status: 200 });
    expect([asked, allowed.seen.length, forbidden.seen.length]).toEqual([1, 1, 0]);
    expect(allowed.seen[0]?.host).toBe(`hooks.example:${allowed.port}`);
    // And the next attempt looks anew.
    expect(await post(url, options)).toMatchObject({ outcome: 'forbidden_address' });
    expect(forbidden.seen).toEqual([]);
  });

  it('tries the other addresses of a host when one does not answer', async () => {
    const { port, seen } = await receiver();
    const resolve = async () => at('127.0.0.9', '127.0.0.1'); // nobody listens at the first
    expect(await post(`http://hooks.example:${port}/`, { resolve })).toMatchObject({ outcome: 'answered' });
    expect(seen).toHaveLength(1);
  });

  it('follows no redirect', async () => {
    const other = await receiver();
    const { port } = await receiver((_, response) => {
      response.writeHead(307, { location: `http://127.0.0.1:${other.port}/` }).end();
    });
    expect(await post(`http://127.0.0.1:${port}/`)).toMatchObject({ outcome: 'answered', status: 307 });
    expect(other.seen).toEqual([]);
  });

  it('reads no more of an endless answer than its beginning', async () => {
    const begun = performance.now();
    let isClosed: Promise<unknown> = Promise.resolve();
    const { port } = await receiver((_, response) => {
      isClosed = new Promise((resolve) => response.on('close', resolve));
      const more = () => {
        while (response.write('x'.repeat(10_000)));
        response.once('drain', more);
      };
      response.writeHead(200);
      more();
    });
    const posted = await post(`http://127.0.0.1:${port}/`);
    expect(posted).toMatchObject({ outcome: 'answered', status: 200 });
    expect(posted.outcome === 'answered' && posted.head.length).toBe(16 * 1024);
    await isClosed;
    expect(performance.now() - begun).toBeLessThan(LONG_MS); // or it was the deadline that ended it
  });

  const timedOut = { outcome: 'timed_out', error: 'no answer within 0.2 s' };
  it.each<[string, (socket: Socket) => void]>([
    ['that never comes', () => {}],
    [
      'whose head never ends',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\n');
        const timer = setInterval(() => socket.write('x: y\r\n'), 20);
        socket.on('close', () => clearInterval(timer));
      },
    ],
    ['that is only said to come', (socket) => socket.write('HTTP/1.1 100 Continue\r\n\r\n')],
  ])('waits for an answer %s until its deadline', async (_what, take) => {
    const port = await rawReceiver(take);
    expect(await post(`http://127.0.0.1:${port}/`, { deadlineMs: 200 })).toEqual(timedOut);
  });

  it('counts the look for the address as a part of it', async () => {
    const options = { deadlineMs: 200, resolve: () => new Promise<Address[]>(() => {}) };
    expect(await post('http://hooks.example/', options)).toEqual({
      outcome: 'unresolved',
      error: 'its host was not found',
    });
  });

  it('takes the status of an answer whose text breaks off, or never ends', async () => {
    const head = 'HTTP/1.1 202 Accepted\r\ncontent-length: 1000\r\n\r\nthan';
    const broken = await rawReceiver((socket) => void socket.write(head, () => socket.destroy()));
    const silent = await rawReceiver((socket) => void socket.write(head));
    for (const port of [broken, silent]) {
      expect(await post(`http://127.0.0.1:${port}/`, { deadlineMs: 1_000 })).toMatchObject({
        outcome: 'answered',
        status: 202,
        head: Buffer.from('than'),
      });
    }
  });

  it.each<[string, (socket: Socket) => void]>([
    ['closes the connection', (socket) => socket.destroy()],
    ['resets it', (socket) => socket.resetAndDestroy()],
    ['speaks something else', (socket) => socket.end('220 mail.example ESMTP\r\n')],
    ['has endless headers', (socket) => socket.end(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`)],
    [
      'wants another protocol',
      (socket) => socket.end('HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
    ],
  ])('is broken when the receiver %s', async (_what, take) => {
    const port = await rawReceiver(take);
    const posted = await post(`http://127.0.0.1:${port}/`);
    expect(posted).toEqual({ outcome: 'broken', error: expect.stringMatching(/^the connection broke \(\w+\)$/) });
  });

  it('is refused where nobody listens, and does not say at which address', async () => {
    const { port } = await receiver();
    await closing.pop()?.();
    expect(await post(`http://127.0.0.1:${port}/`)).toEqual({
      outcome: 'refused',
      error: 'no connection (ECONNREFUSED)',
    });
  });
});
