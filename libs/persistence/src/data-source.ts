import { setTimeout as pause } from 'node:timers/promises';
import { StartError } from '@app/observability';
import type { Client } from 'pg';
import { DataSource, type QueryRunner } from 'typeorm';
import { PreparingClient } from './preparing-client';
import * as migrations from '../../../migrations';
import { CircuitEntity } from './entities/circuit.entity';
import { ClosedQueueEntity } from './entities/closed-queue.entity';
import { EventEntity } from './entities/event.entity';
import { HistoryEntity, xid8 } from './entities/history.entity';
import { JobEntity } from './entities/job.entity';
import { JobLabelEntity } from './entities/job-label.entity';
import { ProcessEntity } from './entities/process.entity';
import { RequestEntity } from './entities/request.entity';
import { ResultEntity } from './entities/result.entity';
import { SubmissionEntity } from './entities/submission.entity';

/** Two lanes of group commit for each of the store's verbs, the reads beside them, and some air. */
const POOL_SIZE = 10;

export interface DatabaseOptions {
  url: string;
  /** Shown in pg_stat_activity. */
  application: string;
  poolSize?: number;
  /** Told when an idle connection breaks: the pool opens another one, nothing else has to happen. */
  onTrouble?: (error: Error) => void;
}

export function createDataSource({ url, application, poolSize = POOL_SIZE, onTrouble }: DatabaseOptions): DataSource {
  const db = new DataSource({
    type: 'postgres',
    url,
    applicationName: application,
    poolSize,
    poolErrorHandler: (error: unknown) => onTrouble?.(error instanceof Error ? error : new Error(String(error))),
    entities: [
      RequestEntity,
      JobEntity,
      JobLabelEntity,
      SubmissionEntity,
      EventEntity,
      HistoryEntity,
      ResultEntity,
      CircuitEntity,
      ClosedQueueEntity,
      ProcessEntity,
    ],
    migrations: Object.values(migrations),
    migrationsTableName: 'migration',
    synchronize: false,
    logging: false,
    // A statement that waits this long waits for something that is broken; its caller has an alarm to come back.
    extra: {
      Client: PreparingClient,
      connectionTimeoutMillis: 5_000,
      statement_timeout: 30_000,
      idle_in_transaction_session_timeout: 30_000,
      // A connection that breaks while it passes from the pool to whoever asked has neither's listener for a moment, and
      // an error that nobody listens to ends the process. Whoever got it learns of it from their first statement.
      onConnect: (client: Client) => void client.on('error', () => undefined),
    },
  });
  db.driver.supportedDataTypes.push(xid8);
  return db;
}

/** Brings the schema up to date; two processes that start together wait for each other. Answers what it ran. */
export async function migrate(db: DataSource): Promise<string[]> {
  const runner = db.createQueryRunner();
  await runner.connect();
  try {
    // Asked again and again, not waited for: an index that is built concurrently waits for every statement that is under
    // way, and so would never be finished while another process waits here.
    while (!(await isMigrator(runner))) await pause(100);
    const ran = await db.runMigrations({ transaction: 'each' });
    return ran.map((migration) => migration.name);
  } finally {
    await runner.query(`select pg_advisory_unlock(hashtext('vodai migrations'))`).catch(() => undefined);
    await runner.release();
  }
}

async function isMigrator(runner: QueryRunner): Promise<boolean> {
  const rows = (await runner.query(`select pg_try_advisory_lock(hashtext('vodai migrations')) as locked`)) as {
    locked: boolean;
  }[];
  return rows[0]?.locked === true;
}

export class SchemaTooOldError extends StartError {
  constructor(pending: string[]) {
    super(`the database lacks ${pending.length} migration(s) (${pending.join(', ')}); run: npm run migrate`);
  }
}

/** A process that finds an older schema refuses to start: half of its statements would fail later and one by one. */
export async function assertSchema(db: DataSource): Promise<void> {
  const known = Object.keys(migrations);
  const [{ exists }] = await db.query<[{ exists: boolean }]>(`select to_regclass('migration') is not null as exists`);
  const applied = exists ? await db.query<{ name: string }[]>(`select name from migration`) : [];
  const pending = known.filter((name) => !applied.some((row) => row.name === name));
  if (pending.length > 0) throw new SchemaTooOldError(pending);
}
