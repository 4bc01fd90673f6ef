import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { MainPath, ROUNDS, STEADY_PER_SECOND, type Plan } from './main-path';
import { processNames, Product } from './product';
import { machine, printReport, type Figures } from './report';
import { say } from './say';
import { StopSignals } from './signals';
import { startStores, type Stores } from './stores';
import { openUsage } from './usage';

export interface MainOptions {
  quick: boolean;
  /** That each store gets in all; memory is compared before and after them. */
  jobs: number;
  only: 'redis' | 'postgres' | undefined;
  profile: string | undefined;
}

/**
 * A connection of Postgres hands its counters in once a second while it works, and ten seconds after it has fallen idle.
 * The same rest lets every process return what it needed only under load.
 */
const REST_MS = 11_000;

function planFor({ quick, jobs }: MainOptions): Plan {
  if (quick) return { warmUp: 50, steadySeconds: 1, burst: 200, enqueued: 200, restMs: 500 };
  const steadySeconds = 7;
  const warmUp = 300;
  const left = jobs - warmUp - ROUNDS * steadySeconds * STEADY_PER_SECOND;
  return { warmUp, steadySeconds, burst: Math.max(500, Math.round(left / ROUNDS)), enqueued: 4000, restMs: REST_MS };
}

/** The main path on both of BullMQ's stores, one after the other, each with the machine for itself. */
export async function benchMain(options: MainOptions): Promise<void> {
  const plan = planFor(options);
  const started = performance.now();
  const stores = await startStores();
  const signals = new StopSignals(() => stores.stop());
  try {
    const columns: { name: string; figures: Figures }[] = [];
    for (const kind of ['redis', 'postgres'] as const) {
      if (options.only !== undefined && options.only !== kind) continue;
      if (kind === 'redis' && !stores.redis) {
        say('There is no redis-server on the PATH: BullMQ on Redis is left out.');
        continue;
      }
      columns.push({ name: kind, figures: await measure(kind, { stores, plan, signals, profile: options.profile }) });
    }
    printReport(columns, {
      machine: machine(),
      node: process.version,
      postgres: `${stores.postgres.version}, durable`,
      redis: stores.redis ? `${stores.redis.version}, nothing kept on disk` : 'none',
      date: new Date().toISOString().slice(0, 10),
      seconds: Math.round((performance.now() - started) / 1000),
      quick: options.quick,
    });
  } finally {
    signals.forget();
    await stores.stop();
  }
}

interface Part {
  stores: Stores;
  plan: Plan;
  signals: StopSignals;
  profile: string | undefined;
}

async function measure(kind: 'redis' | 'postgres', { stores, plan, signals, profile }: Part): Promise<Figures> {
  const { url, sql } = await stores.createDatabase(`bench_${kind}`);
  const folder = profile === undefined ? undefined : resolve(profile, kind);
  if (folder !== undefined) mkdirSync(folder, { recursive: true });
  const product = new Product({
    databaseUrl: url,
    redisUrl: kind === 'redis' ? (stores.redis?.url ?? null) : null,
    folder: stores.folder,
    profile: folder,
  });
  signals.alsoStop(() => product.stop());
  try {
    await product.start();
    return await new MainPath({ kind, product, sql, usage: openUsage(), stores, plan }).run();
  } catch (error) {
    for (const name of processNames) say(`--- the end of ${name}'s log\n${product.logTail(name)}`);
    throw error;
  } finally {
    await product.stop();
  }
}
