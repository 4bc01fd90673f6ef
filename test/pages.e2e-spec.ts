import http from 'node:http';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Sessions, signInPath, startApi } from '../apps/api/src';
import { loadConfig } from '@app/config';
import { createLogger, type Server } from '@app/observability';
import { createTestDatabase, type TestDatabase } from '@app/testing';

/** What a browser gets before it has a key. */

const logged: string[] = [];
const logger = createLogger({
  level: 'trace',
  format: 'json',
  process: 'api',
  destination: { write: (line) => void logged.push(line) },
});
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
    {
      DATABASE_URL: database.urlOf('api'),
      API_PORT: '0',
      API_KEYS: 'vera:viewer:viewer-secret,ada:admin:admin-secret',
      ...env,
    },
    'api',
  );
  const server = await startApi(config, logger, { dashboard: folder, ...options });
  servers.push(server);
  return server.url;
}

interface Asked {
  method?: string;
  headers?: http.OutgoingHttpHeaders;
  body?: string;
}

/** With headers that fetch does not allow, and without following where it is sent. */
function ask(
  url: string,
  { method = 'GET', headers = {}, body }: Asked = {},
): Promise<{ status: number; text: string; body: any; headers: http.IncomingHttpHeaders }> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.on('end', () => {
        const isJson = /\bjson\b/.test(response.headers['content-type'] ?? '') && text !== '';
        resolve({
          status: response.statusCode ?? 0,
          text,
          body: isJson ? JSON.parse(text) : null,
          headers: response.headers,
        });
      });
    });
    request.on('error', reject).end(body);
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
    expect((await ask(`${url}/session.json`, { headers: { host: 'vodai.example' } })).body).toEqual({
      signedIn: false,
      hasLinks: false,
      environment: { name: 'production', color: 'red' },
    });
  });
});

describe('A local instance', () => {
  const ada = { name: 'ada', role: 'admin' } as const;
  const OWN_PAGE = { 'sec-fetch-site': 'same-origin' };

  async function startLocal(env: Record<string, string> = {}) {
    const sessions = new Sessions();
    const url = await start({ sessions }, env);
    const link = (at = Date.now()) => `${url}/${signInPath(sessions.offer(ada, at))}`;
    const follow = async (address = link()) => {
      const { headers } = await ask(address);
      return { cookie: (headers['set-cookie']?.[0] ?? '').split(';')[0] ?? '' };
    };
    return { url, link, follow };
  }

  const whoIs = async (url: string, headers: http.OutgoingHttpHeaders) => {
    const { status, body } = await ask(`${url}/v1/me`, { headers });
    return status === 200 ? body.name : status;
  };
  const enqueue = (url: string, headers: http.OutgoingHttpHeaders, type = 'application/json') =>
    ask(`${url}/v1/jobs`, {
      method: 'POST',
      headers: { 'content-type': type, ...headers },
      body: JSON.stringify({ mediaId: 'm', types: ['AIVideoTag'] }),
    });

  it.each([{}, { host: 'localhost:3000' }, { 'x-forwarded-for': '127.0.0.1' }, OWN_PAGE])(
    'hands its key to nobody who only asks, from wherever: %j',
    async (headers) => {
      const { url } = await startLocal();
      const answer = await ask(`${url}/session.json`, { headers });
      expect(answer).toMatchObject({ status: 200, body: { signedIn: false, hasLinks: true } });
      expect(answer.headers).toMatchObject({
        'cache-control': 'no-store',
        'cross-origin-resource-policy': 'same-origin',
      });
      expect(JSON.stringify(answer)).not.toContain('-secret');
      for (const path of ['/', '/session', '/session?token=', '/session?token=admin-secret', '/docs']) {
        const { headers: got, text } = await ask(`${url}${path}`, { headers });
        expect(got).not.toHaveProperty('set-cookie');
        expect(text).not.toContain('-secret');
      }
      expect(await whoIs(url, headers)).toBe(401);
    },
  );

  it('signs in who follows its link, once, with a cookie for its own pages', async () => {
    const { url, link } = await startLocal();
    const address = link();
    const { status, headers } = await ask(address);
    expect([status, headers.location]).toEqual([303, './']);
    const [set = '', ...more] = headers['set-cookie'] ?? [];
    expect(more).toEqual([]);
    expect(set).toMatch(
      new RegExp(`^vodai_session_${new URL(url).port}=[\\w-]{43}; Path=/; HttpOnly; SameSite=Strict$`),
    );
    const [cookie = ''] = set.split(';');
    expect(await whoIs(url, { cookie })).toBe('ada');
    expect((await ask(`${url}/session.json`, { headers: { cookie } })).body).toMatchObject({ signedIn: true });

    const again = await ask(address);
    expect([again.status, again.headers.location]).toEqual([303, './#link-over']);
    expect(again.headers).not.toHaveProperty('set-cookie');
    // Who is in already isn't sent away: browsers load an address twice now and then.
    expect((await ask(address, { headers: { cookie } })).headers.location).toBe('./');
  });

  it('keeps what is in a link out of logs, caches and the addresses that come next', async () => {
    const { link } = await startLocal();
    const address = link();
    const token = new URL(address).searchParams.get('token') ?? '';
    expect(token).toHaveLength(43);
    for (const answer of [await ask(address), await ask(address)]) {
      expect(JSON.stringify(answer)).not.toContain(token);
      expect(answer.headers).toMatchObject({ 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' });
    }
    expect(logged.join('')).toContain('listening');
    expect(logged.join('')).not.toContain(token);
  });

  it('has links that are over after a quarter of an hour, and are not used up by whoever looks only at their head', async () => {
    const { follow, link } = await startLocal();
    expect((await follow(link(Date.now() - 16 * 60_000))).cookie).toBe('');
    const address = link();
    expect((await ask(address, { method: 'HEAD' })).headers).not.toHaveProperty('set-cookie');
    expect((await follow(address)).cookie).not.toBe('');
  });

  it('gives another link to who has a key, for what that key may do', async () => {
    const { url, follow } = await startLocal();
    const links = (authorization?: string) =>
      ask(`${url}/v1/session/links`, { method: 'POST', headers: authorization === undefined ? {} : { authorization } });
    expect((await links()).status).toBe(401);
    expect((await links('Bearer nobodys')).status).toBe(401);
    const { status, body, headers } = await links('Bearer viewer-secret');
    expect([status, headers['cache-control']]).toEqual([201, 'no-store']);
    const session = await follow(`${url}/${body.path}`);
    expect(await whoIs(url, session)).toBe('vera');
    expect((await enqueue(url, { ...session, ...OWN_PAGE })).status).toBe(403);
  });

  it('takes a key for more than a session, and a cookie that another port has set for nothing', async () => {
    const { url, follow } = await startLocal();
    const { cookie } = await follow();
    const [name = ''] = cookie.split('=');
    expect(await whoIs(url, { cookie, authorization: 'Bearer viewer-secret' })).toBe('vera');
    expect(await whoIs(url, { cookie, authorization: 'Bearer nobodys' })).toBe(401);
    expect(await whoIs(url, { cookie: `${name}=planted; ${cookie}; other=1` })).toBe('ada');
    expect(await whoIs(url, { cookie: `${name}=planted` })).toBe(401);
    expect(await whoIs(url, { cookie: cookie.replace(name, 'vodai_session_1') })).toBe(401);
  });

  it('lets only its own pages act with the cookie', async () => {
    const { url, follow } = await startLocal();
    const session = await follow();
    const { host } = new URL(url);
    for (const headers of [
      {},
      { origin: 'https://evil.example' },
      { origin: 'http://127.0.0.1:9999', 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'none' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    ]) {
      const { status, body } = await enqueue(url, { ...session, ...headers });
      expect([headers, status, body.code]).toEqual([headers, 403, 'foreign_origin']);
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
        expect([403, 415]).toContain((await enqueue(url, { ...session, ...headers }, type)).status);
      }
      const left = await ask(`${url}/v1/session`, { method: 'DELETE', headers: { ...session, ...headers } });
      expect([headers, left.status]).toEqual([headers, 403]);
    }
    expect((await ask(`${url}/v1/jobs`, { headers: session })).body.items).toEqual([]);
    for (const headers of [OWN_PAGE, { origin: `http://${host}` }]) {
      expect((await enqueue(url, { ...session, ...headers })).status).toBeLessThan(300);
    }
  });

  it('ends a session when its owner leaves, and all of them with itself', async () => {
    const { url, follow } = await startLocal();
    const [first, second] = [await follow(), await follow()];
    const left = await ask(`${url}/v1/session`, { method: 'DELETE', headers: { ...first, ...OWN_PAGE } });
    expect([left.status, left.headers['set-cookie']]).toEqual([
      204,
      [expect.stringMatching(/^vodai_session_\d+=; Path=\/; HttpOnly; SameSite=Strict; Max-Age=0$/)],
    ]);
    expect(await whoIs(url, first)).toBe(401);
    expect(await whoIs(url, second)).toBe('ada');

    await servers.pop()?.close();
    const next = await startLocal({ API_PORT: new URL(url).port });
    expect(await whoIs(next.url, second)).toBe(401);
  });

  it.each(['evil.example', 'evil.example:3000', 'localhost.evil.example', '10.0.0.1'])(
    'is not there for a page that calls it "%s"',
    async (host) => {
      const { url, link, follow } = await startLocal();
      const session = await follow();
      for (const address of [`${url}/`, `${url}/session.json`, `${url}/v1/me`, link(), `${url}/nothing`]) {
        const { status, body, headers } = await ask(address, { headers: { ...session, ...OWN_PAGE, host } });
        expect([address, status, body.code]).toEqual([address, 403, 'foreign_origin']);
        expect(headers).not.toHaveProperty('set-cookie');
      }
      expect((await enqueue(url, { host, authorization: 'Bearer admin-secret' })).status).toBe(403);
    },
  );

  it('is found by its other names where it was told to listen for others', async () => {
    const { url, follow } = await startLocal({ HOST: '0.0.0.0' });
    expect(await whoIs(url, { ...(await follow()), host: 'laptop.example:3000' })).toBe('ada');
  });
});

describe('An instance that is not local', () => {
  it('knows no links and no sessions, and is called as its proxy calls it', async () => {
    const url = await start({});
    const headers = { host: 'vodai.example', authorization: 'Bearer admin-secret' };
    expect((await ask(`${url}/session?token=x`, { headers })).status).toBe(404);
    expect((await ask(`${url}/v1/session/links`, { method: 'POST', headers })).status).toBe(404);
    expect((await ask(`${url}/v1/me`, { headers })).body).toMatchObject({ name: 'ada' });
  });
});
