import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from 'pg';
import { Bench, type Part } from './bench';
import { fill } from './fill';
import { getJson } from './http';
import { callsOf, type StoreKind } from './meter';
import { HERE } from './product';
import { fillWaiting } from './queued';
import { only as onlyRow } from './rows';
import { shown } from './report';
import { say } from './say';

export interface UpgradeOptions {
  quick: boolean;
  /** In the table when the upgrade begins; a fifth of them is open. */
  jobs: number | undefined;
  only: StoreKind | undefined;
  /** A built checkout of the version before. */
  from: string | undefined;
}

/** VOD's own quota. */
const PER_SECOND = 30;

/** So many are asked for all the time. */
const ENQUEUED = 5;

/** The migrations on a full database while the version before works, then both versions side by side, then the new one alone. */
export async function benchUpgrade({ quick, jobs: asked, only, from }: UpgradeOptions): Promise<void> {
  if (from === undefined)
    throw new Error('upgrade: --from <folder> says where a built checkout of the version before is');
  const [jobs, seconds] = quick ? [asked ?? 5_000, 3] : [asked ?? 1_000_000, 30];
  await Bench.run(async (bench) => {
    const kind = bench.kind(only);
    const options = {
      kind,
      database: 'bench_upgrade',
      build: from,
      fill: (sql: Client) => fillWithOpen(sql, jobs),
      env: { SUBMIT_QPS: String(PER_SECOND), COLLECT_QPS: '20' },
      vod: { jobTimeMs: { min: 2_000, max: 6_000 }, qps: { SubmitAIJob: PER_SECOND, ListAIJob: 100 } },
    };
    await bench.with(options, async (part) => {
      const before = await booksOf(part);
      const phases = await upgrade(part, seconds);
      const after = await booksOf(part);
      const accepted = part.load.total - phases.reduce((sum, { refused }) => sum + refused, 0);
      bench.print({
        quick,
        said: [
          `BullMQ on ${kind}; ${before.jobs.toLocaleString('en')} jobs, ${before.open.toLocaleString('en')} of them open, when it began.`,
          `Accepted meanwhile: ${accepted}. Missing at the end: ${before.jobs + accepted - after.jobs}. Paid twice: ${after.doubled} of ${after.paid}.`,
          `Jobs whose history has a gap: ${before.gaps} before, ${after.gaps} after.`,
        ],
        tables: [table(phases)],
      });
    });
  });
}

/** Some of them in every state, and most of the open ones queued. */
async function fillWithOpen(sql: Client, jobs: number): Promise<void> {
  await fill(sql, { jobs: Math.round(jobs * 0.82), now: new Date(), days: 30, seed: 1, tell: say });
  await fillWaiting(sql, { jobs: Math.round(jobs * 0.14), state: 'queued', priority: 'low' });
  await fillWaiting(sql, { jobs: Math.round(jobs * 0.04), state: 'processing', priority: 'normal' });
}

interface Phase {
  name: string;
  seconds: number;
  submits: number;
  throttled: number;
  /** Requests that the api answered with 503. */
  refused: number;
  p50: number | null;
  p95: number | null;
}

async function upgrade(part: Part, seconds: number): Promise<Phase[]> {
  const { product } = part;
  const phases = [await during(part, 'the version before', () => pause(seconds * 1000))];
  product.build = HERE;
  phases.push(await during(part, 'the migrations', () => product.migrate()));
  await product.startAnother('worker', 'new worker');
  phases.push(await during(part, 'both versions', () => pause(seconds * 1000)));
  await product.stopOne('worker', 'worker');
  await Promise.all([product.restart('webhook'), product.restart('api')]);
  phases.push(await during(part, 'the new one', () => pause(seconds * 1000)));
  return phases;
}

/** While jobs are asked for, a few a second. */
async function during(part: Part, name: string, work: () => Promise<void>): Promise<Phase> {
  const { meter, load } = part;
  say(name);
  const from = new Date();
  const stop = await meter.start();
  const over = new AbortController();
  const asking = askUntil(part, over.signal);
  await work().finally(() => over.abort());
  const { seconds, calls } = await stop();
  const refused = await asking;
  const { ok, throttled } = callsOf(calls, 'SubmitAIJob');
  const { p50, p95 } = await load.ended(from, new Date());
  return { name, seconds, submits: ok / seconds, throttled, refused, p50, p95 };
}

/** Answers how many requests were refused. Whoever asked would ask again, with the same key. */
async function askUntil({ load }: Part, over: AbortSignal): Promise<number> {
  let refused = 0;
  while (!over.aborted) {
    await load.steadily(1, ENQUEUED).catch((error: unknown) => {
      refused += 1;
      say(error instanceof Error && error.cause instanceof Error ? error.cause.message : 'a request failed');
    });
    await pause(1_000 / ENQUEUED);
  }
  return refused;
}

interface Books {
  jobs: number;
  open: number;
  gaps: number;
  paid: number;
  doubled: number;
}

/** What Postgres has, and what VOD was paid for. */
async function booksOf({ sql, product }: Part): Promise<Books> {
  const { rows } = await sql.query<Pick<Books, 'jobs' | 'open' | 'gaps'>>(
    `select count(*)::int as jobs, count(*) filter (where due_at is not null)::int as open,
            count(*) filter (where version > lines)::int as gaps
       from job
       left join (select job_id, count(*) as lines from history group by job_id) as told on told.job_id = job.id`,
  );
  const { entries } = await getJson<{ entries: { nonce: string; type: string }[] }>(
    `${product.vodUrl}/_emulator/ledger?limit=100000`,
  );
  const bills = await sql.query<Pick<Books, 'paid' | 'doubled'>>(
    `select count(*)::int as paid, (count(*) - count(distinct (request_id, type)))::int as doubled
       from jsonb_to_recordset($1::jsonb) as bill(nonce text, type text)
       left join submission using (nonce)`,
    [JSON.stringify(entries)],
  );
  return { ...onlyRow(rows), ...onlyRow(bills.rows) };
}

function table(phases: Phase[]): string[][] {
  return [
    ['', 'seconds', 'submits a second', 'throttled', 'requests refused', 'event → succeeded, p50 ms', 'p95 ms'],
    ...phases.map(({ name, seconds, submits, throttled, refused, p50, p95 }) => [
      name,
      shown(seconds, 1),
      shown(submits, 1),
      shown(throttled, 0),
      shown(refused, 0),
      shown(p50, 0),
      shown(p95, 0),
    ]),
  ];
}
