import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEmptyDatabase, createTestDatabase, describeWithRedis, eventually, testRedisUrl } from '@app/testing';
import { Client } from 'pg';
import { freePort } from '../apps/local/src/embedded-postgres';
import { isAlive } from '../apps/local/src/is-alive';
import { BUILD_TIMEOUT_MS, builtDist } from './support/build';
import { RealProcess, type ProcessName } from './support/processes';
import { keys } from './support/stack';

/** What docs/operations.md promises after SIGTERM. */
const GRACE_MS = 20_000;

const started: RealProcess[] = [];
const cleanUps: (() => unknown)[] = [];

beforeAll(() => builtDist(), BUILD_TIMEOUT_MS);
afterEach(async () => {
  for (const one of started.splice(0)) await one.stop('SIGKILL');
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

async function start(name: ProcessName, env: Record<string, string>, cwd?: string): Promise<RealProcess> {
  const one = await RealProcess.start(name, env, cwd);
  started.push(one);
  return one;
}

async function database(make: typeof createTestDatabase): Promise<string> {
  const made = await make();
  cleanUps.push(() => made.drop());
  return made.url;
}

async function query(url: string, sql: string): Promise<any[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function call(url: string, path: string, body?: unknown, key: string = keys.operator): Promise<any> {
  const response = await fetch(`${url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return response.json();
}

/** Waits for a job to be over, however often a wait of one call runs out. */
function over(url: string, id: string, key: string = keys.operator): Promise<any> {
  return eventually(`job ${id} is over`, async () => {
    const job = await call(url, `/v1/jobs/${id}?wait=20s`, undefined, key);
    return job.settledAt ? job : null;
  });
}

/** What every process needs, with a value that none of them can start with left out. */
function environment(databaseUrl: string): Record<string, string> {
  return {
    DATABASE_URL: databaseUrl,
    API_KEYS: `otto:operator:${keys.operator}`,
    API_PORT: '0',
    WORKER_PORT: '0',
    WEBHOOK_PORT: '0',
    EMULATOR_PORT: '0',
    EMULATOR_JOB_TIME: '100ms-300ms',
    ALIBABA_CLOUD_ACCESS_KEY_ID: keys.accessKeyId,
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: keys.accessKeySecret,
    VOD_CALLBACK_URL: 'http://127.0.0.1:1/vod/events',
    VOD_CALLBACK_KEYS: keys.callback,
  };
}

const everyone = ['api', 'worker', 'webhook', 'emulator'] as const;
const portOf = { api: 'API_PORT', worker: 'WORKER_PORT', webhook: 'WEBHOOK_PORT', emulator: 'EMULATOR_PORT' } as const;
const emulatorUrl = /VOD emulator on (http:\S+)/;

const life = (redis: boolean) => () => {
  it('takes a media to two results, loses nothing and pays nothing twice when its worker is replaced, and stops cleanly', async () => {
    const databaseUrl = await database(createEmptyDatabase);
    const redisUrl = redis ? testRedisUrl() : null;
    const webhookPort = String(await freePort());
    const env = {
      ...environment(databaseUrl),
      ...(redisUrl ? { REDIS_URL: redisUrl } : {}),
      WEBHOOK_PORT: webhookPort,
      VOD_CALLBACK_URL: `http://127.0.0.1:${webhookPort}/vod/events`,
    };

    const migrated = await start('migrate', env);
    expect(await migrated.exit).toEqual({ code: 0, signal: null });
    expect(migrated.stdout).toMatch(/^ran \w+/);
    const again = await start('migrate', env);
    expect(await again.exit).toEqual({ code: 0, signal: null });
    expect(again.stdout).toMatch(/up to date/);

    const emulator = await start('emulator', env);
    const vodUrl = await emulator.url(emulatorUrl);
    const vod = { ...env, VOD_ENDPOINT: `${vodUrl}/{region}` };
    const [api, worker, webhook] = [await start('api', vod), await start('worker', vod), await start('webhook', vod)];
    const [apiUrl] = await Promise.all([api.url(), worker.url(), webhook.url()]);

    const request = await call(apiUrl, '/v1/jobs', { mediaId: 'm-1', types: ['AIVideoTag', 'AIMediaDNA'] });
    for (const { id } of request.jobs) expect((await over(apiUrl, id)).state).toBe('succeeded');
    expect((await call(apiUrl, '/v1/events?verdict=matched')).items).toHaveLength(2);

    // Replaced in the middle of its work.
    const more = await Promise.all(
      Array.from({ length: 20 }, (_, i) => call(apiUrl, '/v1/jobs', { mediaId: `n-${i}`, types: ['AIVideoTag'] })),
    );
    await eventually('some of it is at VOD', async () => {
      const { items } = await call(apiUrl, '/v1/jobs?state=submitting&state=processing');
      return items.length > 0;
    });
    await expectCleanStop(worker);
    const second = await start('worker', vod);
    await second.url();
    for (const { jobs } of more) expect((await over(apiUrl, jobs[0].id)).state).toBe('succeeded');
    expect((await call(vodUrl, '/_emulator/ledger')).billed).toBe(22);

    for (const one of [api, second, webhook, emulator]) await expectCleanStop(one);
    const said = started.map((one) => one.output).join('');
    expect(said).not.toMatch(/canary/i);
  });
};

/** Within the grace period, with 0, and with nothing left behind. */
async function expectCleanStop(one: RealProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  const asked = performance.now();
  expect(await one.stop(signal)).toEqual({ code: 0, signal: null });
  expect(performance.now() - asked).toBeLessThan(GRACE_MS);
  expect(one.leftSomething()).toBe(false);
}

describe('Four processes, with BullMQ on Postgres', life(false));
describeWithRedis('Four processes, with BullMQ on Redis', life(true));

describe('A process', () => {
  it.each(everyone)('stops on SIGINT with 0 as it does on SIGTERM: %s', async (name) => {
    const one = await start(name, environment(await database(createTestDatabase)));
    await one.url(name === 'emulator' ? emulatorUrl : undefined);
    await expectCleanStop(one, 'SIGINT');
  });

  // api, worker and webhook open their database by the same lines: each refusal is tried with one of them.
  it('refuses an empty database and says the command that mends it', async () => {
    const one = await start('worker', environment(await database(createEmptyDatabase)));
    expect(await one.refusal()).toEqual({ code: 1, signal: null });
    expect(one.stderr).toMatch(/npm run migrate/);
    expect(one.stderr.trim().split('\n')).toHaveLength(1);
  });

  it('refuses a schema that lacks a migration', async () => {
    const url = await database(createTestDatabase);
    await query(url, 'delete from migration where id = (select max(id) from migration)');
    const one = await start('webhook', environment(url));
    expect(await one.refusal()).toEqual({ code: 1, signal: null });
    expect(one.stderr).toMatch(/npm run migrate/);
  });

  it.each(everyone)('says what is wrong with its environment, one line each, and no secret: %s', async (name) => {
    const one = await start(name, {
      ...environment('postgres://user:password-canary@127.0.0.1'),
      DATABASE_URL: 'mysql://user:password-canary@127.0.0.1/x',
      API_KEYS: 'otto:king:api-key-canary',
      API_PORT: '99999',
      LEASE: 'a while',
      VOD_CALLBACK_AUHT: 'hint',
    });
    expect(await one.refusal()).toEqual({ code: 1, signal: null });
    expect(one.stdout).toBe('');
    const lines = one.stderr.trim().split('\n');
    expect(blamed(one)).toEqual(['API_KEYS', 'API_PORT', 'DATABASE_URL', 'LEASE', 'VOD_CALLBACK_AUHT']);
    for (const line of lines) expect(line).toMatch(/^\w+: expected .+, got .+/);
    expect(one.output).not.toMatch(/canary/);
  });

  it.each([
    ['api', ['API_KEYS', 'DATABASE_URL']],
    ['worker', ['DATABASE_URL']],
    ['webhook', ['DATABASE_URL', 'VOD_CALLBACK_KEYS', 'VOD_CALLBACK_URL']],
    ['emulator', ['ALIBABA_CLOUD_ACCESS_KEY_ID', 'ALIBABA_CLOUD_ACCESS_KEY_SECRET']],
    ['migrate', ['DATABASE_URL']],
    ['retention', ['DATABASE_URL']],
  ] as const)('says what it cannot do without: %s', async (name, missing) => {
    const one = await start(name, {});
    expect(await one.refusal()).toEqual({ code: 1, signal: null });
    expect(blamed(one)).toEqual(missing);
  });

  it.each(['api', 'migrate'] as const)(
    'ends with 1 and without the password when Postgres is not there: %s',
    async (name) => {
      const url = `postgres://user:password-canary@127.0.0.1:${await freePort()}/x`;
      const one = await start(name, environment(url));
      expect(await one.refusal()).toEqual({ code: 1, signal: null });
      expect(one.output).toMatch(/ECONNREFUSED/);
      expect(one.output).not.toMatch(/canary/);
    },
  );

  it.each(everyone)('says which port is busy and which variable changes it: %s', async (name) => {
    const port = await busyPort();
    const one = await start(name, { ...environment(await database(createTestDatabase)), [portOf[name]]: String(port) });
    expect(await one.refusal()).toEqual({ code: 1, signal: null });
    const lines = one.stderr.trim().split('\n');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(String(port));
    expect(lines[0]).toContain(portOf[name]);
  });

  it('says at the start which setting is weak, and not what it is', async () => {
    const one = await start('api', {
      ...environment(await database(createTestDatabase)),
      API_KEYS: 'a:viewer:canary-short',
    });
    await one.url();
    const lines = one.stdout.split('\n').filter((line) => line.includes('a setting is weak'));
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({
        level: 'warn',
        variable: 'API_KEYS',
        weakness: expect.stringContaining('has 12 characters'),
      }),
    ]);
    expect(one.output).not.toContain('canary-short');
  });

  it('of the internet-facing kind starts without any credential of the cloud', async () => {
    const {
      ALIBABA_CLOUD_ACCESS_KEY_ID: _id,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: _secret,
      API_KEYS: _keys,
      ...env
    } = environment(await database(createTestDatabase));
    const one = await start('webhook', env);
    const url = await one.url();
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    await expectCleanStop(one);
  });
});

describe('The bench', () => {
  it('finds all that it is made of among what is built', async () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(await builtDist(), 'bench/run.js'), '--help'],
      {
        encoding: 'utf8',
      },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^npm run bench -- main/);
  });
});

/** The variables that its lines begin with. */
function blamed({ stderr }: RealProcess): string[] {
  const names = stderr
    .trim()
    .split('\n')
    .map((line) => line.split(':')[0] ?? '');
  return names.toSorted();
}

async function busyPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUps.push(() => new Promise((resolve) => server.close(resolve)));
  return (server.address() as AddressInfo).port;
}

describe('The local app', () => {
  /** Ports that are free, and nothing else: what `npm start` has on a bare machine. */
  const ports = { API_PORT: '0', WEBHOOK_PORT: '0', WORKER_PORT: '0', EMULATOR_PORT: '0' };
  const env = { ...ports, EMULATOR_JOB_TIME: '100ms-300ms' };
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'vodai-local-'));
    chmodSync(folder, 0o755); // the OS user postgres has to get in when the tests run as root
    cleanUps.push(
      () => rmSync(folder, { recursive: true, force: true }),
      () => killPostgres(),
    );
  });

  /** The embedded Postgres of this folder, in a session of its own; null when none runs. */
  function postgresPid(): number | null {
    const file = join(folder, '.data/postgres/cluster/postmaster.pid');
    const pid = existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : 0;
    return pid > 0 && isAlive(pid) ? pid : null;
  }

  async function killPostgres(): Promise<void> {
    const pid = postgresPid();
    if (pid === null) return;
    process.kill(pid, 'SIGKILL');
    await eventually('its Postgres is gone', () => !isAlive(pid));
  }

  async function startLocal(): Promise<{ local: RealProcess; url: string; key: string }> {
    const local = await start('local', env, folder);
    const url = await local.url(/^ {2}dashboard +(http:\S+)/m);
    const key = /API key +(\S+)/.exec(local.stdout)?.[1] ?? '';
    return { local, url, key };
  }

  /** By the link that it prints; the cookie that this gives. */
  async function signedIn({ stdout }: RealProcess): Promise<string> {
    const link = /^ {2}sign in +(http:\S+)/m.exec(stdout)?.[1] ?? '';
    const { headers } = await fetch(link, { redirect: 'manual' });
    return headers.get('set-cookie')?.split(';')[0] ?? '';
  }

  async function whoIs(url: string, cookie: string): Promise<unknown> {
    return (await fetch(`${url}/v1/me`, { headers: { cookie } })).json();
  }

  async function stop(local: RealProcess): Promise<void> {
    const pid = postgresPid();
    expect(pid).not.toBeNull();
    await expectCleanStop(local, 'SIGINT');
    expect(postgresPid()).toBeNull();
    await eventually('its Postgres is gone', () => !isAlive(pid ?? 0));
  }

  it('works from nothing, stops on Ctrl-C with all of it, finds its data again, and leaves it to one process at a time', async () => {
    const first = await startLocal();
    const request = await call(
      first.url,
      '/v1/jobs',
      { mediaId: 'm-1', types: ['AIVideoTag', 'AIMediaDNA'] },
      first.key,
    );
    for (const { id } of request.jobs) expect((await over(first.url, id, first.key)).state).toBe('succeeded');
    const cookie = await signedIn(first.local);
    expect(await whoIs(first.url, cookie)).toMatchObject({ name: 'local', role: 'admin' });
    await stop(first.local);
    const secret = ['api-key', 'secrets.json'].map((name) => join(folder, '.data', name));
    for (const file of secret) chmodSync(file, 0o644);

    const second = await startLocal();
    expect(second.key).toBe(first.key);
    expect(secret.map((file) => statSync(file).mode & 0o777)).toEqual([0o600, 0o600]);
    const renamed = cookie.replace(/_\d+=/, `_${new URL(second.url).port}=`);
    expect(await whoIs(second.url, renamed)).toMatchObject({ code: 'unauthorized' });
    const third = await start('local', env, folder);
    expect(await third.refusal()).toEqual({ code: 1, signal: null });
    expect(third.stderr).toContain(String(second.local.pid));
    const { items } = await call(second.url, '/v1/jobs', undefined, second.key);
    expect(items.map((job: any) => job.id).toSorted()).toEqual(request.jobs.map((job: any) => job.id).toSorted());
    await stop(second.local);
  });

  it('starts again after it was killed, with or without its Postgres, and loses nothing', async () => {
    let { local, url, key } = await startLocal();
    const ids: string[] = [];
    for (const postgresToo of [false, true]) {
      const { jobs } = await call(url, '/v1/jobs', { mediaId: `m-${ids.length}`, types: ['AIVideoTag'] }, key);
      ids.push(jobs[0].id);
      await local.stop('SIGKILL');
      expect(postgresPid()).not.toBeNull();
      if (postgresToo) await killPostgres();
      ({ local, url, key } = await startLocal());
      const { items } = await call(url, '/v1/jobs', undefined, key);
      expect(items.map((job: any) => job.id)).toEqual(ids.toReversed());
    }
    await stop(local);
  });

  it('leaves nothing behind when the npm that runs it is killed', async () => {
    const scripts = { start: `node ${join(__dirname, '../tools/start.mjs')}` };
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, scripts }));
    const { PATH = '' } = process.env;
    const npm = spawn('npm', ['start'], { cwd: folder, env: { PATH, ...env }, stdio: ['ignore', 'pipe', 'ignore'] });
    const pid = await eventually('it runs', () => {
      if (!existsSync(join(folder, '.data/api-url'))) return null;
      return Number(readFileSync(join(folder, '.data/pid'), 'utf8'));
    });
    npm.kill('SIGTERM');
    await eventually('the process and its Postgres are gone', () => !isAlive(pid) && postgresPid() === null);
  });

  it.each(['API_PORT', 'WEBHOOK_PORT', 'WORKER_PORT', 'EMULATOR_PORT'])(
    'says that %s is busy before it starts anything',
    async (variable) => {
      const port = await busyPort();
      const local = await start('local', { ...env, [variable]: String(port) }, folder);
      expect(await local.refusal()).toEqual({ code: 1, signal: null });
      expect(local.stderr).toContain(`port ${port} on 127.0.0.1 is in use; set ${variable}`);
      expect(postgresPid()).toBeNull();
    },
  );
});
