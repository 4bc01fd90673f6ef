import { cpus, totalmem } from 'node:os';
import { createDataSource, ListReads } from '@app/persistence';
import { migrateDatabase } from '../migrations/run';
import { fill } from './fill';
import { getJson } from './http';
import { explainedAsText, explaining } from './plans';
import { Product } from './product';
import { markdown } from './report';
import { only } from './rows';
import { say } from './say';
import { StopSignals } from './signals';
import { startStores } from './stores';
import { listOf, views, type View } from './views';

export interface InspectOptions {
  jobs: number;
  plans: boolean;
}

const CALLS = 200;
const GOAL_MS = 100;
const SEED = 1;

/** Times everything that people look at, one call after the other, at the api process itself. */
export async function benchInspect({ jobs, plans }: InspectOptions): Promise<void> {
  const stores = await startStores();
  const signals = new StopSignals(() => stores.stop());
  try {
    const { url, sql } = await stores.createDatabase('bench_inspect');
    const product = new Product({ databaseUrl: url, redisUrl: null, folder: stores.folder, profile: undefined, processes: ['api'] }); // prettier-ignore
    signals.alsoStop(() => product.stop());
    try {
      await migrateDatabase(url);
      await fill(sql, { jobs, now: new Date(), days: 30, seed: SEED, tell: say });
      const size = await sql.query<{ jobs: number; lines: number }>(
        `select (select count(*)::int from job) as jobs, (select count(*)::int from history) as lines`,
      );
      await product.start();
      const all = await views(sql, generator(SEED));
      const first = await firstCalls(product.apiUrl);
      const rows: Row[] = [];
      for (const view of all) rows.push(await time(product.apiUrl, view));
      print(rows, first, { ...only(size.rows), postgres: stores.postgres.version });
      if (plans) await printPlans(url, all);
    } finally {
      await product.stop();
    }
  } finally {
    signals.forget();
    await stores.stop();
  }
}

interface Row {
  name: string;
  p50: number;
  p95: number;
  max: number;
}

async function time(apiUrl: string, view: View): Promise<Row> {
  const took: number[] = [];
  for (let call = 0; call < CALLS; call += 1) took.push(await once(apiUrl, view.next()));
  took.sort((a, b) => a - b);
  const at = (share: number) => took[Math.ceil(took.length * share) - 1] ?? 0;
  const row = { name: view.name, p50: at(0.5), p95: at(0.95), max: at(1) };
  say(`${row.name}: p50 ${row.p50.toFixed(1)}, p95 ${row.p95.toFixed(1)} ms`);
  return row;
}

async function once(apiUrl: string, path: string): Promise<number> {
  const started = performance.now();
  await getJson(`${apiUrl}${path}`);
  return performance.now() - started;
}

/** What is counted once and kept. */
async function firstCalls(apiUrl: string): Promise<[string, number][]> {
  const paths = ['/v1/stats', '/v1/flow?window=24h', '/v1/flow?window=1h'];
  const took: [string, number][] = [];
  for (const path of paths) took.push([path, await once(apiUrl, path)]);
  return took;
}

function print(rows: Row[], first: [string, number][], table: { jobs: number; lines: number; postgres: string }): void {
  const figure = (ms: number) => ms.toFixed(1);
  const lines = rows.map(({ name, p50, p95, max }) => [name, figure(p50), figure(p95), figure(max), p95 <= GOAL_MS ? 'yes' : 'NO']); // prettier-ignore
  const late = rows.filter(({ p95 }) => p95 > GOAL_MS);
  process.stdout.write(
    [
      '',
      `${table.jobs.toLocaleString('en')} jobs, ${table.lines.toLocaleString('en')} lines of history; ${CALLS} calls each.`,
      `${cpus().length} cores (${cpus()[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}, Postgres ${table.postgres}; seed ${SEED}.`,
      '',
      ...markdown([['ms at the API', 'p50', 'p95', 'max', `p95 ≤ ${GOAL_MS}`], ...lines]),
      '',
      `The first call after the start: ${first.map(([path, ms]) => `${path} ${ms.toFixed(0)} ms`).join(', ')}.`,
      late.length === 0
        ? `All within ${GOAL_MS} ms at p95.`
        : `Above ${GOAL_MS} ms: ${late.map(({ name }) => name).join('; ')}.`,
      '',
    ].join('\n'),
  );
}

/** Each list's statements once more, explained. */
async function printPlans(url: string, all: View[]): Promise<void> {
  const db = await createDataSource({ url, application: 'vodai-bench-plans' }).initialize();
  try {
    for (const { name, next } of all) {
      const path = next();
      if (!path.startsWith('/v1/jobs?')) continue;
      process.stdout.write(`\n### ${name}\n\n${path}\n`);
      const { filter, page } = listOf(path);
      const tell = async (statement: string, parameters: unknown[]) => {
        process.stdout.write(`\n${await explainedAsText(db, statement, parameters)}\n`);
      };
      const lists = new ListReads(explaining(db, tell));
      await lists.jobs(filter, page);
    }
  } finally {
    await db.destroy();
  }
}

/** Park and Miller's: the same seed asks the same questions. */
function generator(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}
