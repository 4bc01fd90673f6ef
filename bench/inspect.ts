import { createDataSource, ListReads } from '@app/persistence';
import { onFilledTable } from './filled';
import { getJson } from './http';
import { explainedAsText, explaining } from './plans';
import { machine, markdown } from './report';
import { say } from './say';
import { spread, type Spread } from './spread';
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
  await onFilledTable({ jobs, seed: SEED }, async ({ apiUrl, url, sql, size, postgres }) => {
    const all = await views(sql, generator(SEED));
    const first = await firstCalls(apiUrl);
    const rows: Row[] = [];
    for (const view of all) rows.push(await time(apiUrl, view));
    print(rows, first, { ...size, postgres });
    if (plans) await printPlans(url, all);
  });
}

interface Row extends Spread {
  name: string;
}

async function time(apiUrl: string, view: View): Promise<Row> {
  const took: number[] = [];
  for (let call = 0; call < CALLS; call += 1) took.push(await once(apiUrl, view.next()));
  const row = { name: view.name, ...spread(took) };
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
      `${machine()}, Node ${process.version}, Postgres ${table.postgres}; seed ${SEED}.`,
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
