import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { freePort, startEmbeddedPostgres } from '../apps/local/src/embedded-postgres';
import { only } from './rows';
import { until } from './until';

export interface Stores {
  folder: string;
  postgres: { url: string; pid: number; version: string };
  /** Null where there is no redis-server on the PATH. */
  redis: { url: string; pid: number; version: string } | null;
  /** An empty database with a connection of ours to it. */
  createDatabase(name: string): Promise<{ url: string; sql: Client }>;
  stop(): Promise<void>;
}

/** Servers of our own in a temporary folder: Postgres as durable as it comes, Redis keeping nothing on disk. */
export async function startStores(): Promise<Stores> {
  const folder = mkdtempSync(join(tmpdir(), 'vodai-bench-'));
  chmodSync(folder, 0o755); // the OS user postgres has to get in when this runs as root
  const stops: (() => Promise<unknown>)[] = [async () => rmSync(folder, { recursive: true, force: true })];
  const stop = async () => {
    for (const one of stops.splice(0).toReversed()) await one();
  };
  try {
    // Its defaults: fsync, synchronous_commit and full_page_writes are on.
    const postgres = await startEmbeddedPostgres(join(folder, 'postgres'));
    stops.push(() => postgres.stop());
    const server = new Client({ connectionString: postgres.url });
    await server.connect();
    stops.push(() => server.end());
    const { rows } = await server.query<{ version: string; data: string }>(
      `select current_setting('server_version') as version, current_setting('data_directory') as data`,
    );
    const { version, data } = only(rows);
    const pid = Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);
    return {
      folder,
      postgres: { url: postgres.url, pid, version },
      redis: await startRedis(folder, stops),
      stop,
      createDatabase: async (name) => {
        await server.query(`create database ${name}`);
        // What an earlier part has left to write is written now, and not during the next part.
        await server.query('checkpoint');
        const url = new URL(postgres.url);
        url.pathname = `/${name}`;
        const sql = new Client({ connectionString: url.href });
        await sql.connect();
        stops.push(() => sql.end());
        return { url: url.href, sql };
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startRedis(folder: string, stops: (() => Promise<unknown>)[]): Promise<Stores['redis']> {
  const asked = spawnSync('redis-server', ['--version'], { encoding: 'utf8' });
  if (asked.status !== 0) return null;
  const port = await freePort();
  const where = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder];
  const server = spawn(
    'redis-server',
    // What BullMQ holds grows back from Postgres, so nothing of it has to be kept.
    [...where, '--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction'],
    { stdio: 'ignore' },
  );
  stops.push(async () => {
    const exit = once(server, 'exit');
    server.kill('SIGTERM');
    await exit;
  });
  await until('Redis accepts connections', () => accepts(port));
  const version = /v=(\S+)/.exec(asked.stdout)?.[1] ?? '';
  return { url: `redis://127.0.0.1:${port}`, pid: server.pid ?? 0, version };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
