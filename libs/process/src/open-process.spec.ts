import { loadConfig, type ConfigFor } from '@app/config';
import { createLogger, type Server } from '@app/observability';
import { ProcessStore } from '@app/persistence';
import { createTestDatabase, eventually, type TestDatabase } from '@app/testing';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Client } from 'pg';
import type { DataSource } from 'typeorm';
import { openProcess, type OpenProcess, type Served } from './open-process';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const logger = createLogger({ level: 'silent', format: 'json', process: 'webhook' });

function config(port = '0', operations?: string): ConfigFor<'webhook'> {
  const env = {
    DATABASE_URL: database.url,
    HOST: '127.0.0.1',
    WEBHOOK_PORT: port,
    OPS_PORT_WEBHOOK: operations,
    VOD_CALLBACK_URL: 'https://events.example.com/{region}',
    VOD_CALLBACK_KEYS: 'key',
  };
  return loadConfig(env, 'webhook');
}

async function isListening(): Promise<boolean> {
  const client = new Client({ connectionString: database.url });
  await client.connect();
  const { rowCount } = await client.query(
    `select from pg_stat_activity where datname = current_database() and application_name = 'vodai-webhook-listen'`,
  );
  await client.end();
  return rowCount !== 0;
}

type Open = (process: OpenProcess) => Promise<unknown> | void;

function start(open: Open, port?: string, operations?: string, more: Partial<Served> = {}): Promise<Server> {
  return openProcess({ role: 'webhook', config: config(port, operations), logger }, async (process) => {
    await open(process);
    return { module: process.operations({ spare: async () => undefined }), ...more };
  });
}

/** A connection that the server has taken, and on which no more than `text` is ever sent. */
async function connected(url: string, text = ''): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => {});
  socket.resume();
  await once(socket, 'connect');
  if (text !== '') await new Promise((resolve) => socket.write(text, resolve));
  await fetch(`${url}/healthz`); // came after it
  return socket;
}

/** Opens three things and notes in which order they are closed, with what was still open besides. */
function three(closed: string[]): { open: Open; db: () => DataSource } {
  let seen: DataSource;
  return {
    db: () => seen,
    open: ({ db, onClose }) => {
      seen = db;
      for (const name of ['first', 'second', 'third']) {
        onClose(async () => {
          await db.query('select 1');
          closed.push(name);
          if (name === 'second') throw new Error(`${name} did not close`);
        });
      }
    },
  };
}

describe('a process', () => {
  it('is ready, and known to the others, until it is closed', async () => {
    const seen: DataSource[] = [];
    const server = await start(({ db }) => void seen.push(db));
    const [db] = seen as [DataSource];
    const ready = await fetch(`${server.url}/readyz`);
    expect(await ready.json()).toEqual({ status: 'ok', checks: { postgres: 'ok', spare: 'ok' } });
    expect(await new ProcessStore(db).living()).toEqual([expect.objectContaining({ role: 'webhook', limits: null })]);
    await server.close();
    expect(db.isInitialized).toBe(false);
  });

  it('hears what Postgres announces until it is closed', async () => {
    let heard = 0;
    const server = await start(async ({ db, listen }) => {
      await listen({ some_channel: () => (heard += 1) });
      await db.query(`select pg_notify('some_channel', '')`);
    });
    await eventually('it is heard', () => heard === 1);
    await server.close();
    await eventually('nobody listens', async () => !(await isListening()));
    expect(heard).toBe(1);
  });

  it('closes what was opened last first and the database last, and leaves nothing open when one does not close', async () => {
    const closed: string[] = [];
    const { open, db } = three(closed);
    const server = await start(open);
    await expect(server.close()).rejects.toThrow('second did not close');
    expect(closed).toEqual(['third', 'second', 'first']);
    expect(db().isInitialized).toBe(false);
  });

  it('that cannot start closes what it had opened, and says why it could not start', async () => {
    const closed: string[] = [];
    const { open, db } = three(closed);
    const failing: Open = (process) => {
      void open(process);
      throw new Error('no queue');
    };
    await expect(start(failing)).rejects.toThrow('no queue');
    expect(closed).toEqual(['third', 'second', 'first']);
    expect(db().isInitialized).toBe(false);
  });

  it('that cannot listen names the port and the variable, and has closed all', async () => {
    const other = await start(() => {});
    const closed: string[] = [];
    const { open, db } = three(closed);
    await expect(start(open, String(other.port))).rejects.toThrow(/WEBHOOK_PORT/);
    expect(closed).toEqual(['third', 'second', 'first']);
    expect(db().isInitialized).toBe(false);
    await other.close();
  });

  it('whose operations have a port of their own is asked there whether it is ready, and closes both', async () => {
    const server = await start(() => {}, '0', '0');
    const statusOf = async (url: string) => (await fetch(url)).status;
    expect(await statusOf(`${server.operationsUrl}/readyz`)).toBe(200);
    expect(await statusOf(`${server.url}/readyz`)).toBe(404);
    await server.close();
    for (const url of [server.url, server.operationsUrl]) await expect(statusOf(`${url}/healthz`)).rejects.toThrow();
  });

  it('stops listening at both ports at once: who is slow to leave the one does not keep the other open', async () => {
    const server = await start(() => {}, '0', '0');
    const slow = await connected(server.operationsUrl, 'GET /healthz HTTP/1.1\r\nHost: here\r\n');
    let answer = '';
    slow.on('data', (part: Buffer) => (answer += part.toString()));
    const ownIsClosed = once(server.app.getHttpServer(), 'close');
    const closed = server.close();
    await ownIsClosed;
    slow.write('\r\n'); // it has not been cut yet
    await Promise.all([closed, once(slow, 'close')]);
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('is not held up by a connection on which nothing was ever sent, at either port', async () => {
    const server = await start(() => {}, '0', '0', { drainMs: 3_600_000 });
    const silent = [await connected(server.operationsUrl), await connected(server.url)];
    await server.close();
    expect(await eventually('they are cut', () => silent.every(({ destroyed }) => destroyed))).toBe(true);
  });

  it('whose port for operations is taken names that variable, and has closed all', async () => {
    const other = await start(() => {});
    const own = await start(() => {});
    await own.close();
    const closed: string[] = [];
    const { open, db } = three(closed);
    await expect(start(open, String(own.port), String(other.port))).rejects.toThrow(/set OPS_PORT_WEBHOOK/);
    expect(closed).toEqual(['third', 'second', 'first']);
    expect(db().isInitialized).toBe(false);
    await expect(fetch(`${own.url}/healthz`)).rejects.toThrow();
    await other.close();
  });
});
