import { setTimeout as pause } from 'node:timers/promises';
import { StartError } from '@app/observability';
import { inWords } from '@app/postgres';
import type { DataSource, QueryRunner } from 'typeorm';
import { createDataSource, type DatabaseOptions } from './data-source';
import { assertRights, type Process } from './rights';
import { assertSchema } from './schema';

/** A notification takes milliseconds. Only a proxy that swallows it takes longer. */
const HEARD_WITHIN_MS = 5_000;

/** The database of one process, in which it finds all that it needs. What a person has to mend first is a StartError. */
export async function openDatabase(
  process: Process,
  options: Omit<DatabaseOptions, 'application'>,
): Promise<DataSource> {
  const db = await connectDatabase({ ...options, application: `vodai-${process}` });
  try {
    await assertOwnSession(db);
    await assertUtf8(db);
    await assertRights(db, process); // first: who may not read which migrations have run is told all that is missing
    await assertSchema(db);
    return db;
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

/** Connects; says in words why it can't. */
export async function connectDatabase(options: DatabaseOptions): Promise<DataSource> {
  const db = createDataSource(options);
  try {
    return await db.initialize();
  } catch (error) {
    throw new StartError(`DATABASE_URL: ${whyNot(error)}`, { cause: error });
  }
}

function whyNot(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (/client password must be a string/.test(message)) {
    return 'the server wants a password, and the URL has none (postgres://user:password@host:5432/name)';
  }
  if (/does not support SSL/i.test(message)) return 'the server speaks no TLS, and the URL asks for it';
  return `Postgres can't be reached: ${inWords(error)}`;
}

/**
 * The settings, the prepared statements and LISTEN are a session's. A proxy that hands each transaction to another session
 * takes them all without a word and keeps none.
 */
async function assertOwnSession(db: DataSource): Promise<void> {
  const [mine, other] = [db.createQueryRunner(), db.createQueryRunner()];
  try {
    const session = await pidOf(mine);
    await other.startTransaction();
    const pooled = (await pidOf(other)) === session || (await pidOf(mine)) !== session;
    await other.rollbackTransaction();
    if (pooled || !(await hears(mine, other))) throw new SharedSessionError();
  } catch (error) {
    // PgBouncer pooling statements
    if (/transaction blocks not allowed/.test(String(error))) throw new SharedSessionError();
    throw error;
  } finally {
    await mine.release();
    await other.release();
  }
}

class SharedSessionError extends StartError {
  constructor() {
    super(
      'DATABASE_URL leads through a pooler that hands each transaction to another session, and so LISTEN hears nothing: ' +
        'have it pool sessions (PgBouncer: pool_mode = session), or connect to Postgres itself',
    );
  }
}

async function pidOf(runner: QueryRunner): Promise<number | undefined> {
  const rows = (await runner.query('select pg_backend_pid() as pid')) as { pid: number }[];
  return rows[0]?.pid;
}

async function hears(mine: QueryRunner, other: QueryRunner): Promise<boolean> {
  const client = (await mine.connect()) as NodeJS.EventEmitter;
  const heard = new Promise<boolean>((resolve) => client.once('notification', () => resolve(true)));
  await mine.query('listen vodai_start');
  try {
    await other.query(`select pg_notify('vodai_start', '')`);
    return await Promise.race([heard, pause(HEARD_WITHIN_MS, false, { ref: false })]);
  } finally {
    await mine.query('unlisten vodai_start');
  }
}

async function assertUtf8(db: DataSource): Promise<void> {
  const [row] = await db.query<{ encoding: string }[]>(`select current_setting('server_encoding') as encoding`);
  if (row?.encoding !== 'UTF8') {
    throw new StartError(
      `the database is encoded in ${row?.encoding}; expected UTF8 (create database … encoding 'UTF8')`,
    );
  }
}
