import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createTestDatabase, eventually, type TestDatabase } from '@app/testing';
import type { PoolClient } from 'pg';
import { assertWritable, isUnavailable, ServerPool, type ServerPoolOptions } from './index';

describe('A connection', () => {
  let database: TestDatabase;
  const pools: ServerPool[] = [];
  beforeEach(async () => {
    database = await createTestDatabase();
  });
  afterEach(async () => {
    for (const pool of pools.splice(0)) await pool.end();
    await database.drop();
  });

  function open(options: ServerPoolOptions = {}): ServerPool {
    const pool = new ServerPool({ connectionString: database.url, max: 3, ...options });
    pool.on('error', () => undefined);
    pools.push(pool);
    return pool;
  }

  /** For every connection that is made from now on. */
  async function alter(...settings: string[]): Promise<void> {
    const name = new URL(database.url).pathname.slice(1);
    for (const setting of settings) await open().query(`alter database ${name} set ${setting}`);
  }

  it('is what the code relies on, whatever the database has as its own', async () => {
    await alter(
      `datestyle = 'German'`,
      `intervalstyle = 'iso_8601'`,
      `timezone = 'Asia/Shanghai'`,
      `bytea_output = 'escape'`,
      `extra_float_digits = -3`,
      `standard_conforming_strings = off`,
      `default_transaction_isolation = 'serializable'`,
      `search_path = 'bullmq', 'pg_catalog'`,
      `synchronous_commit = off`,
      `jit = on`,
      // Last, as they are the database's for whoever alters the next one: and long enough for a busy machine to connect.
      `lock_timeout = '200ms'`,
      `idle_in_transaction_session_timeout = '200ms'`,
      `statement_timeout = '200ms'`,
    );
    const { rows } = await open().query(
      `select timestamptz '2026-11-28 11:04:47.97+08' as time, date '2026-11-28' as day, interval '90 s' as span, '\\x00ff'::bytea as bytes,
              0.1::float8 + 0.2 as number, 'a\\b' as text, current_setting('transaction_isolation') as isolation,
              current_schema() as schema, (timestamptz '2026-11-28 11:04:47.97+08')::text as "timeText",
              current_setting('statement_timeout') as "statementTimeout", current_setting('synchronous_commit') as commits,
              current_setting('jit') as jit
         from pg_sleep(0.25)`,
    );
    expect(rows[0]).toMatchObject({
      time: new Date('2026-11-28T03:04:47.970Z'),
      day: new Date(2026, 10, 28),
      span: { minutes: 1, seconds: 30 },
      bytes: Buffer.from([0, 255]),
      number: 0.1 + 0.2,
      text: 'a\\b',
      isolation: 'read committed',
      schema: 'public',
      timeText: '2026-11-28 03:04:47.97+00',
      statementTimeout: '30s',
      commits: 'on',
      jit: 'off',
    });
  });

  it('fails a query whose time cannot be read, rather than answering null', async () => {
    const client = await open().connect();
    try {
      await client.query(`set datestyle = 'German'`);
      await expect(client.query('select now() as now')).rejects.toThrow(/^expected a time in ISO 8601 from Postgres/);
      await expect(client.query(`set datestyle = 'ISO'; select 'infinity'::timestamptz`)).rejects.toThrow(/"infinity"/);
      expect((await client.query('select null::timestamptz as never')).rows).toEqual([{ never: null }]);
    } finally {
      client.release();
    }
  });

  it('to a server that vanishes without a word is ended when it owes an answer for too long, and only then', async () => {
    const wire = await Wire.to(database.url);
    const pool = open({ connectionString: wire.url, silenceMs: 1_000 });
    try {
      const [asking, resting] = [await pool.connect(), await pool.connect()];
      resting.on('error', (error) => {
        throw error;
      });
      await asking.query('select pg_sleep(0.1)');
      wire.cut();
      const error = await asking.query('select 1').catch((problem: unknown) => problem);
      expect(error).toMatchObject({ message: 'Connection terminated: no answer in 1000 ms' });
      expect(isUnavailable(error)).toBe(true);
      asking.release(true);
      expect(pool.totalCount).toBe(1);
      resting.removeAllListeners('error');
      resting.release(true);
    } finally {
      await pool.end();
      pools.pop();
      wire.close();
    }
  });

  describe('to a server that takes no writes any more', () => {
    const pid = async (client: Pick<PoolClient, 'query'>) =>
      (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid;

    it('is given up with all its neighbours, and reads go on over new ones', async () => {
      const pool = open();
      const [first, second, third] = [await pool.connect(), await pool.connect(), await pool.connect()];
      const before = [await pid(first), await pid(second), await pid(third)];
      await second.query('begin');
      third.release(); // idle when it happens
      await first.query('begin read only');
      const refused = await first.query('create table x ()').catch((error: unknown) => error);
      expect(refused).toMatchObject({ code: '25006' });
      expect(isUnavailable(refused)).toBe(true);
      // What is under way may finish.
      expect(await pid(second)).toBe(before[1]);
      await second.query('rollback');
      first.release();
      second.release();
      await eventually('all have gone', () => pool.totalCount === 0);
      const after = [await pool.connect(), await pool.connect(), await pool.connect()];
      for (const client of after) expect(before).not.toContain(await pid(client));
      for (const client of after) client.release();
    });

    it('is given up also while a connection to it is being made', async () => {
      const pool = open();
      const { options } = pool as unknown as { options: { onConnect: (client: unknown) => Promise<void> } };
      const { onConnect } = options;
      options.onConnect = (client) => {
        const settled = onConnect(client);
        pool.giveUp();
        return settled;
      };
      const refused = await pool.connect().catch((error: unknown) => error);
      expect(refused).toMatchObject({ message: 'Connection terminated: the server takes no writes any more' });
      expect(isUnavailable(refused)).toBe(true);
      expect(pool.totalCount).toBe(0);
    });

    it('is given up also by whoever only listens on it, who is told', async () => {
      const pool = open();
      const [listener, idler, busy] = [await pool.connect(), await pool.connect(), await pool.connect()];
      await listener.query('listen news');
      await idler.query('begin');
      const told = [listener, idler].map((client) => {
        const errors: string[] = [];
        client.on('error', ({ message }) => errors.push(message));
        return errors;
      });
      await busy.query('begin read only');
      await busy.query('create table x ()').catch(() => undefined);
      expect(told).toEqual([['Connection terminated: the server takes no writes any more'], []]);
      await idler.query('commit');
      for (const client of [listener, idler, busy]) client.release();
      await eventually('all have gone', () => pool.totalCount === 0);
    });

    it('is found by a question, before anybody writes', async () => {
      const pool = open();
      await assertWritable(pool);
      const before = await pid(pool);
      await alter('default_transaction_read_only = on');
      pool.giveUp();
      const refusal = /^the server takes no writes: default_transaction_read_only is on$/;
      await expect(assertWritable(pool)).rejects.toThrow(refusal);
      const readOnly = await pid(pool); // a read is answered
      expect(readOnly).not.toBe(before);
      await expect(assertWritable(pool)).rejects.toThrow(refusal);
      // And every time it is another connection: one of them may lead to the new server.
      expect(await pid(pool)).not.toBe(readOnly);
    });
  });
});

/** The way to a server, which can be cut so that neither end hears of it. */
class Wire {
  private readonly ends: Socket[] = [];
  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async to(url: string): Promise<Wire> {
    const { hostname, port } = new URL(url);
    const server = createServer((near) => {
      const far = connect(Number(port), hostname);
      near.pipe(far).pipe(near);
      for (const end of [near, far]) end.on('error', () => undefined);
      wire.ends.push(near, far);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const through = new URL(url);
    through.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const wire = new Wire(server, through.href);
    return wire;
  }

  cut(): void {
    for (const end of this.ends) end.unpipe().pause();
  }

  close(): void {
    for (const end of this.ends) end.destroy();
    this.server.close();
  }
}
