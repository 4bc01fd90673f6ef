import { setTimeout as pause } from 'node:timers/promises';
import { StartError } from '@app/observability';
import { MigrationExecutor, type DataSource, type QueryRunner } from 'typeorm';
import { assertMayMigrate, RightsError } from './rights';
import * as migrations from '../../../migrations';

/** How long somebody who waits for another migration is left without a word. */
const SAY_AFTER_MS = 2_000;

/** Brings the schema up to date; two processes that start together wait for each other. Answers what it ran. */
export async function migrate(db: DataSource, say: (line: string) => void = () => undefined): Promise<string[]> {
  const runner = db.createQueryRunner();
  await runner.connect();
  try {
    if ((await pendingMigrations(db)).length === 0) return [];
    await assertMayMigrate(db);
    await untilMigrator(runner, say);
    // On this connection: TypeORM keeps one that it takes itself when it fails early, and the process would wait for that.
    const executor = new MigrationExecutor(db, runner);
    executor.transaction = 'each';
    const ran = await executor.executePendingMigrations();
    return ran.map((migration) => migration.name);
  } finally {
    await runner.query(`select pg_advisory_unlock(hashtext('vodai migrations'))`).catch(() => undefined);
    await runner.release();
  }
}

/**
 * Asked again and again, not waited for: an index that is built concurrently waits for every statement that is under way, and
 * so would never be finished while another process waits here.
 */
async function untilMigrator(runner: QueryRunner, say: (line: string) => void): Promise<void> {
  const sayAt = performance.now() + SAY_AFTER_MS;
  let said = false;
  while (!(await isMigrator(runner))) {
    if (!said && performance.now() > sayAt) {
      say('another process migrates this database; waiting for it');
      said = true;
    }
    await pause(100);
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
  const pending = await pendingMigrations(db);
  if (pending.length > 0) throw new SchemaTooOldError(pending);
}

/** Needs to read one table, and nothing else. */
async function pendingMigrations(db: DataSource): Promise<string[]> {
  const applied = (await exists(db)) ? await db.query<{ name: string }[]>(`select name from migration`) : [];
  return Object.keys(migrations).filter((name) => !applied.some((row) => row.name === name));
}

async function exists(db: DataSource): Promise<boolean> {
  const found = await db.query<{ schema: string; readable: boolean; login: string }[]>(
    `select relnamespace::regnamespace::text as schema, quote_ident(current_user) as login,
            has_schema_privilege(relnamespace, 'usage') and has_table_privilege(oid, 'select') as readable
       from pg_class
      where relname = 'migration' and relkind = 'r'
        and exists (select from pg_class as job where job.relname = 'submission' and job.relnamespace = pg_class.relnamespace)`,
  );
  const ours = found.find(({ schema }) => schema === 'public');
  if (ours && !ours.readable) {
    throw new RightsError([
      `grant usage on schema public to ${ours.login};`,
      `grant select on public.migration to ${ours.login};`,
    ]);
  }
  // A search path led to another schema once. To start afresh beside those tables would look as if all jobs were gone.
  if (!ours && found[0]) {
    throw new StartError(
      `the tables are in the schema ${found[0].schema}, where a search_path has led to; expected them in public: move them ` +
        `there (alter table ${found[0].schema}.<each table> set schema public)`,
    );
  }
  return ours !== undefined;
}
