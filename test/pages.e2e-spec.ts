import http from 'node:http';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApi } from '../apps/api/src';
import { loadConfig } from '@app/config';
import { createLogger, type Server } from '@app/observability';
import { createTestDatabase, type TestDatabase } from '@app/testing';

/** What a browser gets before it has a key. */

const logger = createLogger({ level: 'fatal', format: 'json', process: 'api' });
const SCRIPT = 'console.log("the dashboard")';

let database: TestDatabase;
let folder: string;
const servers: Server[] = [];
beforeAll(async () => {
  database = await createTestDatabase();
  folder = mkdtempSync(join(tmpdir(), 'vodai-pages-'));
  mkdirSync(join(folder, 'assets'));
  writeFileSync(
    join(folder, 'index.html'),
    '<!doctype html><html><head><title>Jobs</title></head><body></body></html>',
  );
  writeFileSync(join(folder, 'assets/index-1a2b.js'), SCRIPT);
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await database.drop();
});

async function start(options: Parameters<typeof startApi>[2], env: Record<string, string> = {}): Promise<string> {
  const config = loadConfig(
    { DATABASE_URL: database.url, API_PORT: '0', API_KEYS: 'vera:viewer:viewer-secret,ada:admin:admin-secret', ...env },
    'api',
  );
  const server = await startApi(config, logger, { dashboard: folder, ...options });
  servers.push(server);
  return server.url;
}

/** With a Host header of our own, which fetch does not allow. */
function getAs(
  host: string,
  url: string,
  others: http.OutgoingHttpHeaders = {},
): Promise<{ status: number; body: any; headers: http.IncomingHttpHeaders }> {
  return new Promise((resolve, reject) => {
    const request = http.get(url, { headers: { ...others, host } }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: JSON.parse(text), headers: response.headers }),
      );
    });
    request.on('error', reject);
  });
}

describe('The dashboard', () => {
  it.each([
    ['/', './'],
    ['/jobs', './'],
    ['/jobs?state=held&q=a/b', './'],
    ['/jobs/01900000-0000-7000-8000-000000000000', '../'],
    ['/held', './'],
    ['/events', './'],
    ['/events/x?y', '../'],
    ['/flow', './'],
  ])('is one page at %s, whose files are found from there under any prefix', async (path, base) => {
    const url = await start({});
    const response = await fetch(`${url}${path}`);
    const text = await response.text();
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-cache');
    expect(text).toContain('<title>Jobs</title>');
    expect(/<head><base href="([^"]*)"/.exec(text)?.[1]).toBe(base);
    const seen = new URL(base, `https://proxy.example/any/prefix${path}`);
    expect(seen.pathname).toBe('/any/prefix/');
  });

  it('runs and styles nothing but its own, with a nonce that is new each time', async () => {
    const url = await start({});
    const nonces = await Promise.all(
      [1, 2].map(async () => {
        const response = await fetch(url);
        const [, nonce] = /<meta name="csp-nonce" content="([\w-]{20,})"/.exec(await response.text()) ?? [];
        expect(response.headers.get('content-security-policy')).toBe(
          `default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'`,
        );
        expect(response.headers.get('referrer-policy')).toBe('no-referrer');
        expect(response.headers.get('x-content-type-options')).toBe('nosniff');
        return nonce;
      }),
    );
    expect(nonces[0]).not.toBe(nonces[1]);
  });

  it('has files that may be kept for ever, as their names change with them', async () => {
    const response = await fetch(`${await start({})}/assets/index-1a2b.js`);
    expect(await response.text()).toBe(SCRIPT);
    expect(response.headers.get('content-type')).toMatch(/javascript/);
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  });

  it.each(
    `/nowhere /assets/nothing.js /assets/ /assets// /assets/%00 /assets/index-1a2b.js%00 /assets/INDEX-1a2b.js /assets/%5c..%5cindex.html
     /assets/..%2findex.html /jobs/x/y /index.html`.split(/\s+/),
  )('is not at %s: that is the 404 of everything here', async (path) => {
    const response = await fetch(`${await start({})}${path}`, { headers: { 'accept-encoding': 'identity' } });
    expect([response.status, response.headers.get('content-type')]).toEqual([
      404,
      expect.stringMatching(/^application\/problem\+json/),
    ]);
    expect(await response.json()).toMatchObject({ code: 'not_found' });
  });

  it('needs a key for all that it shows', async () => {
    const url = await start({});
    for (const path of ['/v1/jobs', '/v1/stream', '/v1/me']) expect((await fetch(`${url}${path}`)).status).toBe(401);
  });

  it('says so when it is not built, and leads to the description of the API', async () => {
    const url = await start({ dashboard: null });
    const response = await fetch(`${url}/jobs/x`);
    const text = await response.text();
    expect([response.status, text]).toEqual([200, expect.stringContaining('is not built')]);
    const [, docs = ''] = /href="([^"]+)"/.exec(text) ?? [];
    expect((await fetch(new URL(docs, `${url}/jobs/x`))).status).toBe(200);
  });
});

describe('Who somebody is', () => {
  const me = async (url: string, key: string) =>
    (await fetch(`${url}/v1/me`, { headers: { authorization: `Bearer ${key}` } })).json();

  it('is told with the role, and what is offered where', async () => {
    const url = await start({}, { VOD_REGIONS: 'cn-shanghai,ap-southeast-1' });
    expect(await me(url, 'viewer-secret')).toEqual({
      name: 'vera',
      role: 'viewer',
      regions: [
        { region: 'cn-shanghai', types: ['AIVideoTag', 'AIMediaDNA', 'AIMediaAudit'] },
        { region: 'ap-southeast-1', types: ['AIMediaDNA', 'AIMediaAudit'] },
      ],
      emulator: false,
    });
    expect(await me(url, 'admin-secret')).toMatchObject({ name: 'ada', role: 'admin' });
  });

  it.each([
    ['http://127.0.0.1:3002/{region}', true],
    ['https://aliyuncs.com.example/{region}', true],
    ['https://vod-vpc.{region}.aliyuncs.com', false],
  ])('is told with whether %s costs nothing: %s', async (VOD_ENDPOINT, emulator) => {
    expect(await me(await start({}, { VOD_ENDPOINT }), 'viewer-secret')).toMatchObject({ emulator });
  });
});

describe('The name of the environment', () => {
  it('is told to a page before anybody is signed in, wherever it comes from', async () => {
    const url = await start({}, { ENVIRONMENT_NAME: 'production:red' });
    expect((await getAs('vodai.example', `${url}/session.json`)).body).toEqual({
      apiKey: null,
      environment: { name: 'production', color: 'red' },
    });
  });
});

describe('The key of a local instance', () => {
  const ours = { localKey: 'admin-secret' };

  it.each(['localhost', 'localhost:3000', 'LOCALHOST:1', '127.0.0.1', '127.0.0.1:3000', '[::1]:3000'])(
    'is handed out to a browser that calls it %s, and kept nowhere',
    async (host) => {
      const { status, body, headers } = await getAs(host, `${await start(ours)}/session.json`);
      expect([status, body]).toEqual([200, { apiKey: 'admin-secret' }]);
      expect(headers).toMatchObject({ 'cache-control': 'no-store', 'cross-origin-resource-policy': 'same-origin' });
      expect(headers).not.toHaveProperty('access-control-allow-origin');
    },
  );

  it.each([
    'evil.example',
    'evil.example:3000',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '10.0.0.1',
    '[::2]',
  ])('is not handed out to a page that calls it "%s"', async (host) => {
    expect((await getAs(host, `${await start(ours)}/session.json`)).body).toEqual({ apiKey: null });
  });

  it.each(['forwarded', 'via', 'x-forwarded-for', 'x-real-ip'])(
    'is not handed out through a proxy, whoever stands before it: %s',
    async (header) => {
      const { body } = await getAs('localhost', `${await start(ours)}/session.json`, { [header]: '127.0.0.1' });
      expect(body).toEqual({ apiKey: null });
    },
  );

  it('is not handed out when others can reach this port, nor by an instance that is not local', async () => {
    const open = new URL(await start(ours, { HOST: '0.0.0.0' }));
    expect((await getAs('localhost', `http://127.0.0.1:${open.port}/session.json`)).body).toEqual({ apiKey: null });
    expect((await getAs('localhost', `${await start({})}/session.json`)).body).toEqual({ apiKey: null });
  });
});
