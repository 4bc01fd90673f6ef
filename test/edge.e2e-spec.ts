import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Server } from '@app/observability';
import { eventually } from '@app/testing';
import { signCallback } from '@app/vod/callback';

import { launch } from '../bench/chromium';
import { collectComplaints, describeWithBrowser, freshPage } from './support/browser';
import { keys, Stack } from './support/stack';

const KIB = 1024;
const MIB = 1024 * KIB;

let stack: Stack;
let apart: { api: Server; worker: Server; webhook: Server };
const sockets: Socket[] = [];

beforeAll(async () => {
  stack = await Stack.start();
  apart = {
    api: await stack.startApi({ OPS_PORT_API: '0' }),
    worker: await stack.startWorker({ OPS_PORT_WORKER: '0' }),
    webhook: await stack.startWebhook({ WEBHOOK_PORT: '0', OPS_PORT_WEBHOOK: '0' }),
  };
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});
afterAll(() => stack.stop());

const webhook = () => stack.webhooks[0] as Server;
const worker = () => stack.workers[0] as Server;
const everyone = (): [string, Server][] => [
  ['api', stack.api],
  ['webhook', webhook()],
  ['worker', worker()],
];

/** Bytes as they are, over a connection that stays ours to close. */
async function speak({ port }: Pick<Server, 'port'>, text: string): Promise<{ socket: Socket; heard: () => string }> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  sockets.push(socket);
  let heard = '';
  socket.on('error', () => undefined);
  socket.setEncoding('latin1').on('data', (part: string) => (heard += part));
  await once(socket, 'connect');
  socket.write(text, 'latin1');
  return { socket, heard: () => heard };
}

interface Heard {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** What is answered, until the other side closes. */
async function ask(server: Pick<Server, 'port'>, line: string, headers: Record<string, string> = {}): Promise<Heard> {
  const head = Object.entries({ Host: 'here', Connection: 'close', ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  const { socket, heard } = await speak(server, [`${line} HTTP/1.1`, ...head, '', ''].join('\r\n'));
  if (!socket.readableEnded && !socket.destroyed) await Promise.race([once(socket, 'end'), once(socket, 'close')]);
  return parsed(heard());
}

function parsed(text: string): Heard {
  const [head = '', ...body] = text.split('\r\n\r\n');
  const [first = '', ...lines] = head.split('\r\n');
  const headers = lines.map((line) => [
    line.slice(0, line.indexOf(':')).toLowerCase(),
    line.slice(line.indexOf(':') + 2),
  ]);
  return { status: Number(first.split(' ')[1]), headers: Object.fromEntries(headers), body: body.join('\r\n\r\n') };
}

const authorized = { Authorization: `Bearer ${keys.viewer}` };

describe('Every answer', () => {
  const strict = {
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
    'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
  };
  const unkept = { ...strict, 'cache-control': 'no-store' };

  it.each([
    ['a probe', 'GET /healthz', 200],
    ['readiness', 'GET /readyz', 200],
    ['metrics', 'GET /metrics', 200],
    ['nothing there', 'GET /nowhere', 404],
    ['a body to nowhere', 'POST /nowhere', 404],
    ['a broken path', 'GET /%', 400],
    ['a path that is no ASCII', 'GET /\u00e9', 400],
    ['a head that is too long', `GET /${'x'.repeat(20 * KIB)}`, 431],
    ['no HTTP', 'hello', 400],
  ])(
    'of every process is kept by nobody, framed by nobody and taken for nothing else: %s',
    async (_name, line, status) => {
      for (const [, server] of everyone()) {
        const answer = await ask(server, line, line.startsWith('POST') ? { 'Content-Length': '3' } : {});
        expect(answer).toMatchObject({ status, headers: unkept });
      }
    },
  );

  it.each([
    ['a list', 'GET /v1/jobs', 200],
    ['no key', 'GET /v1/jobs', 401],
    ['no such job', 'GET /v1/jobs/01900000-0000-7000-8000-000000000000', 404],
    ['not an id', 'GET /v1/jobs/x', 400],
    ['too long a part of a path', `GET /v1/jobs/${'x'.repeat(300)}`, 400],
    ['a file', 'GET /v1/jobs.csv', 200],
    ['the description of the API', 'GET /openapi.json', 200],
    ['what a page begins with', 'GET /session.json', 200],
  ])('of the api as well: %s', async (_name, line, status) => {
    expect(await ask(stack.api, line, status === 401 ? {} : authorized)).toMatchObject({ status, headers: unkept });
  });

  it('of the webhook as well: an event, and one that is refused', async () => {
    const path = new URL(stack.callbackUrl).pathname;
    expect(await ask(webhook(), `POST ${path}`, { ...signed(), 'Content-Length': '0' })).toMatchObject({
      status: 200,
      headers: unkept,
    });
    expect(await ask(webhook(), `POST ${path}`, { 'Content-Length': '0' })).toMatchObject({
      status: 401,
      headers: unkept,
    });
  });

  it('of a stream as well, though it is written past the framework', async () => {
    const { heard } = await speak(
      stack.api,
      `GET /v1/stream HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ${keys.viewer}\r\n\r\n`,
    );
    await eventually('it begins', () => heard().includes('event: ready'));
    expect(parsed(heard())).toMatchObject({ status: 200, headers: strict });
  });
});

describe('Paths that strangers try', () => {
  const paths = `/assets/ /assets /assets// /assets/. /assets/.. /assets/%00 /assets/../docs /assets/%2e%2e/index.html
    /docs/../v1/jobs /docs/%2e%2e/v1/jobs /docs/..%2fv1/jobs /docs/%2e%2e%2fv1/jobs /docs/%5c..%5cv1 /docs//  /docs/./swagger-ui.css
    /docs/%00 /docs/swagger-ui.css%00 /docs/SWAGGER-UI.css /docs/swagger-ui.css/ /docs/.env /docs/LICENSE // /. /.. /%00 /%2e%2e/ /.git/config
    /v1/../metrics /v1//jobs /metrics/ /healthz/ /readyz/. /v1%2fjobs /%2fhealthz *`.split(/\s+/);
  const long = ['/', '/docs/', '/assets/'].map((begin) => [`${begin}xxx…`, begin + 'x'.repeat(3 * KIB)]);

  it.each([...paths.map((path) => [path, path]), ...long])(
    'are nowhere, and nothing that is logged as our fault: %s',
    async (_name, path) => {
      const from = stack.logLines.length;
      for (const [, server] of everyone()) {
        const { status } = await ask(server, `GET ${path}`, { 'Accept-Encoding': 'identity' });
        expect(status).toBe(404);
      }
      expect(stack.logLines.slice(from).filter((line) => /"level":"(warn|error|fatal)"/.test(line))).toEqual([]);
    },
  );
});

describe('HEAD', () => {
  it.each(['/healthz', '/readyz', '/metrics'])('is answered by every process where GET is: %s', async (path) => {
    for (const [, server] of everyone()) {
      expect(await ask(server, `HEAD ${path}`)).toMatchObject({ status: 200, body: '' });
    }
  });

  it.each([
    '/v1/jobs',
    '/v1/stats',
    '/v1/me',
    '/v1/jobs.csv',
    '/v1/stream',
    '/docs',
    '/docs/swagger-ui.css',
    '/openapi.json',
    '/',
  ])('is answered by the api with what GET has, and without a body: %s', async (path) => {
    const head = await ask(stack.api, `HEAD ${path}`, authorized);
    const { heard, socket } = await speak(
      stack.api,
      `GET ${path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ${keys.viewer}\r\n\r\n`,
    );
    await eventually('GET is answered', () => heard().includes('\r\n\r\n'));
    socket.destroy();
    const get = parsed(heard());
    expect({ ...head, type: head.headers['content-type']?.split(';')[0] }).toMatchObject({
      status: get.status,
      type: get.headers['content-type']?.split(';')[0],
      body: '',
    });
  });

  it('needs a key where GET does', async () => {
    expect(await ask(stack.api, 'HEAD /v1/stream')).toMatchObject({ status: 401, body: '' });
  });

  it('starts no stream', async () => {
    await ask(stack.api, 'HEAD /v1/stream', authorized);
    await eventually('nobody listens', async () =>
      /^vodai_listeners 0$/m.test(await (await fetch(`${stack.api.url}/metrics`)).text()),
    );
  });

  it('waits for no job', async () => {
    stack.emulator.configure({ callback: { enabled: false } });
    const { jobs } = await stack.enqueue('head-waits-for-nothing');
    const asked = ask(stack.api, `HEAD /v1/jobs/${jobs[0].id}?wait=60s`, authorized);
    const late = new Promise<string>((resolve) => setTimeout(() => resolve('it waits'), 30_000).unref());
    expect(await Promise.race([asked, late])).toMatchObject({ status: 200, body: '' });
    stack.emulator.configure({ callback: { enabled: true } });
  });
});

describe('A body that comes at a drip', () => {
  /** One byte after the other, until nobody takes them. */
  async function drip(server: Server, head: string): Promise<number> {
    const { socket, heard } = await speak(server, `${head}\r\nHost: here\r\nContent-Length: ${MIB}\r\n\r\n`);
    await eventually('it is hung up on', () => {
      if (!socket.destroyed) socket.write('x');
      return socket.destroyed;
    });
    return parsed(heard()).status;
  }

  it('is refused by the api, and the connection with it', async () => {
    const head = `POST /v1/jobs HTTP/1.1\r\nContent-Type: application/json\r\nAuthorization: Bearer ${keys.operator}`;
    expect(await drip(stack.api, head)).toBe(408);
  });

  it('holds no connection without a key', async () => {
    const head = 'POST /v1/jobs HTTP/1.1\r\nContent-Type: application/json';
    expect([401, 408]).toContain(await drip(stack.api, head));
  });

  it('is refused by the webhook, though it is signed, and is nothing that is logged as our fault', async () => {
    const from = stack.logLines.length;
    const { pathname } = new URL(stack.callbackUrl);
    const headers = Object.entries(signed()).map(([name, value]) => `\r\n${name}: ${value}`);
    expect(await drip(webhook(), `POST ${pathname} HTTP/1.1${headers.join('')}`)).toBe(408);
    expect(stack.logLines.slice(from).filter((line) => line.includes('could not be stored'))).toEqual([]);
  });
});

function signed(): Record<string, string> {
  const timestamp = String(Math.floor(Date.now() / 1000));
  return { 'x-vod-timestamp': timestamp, 'x-vod-signature': signCallback(stack.callbackUrl, timestamp, keys.callback) };
}

describe('The webhook', () => {
  it('stops reading after its 401', async () => {
    const { pathname } = new URL(stack.callbackUrl);
    const head = `POST ${pathname} HTTP/1.1\r\nHost: here\r\nContent-Length: ${10_000 * MIB}\r\n\r\n`;
    const { socket, heard } = await speak(webhook(), head);
    const piece = Buffer.alloc(MIB);
    let taken = 0;
    while (!socket.destroyed) {
      await new Promise((resolve) => socket.write(piece, resolve));
      taken += 1;
    }
    expect(parsed(heard()).status).toBe(401);
    expect(taken).toBeLessThan(64); // most of it lies in the buffers of two sockets
  });

  it('takes an event at once while 300 bodies do not end, and holds no more of these than it has room for', async () => {
    const { pathname } = new URL(stack.callbackUrl);
    const captured = Object.entries(signed()).map(([name, value]) => `${name}: ${value}\r\n`);
    const head = `POST ${pathname} HTTP/1.1\r\nHost: here\r\n${captured.join('')}Content-Length: ${MIB}\r\n\r\n`;
    const most = Buffer.alloc(MIB - 1, 'x');
    const before = process.memoryUsage().arrayBuffers;
    let peak = before;
    for (let i = 0; i < 300; i += 1) {
      const { socket } = await speak(webhook(), head);
      await new Promise((resolve) => socket.write(most, resolve));
      peak = Math.max(peak, process.memoryUsage().arrayBuffers);
    }
    const genuine = await fetch(stack.callbackUrl, {
      method: 'POST',
      headers: signed(),
      body: '{"EventType":"Genuine"}',
    });
    expect(genuine.status).toBe(200);
    expect((peak - before) / MIB).toBeLessThan(150);
  });
});

describe('With a port for operations', () => {
  const processes = (): [string, Server][] => Object.entries(apart);

  it('metrics and readiness are there, and not on the port that others reach', async () => {
    for (const [, server] of processes()) {
      for (const path of ['/metrics', '/readyz']) {
        expect((await fetch(`${server.url}${path}`)).status).toBe(404);
        expect((await fetch(`${server.operationsUrl}${path}`)).status).toBe(200);
      }
      expect(server.operationsUrl).not.toBe(server.url);
    }
    expect(await (await fetch(`${apart.worker.operationsUrl}/readyz`)).json()).toEqual({
      status: 'ok',
      checks: { postgres: 'ok', queues: 'ok' },
    });
  });

  it('health is on both', async () => {
    for (const [, server] of processes()) {
      for (const url of [server.url, server.operationsUrl]) {
        expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'ok' });
      }
    }
  });

  it('nothing of what the process does is on it', async () => {
    for (const path of ['/v1/jobs', '/', '/docs', '/openapi.json', '/session.json']) {
      expect((await fetch(`${apart.api.operationsUrl}${path}`, { headers: authorized })).status).toBe(404);
    }
    const posted = await fetch(`${apart.webhook.operationsUrl}${new URL(stack.callbackUrl).pathname}`, {
      method: 'POST',
      headers: signed(),
      body: '{}',
    });
    expect(posted.status).toBe(404);
  });

  it('the log says where it is', () => {
    for (const [, server] of processes()) {
      const lines = stack.logLines.filter((line) => line.includes(`"url":"${server.operationsUrl}"`));
      expect(lines).toEqual([expect.stringContaining('"msg":"listening for operations"')]);
    }
  });

  it('what the process does is counted there', async () => {
    await fetch(`${apart.api.url}/v1/jobs`, { headers: authorized });
    await eventually('it is counted', async () =>
      /vodai_http_requests_total\{method="GET",route="\/v1\/jobs",status="200"\} [1-9]/.test(
        await (await fetch(`${apart.api.operationsUrl}/metrics`)).text(),
      ),
    );
  });
});

describeWithBrowser('The page of the document', () => {
  it('works under its policy, and runs in nobody else’s frame', async () => {
    const browser = await launch();
    try {
      const page = await freshPage(browser);
      const complaints: string[] = [];
      collectComplaints(page, complaints);
      await page.goto(`${stack.api.url}/docs`);
      await page.locator('.opblock').first().waitFor();
      await page.locator('.opblock-summary', { hasText: '/v1/stats' }).click();
      await page.locator('.opblock.is-open').waitFor();
      expect(complaints).toEqual([]);

      await page.setContent(`<iframe src="${stack.api.url}/docs"></iframe>`);
      await eventually('the frame is refused', () =>
        complaints.some((each) => /frame-ancestors|refused to connect|frame/i.test(each)),
      );
    } finally {
      await browser.close();
    }
  });
});
