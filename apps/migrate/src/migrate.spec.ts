import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StartError } from '@app/observability';
import { createEmptyDatabase, createTestDatabase, eventually, type TestDatabase } from '@app/testing';
import { Client } from 'pg';
import { OwnPostgres } from '../../../test/faults/support/postgres';
import { migrateDatabase } from './migrate';

describe('A migration', () => {
  const cleanUps: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
  });

  async function database(make: () => Promise<TestDatabase>): Promise<string> {
    const made = await make();
    cleanUps.push(() => made.drop());
    return made.url;
  }

  async function run(url: string, ...statements: string[]): Promise<void> {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      for (const statement of statements) await client.query(statement);
    } finally {
      await client.end();
    }
  }

  /** A server of its own, where nobody has made a role yet, and the URLs of databases on it. */
  async function serverWith(names: string[]): Promise<{ server: string; databases: string[] }> {
    const postgres = await OwnPostgres.start();
    cleanUps.push(() => postgres.remove());
    for (const name of names) await run(postgres.url, `create database ${name}`);
    const databases = names.map((name) => Object.assign(new URL(postgres.url), { pathname: `/${name}` }).href);
    return { server: postgres.url, databases };
  }

  async function connect(url: string): Promise<Client> {
    const client = new Client({ connectionString: url });
    await client.connect();
    cleanUps.push(() => client.end());
    return client;
  }

  /** A login without any right, and its URL. */
  async function login(url: string): Promise<{ name: string; url: string }> {
    const name = `test_migrate_${randomBytes(4).toString('hex')}`;
    await run(url, 'revoke create on schema public from public', `create role ${name} login password 'secret'`);
    cleanUps.push(() => run(url, `drop owned by ${name}`, `drop role ${name}`));
    const own = new URL(url);
    own.username = name;
    own.password = 'secret';
    return { name, url: own.href };
  }

  async function refusal(url: string): Promise<string> {
    const error: unknown = await migrateDatabase(url).then(
      () => new Error('it ran'),
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(StartError);
    return (error as Error).message;
  }

  it('with nothing to do needs no right but to read what was done, and names that', async () => {
    const url = await database(createTestDatabase);
    const reader = await login(url);
    expect(await refusal(reader.url)).toMatch(new RegExp(`\ngrant select on public.migration to ${reader.name};$`));
    await run(url, `grant select on migration to ${reader.name}`);
    expect(await refusal(reader.url)).toMatch(new RegExp(`\ngrant select on bullmq.migration to ${reader.name};$`));
    await run(
      url,
      `grant usage on schema bullmq to ${reader.name}`,
      `grant select on bullmq.migration to ${reader.name}`,
    );
    expect(await migrateDatabase(reader.url)).toEqual([]);
  });

  it('that may not make tables ends at once, with the GRANT that is missing, and runs when it has it', async () => {
    const url = await database(createEmptyDatabase);
    const { name, url: own } = await login(url);
    expect(await refusal(own)).toMatch(new RegExp(`\ngrant usage, create on schema public to ${name};$`));
    await run(url, `grant usage, create on schema public to ${name}`);
    const databaseName = new URL(url).pathname.slice(1);
    expect(await refusal(own)).toMatch(new RegExp(`\ngrant create on database ${databaseName} to ${name};$`));
    await run(url, `grant create on database ${databaseName} to ${name}`);
    expect(await migrateDatabase(own)).toEqual([`BullMQ's own`]);
  });

  it('of tables that another login owns names that one', async () => {
    const url = await database(createTestDatabase);
    const { name, url: own } = await login(url);
    await run(url, `delete from migration where id = (select max(id) from migration)`);
    await run(url, `grant select on migration to ${name}`, `grant create on schema public to ${name}`);
    expect(await refusal(own)).toMatch(new RegExp(`\ngrant vodai to ${name};$`));
  });

  it("makes BullMQ's tables in a schema of another login's when it may make tables there", async () => {
    const url = await database(createTestDatabase);
    const { name, url: own } = await login(url);
    const databaseName = new URL(url).pathname.slice(1);
    await run(url, `grant select on migration to ${name}`, 'drop schema bullmq cascade', 'create schema bullmq');
    expect((await refusal(own)).split('\n').slice(1)).toEqual([
      `grant create on database ${databaseName} to ${name};`,
      `grant usage, create on schema bullmq to ${name};`,
    ]);
    await run(
      url,
      `grant create on database ${databaseName} to ${name}`,
      `grant usage, create on schema bullmq to ${name}`,
    );
    expect(await migrateDatabase(own)).toEqual([`BullMQ's own`]);
  });

  it("changes no tables of BullMQ's that another login owns, and names that one", async () => {
    const url = await database(createTestDatabase);
    const { name, url: own } = await login(url);
    const databaseName = new URL(url).pathname.slice(1);
    await run(
      url,
      'delete from bullmq.migration',
      `grant select on migration to ${name}`,
      `grant create on database ${databaseName} to ${name}`,
      `grant usage, create on schema bullmq to ${name}`,
      `grant select on bullmq.migration to ${name}`,
    );
    expect((await refusal(own)).split('\n').slice(1)).toEqual([`grant vodai to ${name};`]);
  });

  it('finds tables where a search path has led them, rather than making others beside them', async () => {
    const url = await database(createTestDatabase);
    await run(url, 'alter schema public rename to elsewhere', 'create schema public');
    expect(await refusal(url)).toMatch(
      /^the tables are in the schema elsewhere, where a search_path has led to; expected them in public/,
    );
  });

  it('says that the URL has no password when that is what the server wants, and shows none', async () => {
    const url = new URL(await database(createTestDatabase));
    url.password = '';
    expect(await refusal(url.href)).toMatch(/^DATABASE_URL: the server wants a password, and the URL has none/);
    url.password = 'canary';
    expect(await refusal(url.href)).toBe(
      "DATABASE_URL: Postgres can't be reached: the server refuses the password (28P01)",
    );
  });

  it('makes a role for each process, of several databases of a server at once, and does nothing the next time', async () => {
    const { server, databases } = await serverWith(['one', 'two', 'three']);
    const said: string[] = [];
    await Promise.all(databases.map((url) => migrateDatabase(url, (line) => said.push(line))));
    expect(said).toEqual([]);
    for (const url of databases) {
      expect(await migrateDatabase(url, (line) => said.push(line))).toEqual([]);
      const reader = await connect(url);
      const { rows } = await reader.query(`
        select has_table_privilege('vodai_worker', 'submission', 'insert') as worker,
               has_function_privilege('vodai_webhook', 'keep_events(jsonb)', 'execute') as webhook,
               has_column_privilege('vodai_api', 'job', 'state', 'update') as api`);
      expect(rows).toEqual([{ worker: true, webhook: true, api: true }]);
    }
    expect(said).toEqual([]);
    const logins = await (
      await connect(server)
    ).query(
      `select rolname from pg_roles where rolname ~ '^vodai_' and not rolcanlogin and not rolsuper order by rolname`,
    );
    expect(logins.rows.map(({ rolname }) => rolname)).toEqual(['vodai_api', 'vodai_webhook', 'vodai_worker']);
  });

  it('goes on when another database of the server makes the roles at the same moment', async () => {
    const { server, databases } = await serverWith(['one']);
    const other = await connect(server);
    await other.query('begin');
    await other.query('create role vodai_api');
    const said: string[] = [];
    const migrating = migrateDatabase(databases[0] ?? '', (line) => said.push(line));
    const watch = await connect(server);
    await eventually('it waits for the other one', async () => {
      const { rows } = await watch.query(
        `select from pg_stat_activity where datname = 'one' and wait_event_type = 'Lock' and query like '%create role%'`,
      );
      return rows.length > 0;
    });
    await other.query('commit');
    expect((await migrating).length).toBeGreaterThan(1);
    expect(said).toEqual([]);
  });

  it('that may not create roles says what somebody else has to run, goes on, and grants when that is done', async () => {
    const { server, databases } = await serverWith(['one']);
    await run(server, `create role plain login password 'secret'`, 'alter database one owner to plain');
    const own = new URL(databases[0] ?? '');
    own.username = 'plain';
    own.password = 'secret';
    await run(databases[0] ?? '', 'alter schema public owner to plain');
    const said: string[] = [];
    const ran = await migrateDatabase(own.href, (line) => said.push(line));
    expect(ran.length).toBeGreaterThan(1);
    expect(said.join('\n').split('\n').slice(1)).toEqual([
      'create role vodai_api;',
      'create role vodai_worker;',
      'create role vodai_webhook;',
    ]);
    await run(server, ...said.join('\n').split('\n').slice(1));
    said.splice(0);
    expect(await migrateDatabase(own.href, (line) => said.push(line))).toEqual([]);
    expect(said).toEqual([]);
    await run(server, `create role hook login password 'secret' in role vodai_webhook`);
    own.username = 'hook';
    await run(own.href, `select keep_events('[]')`);
    await expect(run(own.href, 'select from job')).rejects.toThrow(/permission denied/);
  });

  it('finds rights that were granted by hand, and says what takes them away', async () => {
    const { server, databases } = await serverWith(['one']);
    const [url = ''] = databases;
    await migrateDatabase(url);
    // As the guide of the version before had it.
    await run(url, 'grant select on job to vodai_webhook', 'grant select, insert, update on event to vodai_webhook');
    await run(server, 'alter role vodai_api createdb');
    const said: string[] = [];
    await migrateDatabase(url, (line) => said.push(line));
    const statements = said.flatMap((line) => line.split('\n').filter((each) => each.endsWith(';')));
    expect(statements).toEqual(
      [
        'alter role vodai_api nosuperuser nocreaterole nocreatedb nobypassrls;',
        'revoke insert, select, update on public.event from vodai_webhook;',
        'revoke select on public.job from vodai_webhook;',
      ].toSorted((a, b) => statements.indexOf(a) - statements.indexOf(b)),
    );
    await run(url, ...statements);
    said.splice(0);
    await migrateDatabase(url, (line) => said.push(line));
    expect(said).toEqual([]);
  });

  it('finds Postgres by its socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vodai-socket-'));
    chmodSync(folder, 0o777);
    cleanUps.push(async () => rmSync(folder, { recursive: true, force: true }));
    const postgres = await OwnPostgres.start(`unix_socket_directories=${folder}`);
    cleanUps.push(() => postgres.remove());
    const { port, username, password } = new URL(postgres.url);
    const url = `postgres://${username}:${password}@/postgres?host=${folder}&port=${port}`;
    expect((await migrateDatabase(url)).length).toBeGreaterThan(1);
    expect(await migrateDatabase(url)).toEqual([]);
  });
});
