import { randomBytes } from 'node:crypto';
import { createDataSource, grantRoles, migrate, processes, roleOf, type Process } from '@app/persistence';
import { migrateQueueStore, missingQueueGrants } from '@app/queue';
import { Client } from 'pg';

/** Our schema and BullMQ's, and no rows. Made by whichever test comes first. */
const TEMPLATE = 'vodai_template';

export interface TestDatabase {
  /** As the owner of everything. */
  url: string;
  /** As a login of this process's role: what the process has in production, and nothing else. */
  urlOf(process: Process): string;
  drop(): Promise<void>;
}

/** A database of one's own, cloned from the migrated template in some tens of milliseconds. */
export async function createTestDatabase(): Promise<TestDatabase> {
  await onServer(async (server) => {
    // Jest's workers come at the same time; a database that is being cloned must not have other connections.
    await server.query(`select pg_advisory_lock(hashtext('vodai test template'))`);
    const { rows } = await server.query(`select from pg_database where datname = '${TEMPLATE}'`);
    if (rows.length === 0) await makeTemplate(server);
  });
  return createDatabase(TEMPLATE);
}

/** Under a working name until it is complete. */
async function makeTemplate(server: Client): Promise<void> {
  await server.query('drop database if exists vodai_template_new');
  await server.query('create database vodai_template_new');
  const url = urlOf('vodai_template_new');
  const db = await createDataSource({ url, application: 'vodai-test', poolSize: 2, silenceMs: 0 }).initialize();
  await migrate(db);
  await migrateQueueStore(url);
  await grantRoles(db, { worker: (role) => missingQueueGrants((...asked) => db.query(...asked), role) }, (line) => {
    throw new Error(line);
  });
  await db.destroy();
  await makeLogins(server);
  await server.query(`alter database vodai_template_new rename to ${TEMPLATE}`);
}

/** They are the server's, and stay there: the databases that are dropped leave nothing of theirs. */
async function makeLogins(server: Client): Promise<void> {
  for (const process of processes) {
    const login = loginOf(process);
    const { rows } = await server.query(`select from pg_roles where rolname = '${login}'`);
    if (rows.length === 0) await server.query(`create role ${login} login`);
    await server.query(`alter role ${login} password '${PASSWORD}'`);
    await server.query(`grant ${roleOf(process)} to ${login}`);
  }
}

const PASSWORD = 'of-a-test';
const loginOf = (process: Process) => `test_vodai_${process}`;

/** A database without any schema. */
export function createEmptyDatabase(): Promise<TestDatabase> {
  return createDatabase('template0');
}

async function createDatabase(template: string): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await onServer((server) => server.query(`create database ${name} template ${template}`));
  return {
    url: urlOf(name),
    urlOf: (process) => {
      const url = new URL(urlOf(name));
      url.username = loginOf(process);
      url.password = PASSWORD;
      return url.href;
    },
    drop: () => onServer((server) => server.query(`drop database ${name} with (force)`)),
  };
}

async function onServer(work: (server: Client) => Promise<unknown>): Promise<void> {
  const server = new Client({ connectionString: serverUrl() });
  await server.connect();
  try {
    await work(server);
  } finally {
    await server.end();
  }
}

function urlOf(database: string): string {
  const url = new URL(serverUrl());
  url.pathname = `/${database}`;
  return url.href;
}

function serverUrl(): string {
  const url = process.env['TEST_POSTGRES_URL'];
  if (!url) throw new Error('the tests need the Postgres that their global set-up starts: run them through jest');
  return url;
}
