import { execFile, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describeWithRedis, eventually } from '@app/testing';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { parse } from 'yaml';
import { freePort } from '../apps/local/src/embedded-postgres';
import { OwnPostgres } from './faults/support/postgres';
import { BUILD_TIMEOUT_MS, builtDist } from './support/build';
import { RealProcess, type ProcessName } from './support/processes';

const run = promisify(execFile);
const root = join(__dirname, '..');
const sh = (file: string, args: string[] = [], env: Record<string, string> = {}) =>
  run('sh', [join(root, file), ...args], { env: { PATH: process.env['PATH'] ?? '', ...env } });

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'vodai-deploy-'));
  cleanUps.push(() => rmSync(made, { recursive: true }));
  return made;
}

const secretsIn = (at: string) =>
  Object.fromEntries(
    readdirSync(join(at, 'secrets')).map((name) => [name, readFileSync(join(at, 'secrets', name), 'utf8').trim()]),
  );

describe('deploy/set-up.sh', () => {
  it('makes a password of its own for everybody, nothing twice, and says what is left to do', async () => {
    const at = folder();
    const { stdout } = await sh('deploy/set-up.sh', [], { FOLDER: at });
    expect(stdout).toMatch(/VOD_CALLBACK_URL=.*\n/);
    expect(stdout).toMatch(/secrets\/access-key-id/);
    const made = secretsIn(at);
    expect(Object.keys(made).toSorted()).toEqual(Object.keys(compose().secrets).toSorted());
    const passwords = Object.values(made).flatMap((text) => /[0-9a-f]{48}(?=@|$)/.exec(text)?.[0] ?? []);
    expect(new Set(passwords).size).toBe(7); // Postgres's superuser, four logins, Redis, the api's key
    expect(made['callback-keys']).toMatch(/^(?=.*[A-Z])(?=.*[a-z])(?=.*\d)[A-Za-z0-9]{32}$/);
    expect(made['redis-users']).not.toContain(/:(\w{48})@/.exec(made['redis-url'] ?? '')?.[1]);
    for (const text of Object.values(made)) expect(stdout).not.toContain(text || 'nothing');
    // Others of this machine don't get in; who is somebody else in a container can read.
    expect(statSync(join(at, 'secrets')).mode & 0o777).toBe(0o700);
    expect(statSync(join(at, 'secrets/api-keys')).mode & 0o777).toBe(0o644);
    expect(readFileSync(join(at, '.env'), 'utf8')).toBe('COMPOSE_PROFILES=postgres,redis\n');

    writeFileSync(join(at, '.env'), 'COMPOSE_PROFILES=\n');
    writeFileSync(join(at, 'secrets/api-keys'), 'mine:admin:my-own-long-secret\n');
    await sh('deploy/set-up.sh', [], { FOLDER: at });
    expect(secretsIn(at)).toEqual({ ...made, 'api-keys': 'mine:admin:my-own-long-secret' });
    expect(readFileSync(join(at, '.env'), 'utf8')).toBe('COMPOSE_PROFILES=\n');
  });

  it('sets up the emulator, and refuses what it does not know', async () => {
    const at = folder();
    await sh('deploy/set-up.sh', ['--emulator'], { FOLDER: at });
    expect(readFileSync(join(at, '.env'), 'utf8').split('\n')).toEqual([
      'COMPOSE_PROFILES=postgres,redis,emulator',
      'VOD_ENDPOINT=http://emulator:3002/{region}',
      'VOD_CALLBACK_URL=http://webhook:3001/vod/events',
      '',
    ]);
    expect(secretsIn(at)).toMatchObject({
      'access-key-id': 'emulator',
      'access-key-secret': expect.stringMatching(/^\w{48}$/),
    });
    await expect(sh('deploy/set-up.sh', ['--emulate'], { FOLDER: at })).rejects.toThrow(
      /expected --emulator or nothing, got --emulate/,
    );
  });
});

describe('deploy/pin-images.sh', () => {
  /** A docker that knows one digest. */
  function registryWith(digest: string): { at: string; env: Record<string, string> } {
    const at = folder();
    writeFileSync(join(at, 'docker'), `#!/bin/sh\necho "$*" >>"${at}/asked"\necho '${digest}'\n`);
    chmodSync(join(at, 'docker'), 0o755);
    writeFileSync(join(at, 'docker-compose.yml'), readFileSync(join(root, 'docker-compose.yml')));
    return { at, env: { FOLDER: at, PATH: `${at}:${process.env['PATH']}` } };
  }

  it('has Compose take the digests that the registry names, and leaves the rest of .env', async () => {
    const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
    const { at, env } = registryWith(digest);
    writeFileSync(join(at, '.env'), 'COMPOSE_PROFILES=redis\nNODE_IMAGE=node:old@sha256:0\n');
    await sh('deploy/pin-images.sh', [], env);
    const [base] = readFileSync(join(root, 'Dockerfile'), 'utf8').match(/node:[\w.-]+/) ?? [];
    expect(readFileSync(join(at, '.env'), 'utf8').split('\n')).toEqual([
      'COMPOSE_PROFILES=redis',
      `NODE_IMAGE=${base}@${digest}`,
      `POSTGRES_IMAGE=postgres:16-alpine@${digest}`,
      `REDIS_IMAGE=redis:7-alpine@${digest}`,
      '',
    ]);
  });

  it('writes nothing that is no digest', async () => {
    const { at, env } = registryWith('no such image');
    await expect(sh('deploy/pin-images.sh', [], env)).rejects.toThrow(
      /expected a digest of node:.*, got no such image/,
    );
    expect(readFileSync(join(at, '.env'), 'utf8')).toBe('');
  });
});

const hasPsql = spawnSync('psql', ['--version']).status === 0;
if (!hasPsql && process.env['CI'] === 'true') throw new Error('no psql on the PATH: install postgresql-client');
const describeWithPsql = hasPsql ? describeWithRedis : describe.skip;

describeWithPsql('What Compose runs, without its containers', () => {
  it(
    'does a job with a login each, secrets from files, and nothing that it may write to',
    async () => {
      await builtDist();
      const at = folder();
      await sh('deploy/set-up.sh', ['--emulator'], { FOLDER: at });
      const postgres = await OwnPostgres.start();
      cleanUps.push(() => postgres.remove());
      const { hostname, port, username, password } = new URL(postgres.url);
      await asAdmin(postgres.url, 'create database vodai');

      // In the containers' network they have names; here they have ports.
      const redis = await startRedis(at);
      const [webhookPort, apiPort] = [await freePort(), await freePort()];
      for (const [name, text] of Object.entries(secretsIn(at))) {
        const here = text
          .replace('@postgres:5432', `@${hostname}:${port}`)
          .replace('@redis:6379', `@127.0.0.1:${redis}`);
        writeFileSync(join(at, 'secrets', name), `${here}\n`);
      }
      const logins = {
        SECRETS: join(at, 'secrets'),
        POSTGRES_USER: username,
        PGHOST: hostname,
        PGPORT: port,
        PGPASSWORD: password,
      };
      await sh('deploy/postgres/logins.sh', [], logins);
      await sh('deploy/postgres/logins.sh', [], logins); // a second time after a password was changed

      const start = async (name: ProcessName, more: Record<string, string> = {}) => {
        const one = await RealProcess.start(name, { ...readOnly(), ...environmentOf(name, at), ...more }, '/');
        cleanUps.push(() => one.stop());
        return one;
      };
      const migration = await start('migrate');
      expect([await migration.exit, migration.stderr]).toEqual([{ code: 0, signal: null }, '']);
      const VOD_CALLBACK_URL = `http://127.0.0.1:${webhookPort}/vod/events`;
      const emulator = await start('emulator', { EMULATOR_PORT: '0', EMULATOR_JOB_TIME: '100ms', VOD_CALLBACK_URL });
      const vodUrl = await emulator.url(/VOD emulator on (http:\S+)/);
      const api = await start('api', { API_PORT: String(apiPort) });
      const webhook = await start('webhook', { WEBHOOK_PORT: String(webhookPort), VOD_CALLBACK_URL });
      const worker = await start('worker', { WORKER_PORT: '0', VOD_ENDPOINT: `${vodUrl}/{region}` });
      const [apiUrl] = await Promise.all([api.url(), webhook.url(), worker.url()]);

      const [, , key] = secretsIn(at)['api-keys']?.split(':') ?? [];
      const call = async <T>(path: string, init: RequestInit = {}) => {
        const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
        return (await (await fetch(`${apiUrl}${path}`, { ...init, headers })).json()) as T;
      };
      const { jobs } = await call<{ jobs: [{ id: string }] }>('/v1/jobs', {
        method: 'POST',
        body: JSON.stringify({ mediaId: 'm', types: ['AIVideoTag'] }),
      });
      await eventually(
        'the job has succeeded',
        async () => (await call<{ state: string }>(`/v1/jobs/${jobs[0].id}`)).state === 'succeeded',
      );
      const { items } = await call<{ items: { event: string }[] }>(`/v1/jobs/${jobs[0].id}/history`);
      expect(items.map(({ event }) => event)).toContain('event_received'); // the webhook's part

      const users = await asAdmin(
        postgres.url,
        `select distinct usename as login, usesuper as super from pg_stat_activity join pg_user using (usename)
          where datname = 'vodai' order by login`,
      );
      expect(users).toEqual(
        ['api', 'webhook', 'worker'].map((name) => ({ login: `vodai_login_${name}`, super: false })),
      );

      const alive = () =>
        run(process.execPath, [join(root, 'deploy/alive.mjs'), 'api'], {
          env: { API_PORT: String(apiPort), WEBHOOK_PORT: String(webhookPort) },
        });
      await alive();
      await api.stop();
      await expect(alive()).rejects.toMatchObject({ code: 1 });
    },
    BUILD_TIMEOUT_MS,
  );

  it('has a Redis that nobody uses without its password, and with it for our queues only', async () => {
    const at = folder();
    await sh('deploy/set-up.sh', [], { FOLDER: at });
    const port = await startRedis(at);
    const said = async (url: string, ...command: [string, ...string[]]) => {
      const client = new Redis(url, { retryStrategy: () => null, lazyConnect: true, enableReadyCheck: false });
      client.on('error', () => undefined);
      const answer = await client.call(...command).then(String, (error: unknown) => String(error));
      client.disconnect();
      return answer;
    };
    const ours = secretsIn(at)['redis-url']?.replace('redis:6379', `127.0.0.1:${port}`) ?? '';
    expect(await said(`redis://127.0.0.1:${port}`, 'get', 'a')).toMatch(/NOAUTH/);
    expect(await said(`redis://vodai:redis@127.0.0.1:${port}`, 'get', 'a')).toMatch(/WRONGPASS|NOAUTH/);
    expect(await said(ours, 'set', '{vodai-1}:a', 'b')).toBe('OK');
    expect(await said(ours, 'set', 'anything', 'b')).toMatch(/NOPERM/);
    for (const command of [['config', 'get', '*'], ['acl', 'list'], ['flushall'], ['shutdown']] as [
      string,
      ...string[],
    ][]) {
      expect(await said(ours, ...command)).toMatch(/NOPERM/);
    }
  });

  it('is refused a login whose URL has no password, and says which file', async () => {
    const at = folder();
    await sh('deploy/set-up.sh', [], { FOLDER: at });
    writeFileSync(join(at, 'secrets/database-url-migrate'), 'postgres://somebody@postgres:5432/vodai\n');
    await expect(sh('deploy/postgres/logins.sh', [], { SECRETS: join(at, 'secrets') })).rejects.toThrow(
      /expected postgres:\/\/login:password@host:port\/name in .*database-url-migrate/,
    );
  });
});

function compose(): {
  services: Record<string, { command: string[]; environment?: Record<string, string | null> }>;
  secrets: Record<string, unknown>;
} {
  return parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8'), { merge: true });
}

/** What the service is given, as far as it has a value without its user: with the secrets from where they lie here. */
function environmentOf(name: string, at: string): Record<string, string> {
  const { environment = {} } = compose().services[name] ?? {};
  const given = Object.entries(environment).flatMap(([variable, value]) => {
    const text = value?.replace(/^\$\{\w+-(.*)\}$/, '$1').replace('/run/secrets', join(at, 'secrets'));
    return text === undefined || text.startsWith('${') ? [] : [[variable, text]];
  });
  return { ...Object.fromEntries(given), HOST: '127.0.0.1' };
}

/** Node itself refuses whatever would be written, as a read-only file system does. */
function readOnly(): Record<string, string> {
  const known = process.allowedNodeEnvironmentFlags;
  const permission = known.has('--permission') ? '--permission' : '--experimental-permission';
  const allowed = ['--allow-fs-read=*', '--allow-addons', ...(known.has('--allow-net') ? ['--allow-net'] : [])];
  return {
    NODE_OPTIONS: [
      permission,
      ...allowed,
      '--disable-warning=ExperimentalWarning',
      '--disable-warning=SecurityWarning',
    ].join(' '),
  };
}

async function asAdmin(url: string, statement: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}

/** As Compose starts it. Answers its port. */
async function startRedis(at: string): Promise<number> {
  const port = await freePort();
  const [program = '', ...args] = compose().services['redis']?.command ?? [];
  const here = args.map((each) => each.replace('/run/secrets', join(at, 'secrets')));
  const server = spawn(program, [...here, '--port', String(port), '--bind', '127.0.0.1', '--dir', at], {
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => server.once('exit', resolve));
  cleanUps.push(async () => {
    server.kill('SIGTERM');
    await ended;
  });
  const client = new Redis({ port, host: '127.0.0.1', retryStrategy: () => 50, enableReadyCheck: false });
  client.on('error', () => undefined);
  await eventually('Redis answers', async () => /NOAUTH|PONG/.test(await client.ping().then(String, String)));
  client.disconnect();
  return port;
}
