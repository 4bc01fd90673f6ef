import type { Client } from 'pg';
import { migrateDatabase } from '../apps/migrate/src';
import { fill } from './fill';
import { Product } from './product';
import { only } from './rows';
import { say } from './say';
import { StopSignals } from './signals';
import { startStores } from './stores';

/** An api over a month of work that lies in Postgres, and nothing else: no job moves unless somebody moves it. */
export interface FilledTable {
  apiUrl: string;
  url: string;
  sql: Client;
  /** Rows of the tables of jobs and of history. */
  size: { jobs: number; lines: number };
  postgres: string;
  /** At a signal that ends the bench, before the rest. */
  alsoStop: (stop: () => Promise<void>) => void;
}

export async function onFilledTable(
  { jobs, seed }: { jobs: number; seed: number },
  work: (table: FilledTable) => Promise<void>,
): Promise<void> {
  const stores = await startStores();
  const signals = new StopSignals(() => stores.stop());
  try {
    const { url, sql } = await stores.createDatabase('bench_filled');
    const product = new Product({ databaseUrl: url, redisUrl: null, folder: stores.folder, profile: undefined, processes: ['api'] }); // prettier-ignore
    signals.alsoStop(() => product.stop());
    try {
      await migrateDatabase(url);
      await fill(sql, { jobs, now: new Date(), days: 30, seed, tell: say });
      await sql.query('checkpoint'); // or it is written while something is measured
      const { rows } = await sql.query<FilledTable['size']>(
        `select (select count(*)::int from job) as jobs, (select count(*)::int from history) as lines`,
      );
      await product.start();
      const alsoStop = (stop: () => Promise<void>) => signals.alsoStop(stop);
      await work({ apiUrl: product.apiUrl, url, sql, size: only(rows), postgres: stores.postgres.version, alsoStop });
    } finally {
      await product.stop();
    }
  } finally {
    signals.forget();
    await stores.stop();
  }
}
