import { randomBytes } from 'node:crypto';
import { processes, roleOf, type Process } from '@app/persistence';
import { describeWithRedis, eventually, testRedisUrl } from '@app/testing';
import { signCallback } from '@app/vod/callback';
import { Client } from 'pg';
import { migrateDatabase } from '../apps/migrate/src';
import { runRetention } from '../apps/retention/src/retention';
import { describeWithPgBouncer, PgBouncer } from './support/pgbouncer';
import { keys, Stack } from './support/stack';

const started: Stack[] = [];
const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stack of started.splice(0)) await stack.stop();
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

async function start(options: Parameters<typeof Stack.start>[0]): Promise<Stack> {
  const stack = await Stack.start(options);
  started.push(stack);
  return stack;
}

/** As the owner of everything. */
async function asAdmin<T = any>(url: string, ...statements: string[]): Promise<T[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    let rows: T[] = [];
    for (const statement of statements) rows = (await client.query(statement)).rows as T[];
    return rows;
  } finally {
    await client.end();
  }
}

const serverUrl = () => process.env['TEST_POSTGRES_URL'] ?? '';
const nameOf = (url: string) => new URL(url).pathname.slice(1);

/** A job's whole life, and a look at what people look at. */
async function everyday(stack: Stack): Promise<void> {
  const { jobs } = await stack.enqueue('media-1', ['AIVideoTag', 'AIMediaDNA'], { labels: { batch: 'one' } });
  for (const { id } of jobs) {
    const job = await stack.untilJob(id, 'succeeded');
    for (const time of [job.createdAt, job.submittedAt, job.finishedAt, job.settledAt]) {
      expect(Math.abs(Date.parse(time) - Date.now())).toBeLessThan(120_000);
    }
    expect((await stack.get(`/v1/jobs/${id}/result`)).status).toBe(200);
    for (const { at } of await stack.history(id)) expect(Date.parse(at)).not.toBeNaN();
  }
  const [{ id }] = jobs;
  expect((await stack.call('POST', `/v1/jobs/${id}/refetch`, { body: {} })).status).toBe(200);
  await stack.untilJob(id, 'succeeded');
  const looks = [
    '/v1/jobs?label=batch:one',
    '/v1/jobs.csv',
    '/v1/stats',
    '/v1/flow',
    '/v1/events',
    `/v1/jobs/${id}/evidence`,
  ];
  for (const look of looks) expect([look, (await stack.get(look)).status]).toEqual([look, 200]);
  expect(await stack.broken()).toEqual([]);
  expect(stack.logLines.filter((line) => JSON.parse(line).level >= 50)).toEqual([]);
}

function readiness(stack: Stack) {
  const servers = [stack.api, ...stack.workers, ...stack.webhooks];
  return Promise.all(
    servers.map(async ({ url }) => {
      const response = await fetch(`${url}/readyz`);
      return {
        status: response.status,
        checks: ((await response.json()) as { checks: Record<string, string> }).checks,
      };
    }),
  );
}

describe('A database with settings of its own', () => {
  it('is worked like any other', async () => {
    const stack = await start({
      prepare: async ({ url }) => {
        const set = (setting: string) => `alter database ${nameOf(url)} set ${setting}`;
        await asAdmin(
          url,
          set(`datestyle = 'German'`),
          set(`intervalstyle = 'sql_standard'`),
          set(`timezone = 'Asia/Shanghai'`),
          set(`default_transaction_isolation = 'serializable'`),
          set(`bytea_output = 'escape'`),
          set(`search_path = 'nowhere', 'public'`),
        );
        return {};
      },
    });
    await everyday(stack);
  });
});

describe('A Postgres that answers and takes nothing', () => {
  let stack: Stack;
  const database = () => nameOf(stack.database.url);
  const endSessions = (applications = 'vodai-%') =>
    stack.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and application_name like $1`,
      [applications],
    );

  async function event(vodJobId: string): Promise<Response> {
    const timestamp = String(Math.floor(Date.now() / 1000));
    return fetch(stack.callbackUrl, {
      method: 'POST',
      headers: {
        'x-vod-timestamp': timestamp,
        'x-vod-signature': signCallback(stack.callbackUrl, timestamp, keys.callback),
      },
      body: JSON.stringify({ EventType: 'AIVideoTagComplete', JobId: vodJobId, MediaId: 'm', Status: 'success' }),
    });
  }

  it('is 503 in every process until it is a server that takes writes, which all find by themselves', async () => {
    stack = await start({});
    const { jobs } = await stack.enqueue('media-1');
    await stack.untilJob(jobs[0].id, 'succeeded');
    await asAdmin(serverUrl(), `alter database ${database()} set default_transaction_read_only = on`);
    await endSessions(); // as a failover does

    const reason = 'the server takes no writes: default_transaction_read_only is on';
    await eventually('nobody is ready, and all say why', async () =>
      (await readiness(stack)).every(({ status, checks }) => status === 503 && checks['postgres'] === reason),
    );
    const refused = await stack.call('POST', '/v1/jobs', { body: { mediaId: 'media-2', types: ['AIVideoTag'] } });
    expect([refused.status, refused.body.code]).toEqual([503, 'unavailable']);
    expect(refused.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    const bell = await event('stranger');
    expect(bell.status).toBe(503);
    expect(bell.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    expect((await stack.get(`/v1/jobs/${jobs[0].id}`)).body.state).toBe('succeeded'); // what is there can be read

    // Every session that was made until now stays as it is, like one to the old server.
    const [{ now }] = await stack.query('select clock_timestamp() as now');
    await asAdmin(serverUrl(), `alter database ${database()} reset default_transaction_read_only`);
    await eventually('all are ready', async () => (await readiness(stack)).every(({ status }) => status === 200));
    const again = await stack.enqueue('media-2');
    await stack.untilJob(again.jobs[0].id, 'succeeded');
    expect((await event('stranger')).status).toBe(200);
    await eventually('nobody listens to the old server', async () => {
      const old = await stack.query(
        `select from pg_stat_activity
          where datname = current_database() and application_name like 'vodai-%-listen' and backend_start < $1`,
        [now],
      );
      return old.length === 0;
    });
    expect(await stack.broken()).toEqual([]);
    expect(stack.logLines.filter((line) => line.includes('"internal"'))).toEqual([]);
  });
});

describe('Logins with rights', () => {
  /** A login for each process, a member of its role and nothing else. */
  async function logins(url: string): Promise<Record<Process, string>> {
    const urls = {} as Record<Process, string>;
    for (const process of processes) {
      const login = await createLogin(url, `in role ${roleOf(process)}`);
      urls[process] = login.url;
    }
    return urls;
  }

  async function createLogin(url: string, more = ''): Promise<{ name: string; url: string }> {
    const name = `test_login_${randomBytes(4).toString('hex')}`;
    await asAdmin(url, `create role ${name} login password 'secret' ${more}`);
    cleanUps.push(() => asAdmin(serverUrl(), `drop role ${name}`));
    const own = new URL(url);
    own.username = name;
    own.password = 'secret';
    return { name, url: own.href };
  }

  it('of the role of a process each do everyday work, and what is done once an hour', async () => {
    const stack = await start({});
    await everyday(stack);
    // As if it were two years later.
    const days = (count: number) => count * 86_400_000;
    const retention = { recordsMs: days(180), eventBodiesMs: days(30), keysMs: days(400) };
    const config = { databaseUrl: stack.database.urlOf('worker'), retention };
    const dropped = await runRetention(config, { dryRun: false, now: () => new Date(Date.now() + days(730)) });
    expect(dropped.join('\n')).toMatch(/ job\n.* history\n/s);
    const months = await stack.query(
      `select pg_get_userbyid(relowner) = current_user as "isOwners" from pg_class
        where relname ~ to_char(now() + interval '730 days', '"^history_"YYYY_MM$')`,
    );
    expect(months).toEqual([{ isOwners: true }]);
  });

  it('all the same one, that owns the tables and is no superuser, do everyday work', async () => {
    const stack = await start({
      prepare: async ({ url }) => {
        const owner = await createLogin(url);
        await asAdmin(
          url,
          'drop schema public, bullmq cascade',
          `create schema public authorization ${owner.name}`,
          `grant create on database ${nameOf(url)} to ${owner.name}`,
        );
        await migrateDatabase(owner.url);
        return { api: owner.url, worker: owner.url, webhook: owner.url };
      },
    });
    await everyday(stack);
  });

  it('let nobody start who lacks one, and are told which GRANT mends it', async () => {
    const refusalOf = async (process: Process, revoke: (login: string) => string) => {
      let url = '';
      const starting = Stack.start({
        prepare: async (database) => {
          const urls = await logins(database.url);
          url = urls[process];
          await asAdmin(database.url, revoke(new URL(url).username));
          return urls;
        },
      });
      const error: Error = await starting.then(
        async (stack) => {
          await stack.stop();
          return new Error('it started');
        },
        (refusal) => refusal,
      );
      return error.message.replaceAll(new URL(url).username, 'LOGIN').replaceAll(nameOf(url), 'DATABASE');
    };
    expect(await refusalOf('api', (login) => `revoke vodai_api from ${login}`)).toMatch(
      /lacks rights; somebody who may grant them has to run:\ngrant vodai_api to LOGIN;$/,
    );
    expect(await refusalOf('api', () => `revoke insert on history from vodai_api`)).toMatch(
      /\ngrant insert on public.history to vodai_api;$/,
    );
    expect(await refusalOf('api', () => `revoke update (state) on job from vodai_api`)).toMatch(
      /\ngrant update \(state, version, [\w, ]+\) on public.job to vodai_api;$/,
    );
    expect(await refusalOf('webhook', () => `revoke execute on function keep_events from vodai_webhook`)).toMatch(
      /\ngrant execute on function public.keep_events\(jsonb\) to vodai_webhook;$/,
    );
    expect(await refusalOf('worker', () => `revoke create on schema bullmq from vodai_worker`)).toMatch(
      /\ngrant usage, create on schema bullmq to vodai_worker;$/,
    );
    expect(await refusalOf('worker', () => `revoke update on bullmq.job from vodai_worker`)).toMatch(
      /\ngrant select, insert, update, delete on all tables in schema bullmq to vodai_worker;$/,
    );
  });

  it('are refused connections when there are too many of them: 503, and all of it again afterwards', async () => {
    const stack = await start({ prepare: ({ url }) => logins(url) });
    const [{ login }] = await stack.query(
      `select usename as login from pg_stat_activity
        where datname = current_database() and application_name = 'vodai-api' limit 1`,
    );
    await stack.query(`alter role ${login} connection limit 0`);
    await stack.query(`select pg_terminate_backend(pid) from pg_stat_activity where usename = $1`, [login]);
    const refused = await stack.call('POST', '/v1/jobs', { body: { mediaId: 'm', types: ['AIVideoTag'] } });
    expect([refused.status, refused.body.code]).toEqual([503, 'unavailable']);
    expect(refused.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    expect((await readiness(stack))[0]).toEqual({
      status: 503,
      checks: { postgres: 'the server has too many connections (53300)' },
    });
    await stack.query(`alter role ${login} connection limit -1`);
    const { jobs } = await stack.enqueue('m');
    await stack.untilJob(jobs[0].id, 'succeeded');
  });
});

describeWithPgBouncer('Behind PgBouncer', () => {
  async function bouncer(url: string, mode: 'session' | 'transaction' | 'statement'): Promise<string> {
    const proxy = await PgBouncer.start(url, mode);
    cleanUps.push(() => proxy.stop());
    return proxy.url;
  }
  const all = (url: string) => ({ api: url, worker: url, webhook: url });

  it('that pools sessions, everyday work is done, with the queue in Postgres too', async () => {
    await everyday(await start({ prepare: async ({ url }) => all(await bouncer(url, 'session')) }));
  });

  it.each(['transaction', 'statement'] as const)('that pools %ss, no process starts, and it says why', async (mode) => {
    for (const process of processes) {
      const starting = Stack.start({
        prepare: async ({ url }) => ({ [process]: await bouncer(url, mode) }),
      });
      await expect(starting.then((stack) => stack.stop())).rejects.toThrow(/pool_mode = session/);
    }
  });
});

describeWithRedis('Two deployments on one Redis', () => {
  it('never take work of each other', async () => {
    const REDIS_URL = testRedisUrl() ?? '';
    const stacks = [];
    for (let i = 0; i < 2; i += 1) {
      stacks.push(
        await start({
          queue: 'redis',
          env: { REDIS_URL },
          prepare: async ({ url }) => {
            // Test databases are copies of one another.
            await asAdmin(url, 'update installation set id = gen_random_uuid()');
            return {};
          },
        }),
      );
    }
    const work = stacks.map(async (stack) => {
      const ids = [];
      for (let i = 0; i < 20; i += 1) ids.push((await stack.enqueue(`media-${i}`)).jobs[0].id as string);
      for (const id of ids) await stack.untilJob(id, 'succeeded');
      // A request whose entry a stranger takes is handed out again after LEASE: nothing was.
      const [{ count }] = await stack.query(`select count(*)::int as count from history where event = 'claimed'`);
      expect(count).toBe(20);
      const handed = /^vodai_dispatched_jobs_total(?:\{[^}]*queue="submit"[^}]*\})? (\d+)$/m.exec(
        await (await fetch(`${stack.workers[0]?.url}/metrics`)).text(),
      );
      expect(Number(handed?.[1])).toBe(20);
      expect(await stack.broken()).toEqual([]);
    });
    await Promise.all(work);
  });
});
