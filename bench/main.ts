import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { Bench } from './bench';
import { MainPath, ROUNDS, STEADY_PER_SECOND, type Plan } from './main-path';
import type { StoreKind } from './meter';
import { machine, printReport, type Figures } from './report';

export interface MainOptions {
  quick: boolean;
  /** That each store gets in all; memory is compared before and after them. */
  jobs: number;
  only: StoreKind | undefined;
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
  await Bench.run(async (bench) => {
    const columns: { name: string; figures: Figures }[] = [];
    for (const kind of bench.kinds(options.only)) {
      const profile = options.profile === undefined ? undefined : resolve(options.profile, kind);
      if (profile !== undefined) mkdirSync(profile, { recursive: true });
      const figures = await bench.with({ kind, database: `bench_${kind}`, profile }, (part) =>
        new MainPath({ ...part, plan }).run(),
      );
      columns.push({ name: kind, figures });
    }
    const { postgres, redis } = bench.stores;
    printReport(columns, {
      machine: machine(),
      node: process.version,
      postgres: `${postgres.version}, durable`,
      redis: redis ? `${redis.version}, nothing kept on disk` : 'none',
      date: new Date().toISOString().slice(0, 10),
      seconds: Math.round((performance.now() - started) / 1000),
      quick: options.quick,
    });
  });
}
