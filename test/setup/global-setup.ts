import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { freePort, startEmbeddedPostgres } from '../../apps/local/src/embedded-postgres';

/** Nothing in a test survives it, so nothing has to reach the disk; and every process of every test has its connections. */
const SETTINGS = [
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'shared_buffers=256MB',
  'max_connections=400',
];

/** Every server that the tests share, started once: what each test file gets is a database of its own on it. */
export default async function setUp(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'vodai-test-'));
  chmodSync(folder, 0o755); // the OS user postgres has to get in when the tests run as root
  const stops: (() => Promise<unknown>)[] = [];
  Object.assign(globalThis, {
    stopTestServers: async () => {
      for (const stop of stops.toReversed()) await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  });

  let postgresUrl = process.env['DATABASE_URL'];
  if (!postgresUrl) {
    const postgres = await startEmbeddedPostgres(join(folder, 'postgres'), SETTINGS);
    stops.push(() => postgres.stop());
    postgresUrl = postgres.url;
  }
  process.env['TEST_POSTGRES_URL'] = postgresUrl;
  await dropTemplate(postgresUrl);

  const redis = process.env['REDIS_URL'] ? { url: process.env['REDIS_URL'] } : await startRedis(folder, stops);
  if (redis) process.env['TEST_REDIS_URL'] = redis.url;
  else if (process.env['CI'] === 'true') throw new Error('no Redis: set REDIS_URL or put redis-server on the PATH');
  else process.stdout.write('\nNo REDIS_URL and no redis-server on the PATH: suites that need Redis are skipped.\n');
  // What the tests start must not find the machine's own stores by accident.
  delete process.env['DATABASE_URL'];
  delete process.env['REDIS_URL'];
}

/** The first test makes it anew: one of an earlier run, on a server that outlived it, may lack a migration. */
async function dropTemplate(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query('drop database if exists vodai_template with (force)');
  await client.end();
}

async function startRedis(folder: string, stops: (() => Promise<unknown>)[]): Promise<{ url: string } | null> {
  if (spawnSync('redis-server', ['--version']).status !== 0) return null;
  const port = await freePort();
  const args = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
    '--dir',
    folder,
    '--databases',
    '64',
  ];
  const server = spawn('redis-server', [...args, '--maxmemory-policy', 'noeviction'], { stdio: 'ignore' });
  stops.push(() => ended(server));
  const client = new Redis({ port, host: '127.0.0.1', retryStrategy: () => 50, maxRetriesPerRequest: 100 });
  client.on('error', () => {});
  await client.ping();
  client.disconnect();
  return { url: `redis://127.0.0.1:${port}` };
}

function ended(server: ChildProcess): Promise<unknown> {
  const exit = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGTERM');
  return exit;
}
