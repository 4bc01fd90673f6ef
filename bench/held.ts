import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { Bench, type Part } from './bench';
import { callsOf, percentOf, type Span, type StoreKind } from './meter';
import { fillWaiting } from './queued';
import { shown } from './report';
import { say } from './say';

export interface HeldOptions {
  quick: boolean;
  minutes: number | undefined;
  only: StoreKind | undefined;
}

const PER_SECOND = 30;

interface Row {
  span: Span;
  ended: { jobs: number; p50: number | null; p95: number | null };
  /** In the last tenth of the time: what was left behind adds up. */
  lastP95: number | null;
  dead: { table: string; rows: number }[];
}

interface Plan {
  seconds: number;
  warmUp: number;
  backlog: number;
}

/** What becomes of the flow while somebody holds a transaction open, as pg_dump does: no row that dies is cleared away. */
export async function benchHeld({ quick, minutes = 10, only }: HeldOptions): Promise<void> {
  const plan = quick
    ? { seconds: 10, warmUp: 2, backlog: 3_000 }
    : { seconds: Math.max(1, Math.round(minutes * 60)), warmUp: 20, backlog: 100_000 };
  await Bench.run(async (bench) => {
    const kind = bench.kind(only);
    const without = await measure(bench, kind, false, plan);
    const held = await measure(bench, kind, true, plan);
    bench.print({
      quick,
      said: [
        `BullMQ on ${kind}; ${PER_SECOND} jobs a second for ${plan.seconds} s, before ${plan.backlog.toLocaleString('en')} of low priority;`,
        `SUBMIT_QPS=${PER_SECOND}, COLLECT_QPS=20, a job is at VOD for 2 to 6 s. With a REPEATABLE READ transaction open all the time, and without.`,
      ],
      tables: [table(without, held), deadRows(without, held)],
    });
  });
}

function measure(bench: Bench, kind: StoreKind, isHeld: boolean, plan: Plan): Promise<Row> {
  const options = {
    kind,
    database: isHeld ? 'bench_held' : 'bench_free',
    fill: (sql: Client) => fillWaiting(sql, { jobs: plan.backlog, state: 'queued', priority: 'low' }),
    env: { SUBMIT_QPS: String(PER_SECOND), COLLECT_QPS: '20' },
    vod: { jobTimeMs: { min: 2_000, max: 6_000 }, qps: { SubmitAIJob: PER_SECOND, ListAIJob: 100 } },
  };
  return bench.with(options, async (part) => {
    say(`${isHeld ? 'with a transaction open' : 'without'}: ${plan.warmUp} and ${plan.seconds} s`);
    const release = isHeld ? await hold(part.url) : null;
    try {
      const jobs = PER_SECOND * (plan.warmUp + plan.seconds);
      const [row] = await Promise.all([watch(part, plan), part.load.steadily(jobs, PER_SECOND)]);
      return row;
    } finally {
      await release?.();
    }
  });
}

/** Its first look at a table is what keeps the rows that die after it. */
async function hold(url: string): Promise<() => Promise<void>> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query('begin isolation level repeatable read read only');
  await client.query('select from job limit 1');
  return () => client.end();
}

async function watch({ meter, load, sql }: Part, { seconds, warmUp }: Plan): Promise<Row> {
  await pause(warmUp * 1000);
  const from = new Date();
  const stop = await meter.start();
  await pause(seconds * 900);
  const lastTenth = new Date();
  await pause(seconds * 100);
  const [to, span] = [new Date(), await stop()];
  const { rows } = await sql.query<{ table: string; rows: number }>(
    `select relname as table, n_dead_tup::int as rows from pg_stat_user_tables where n_dead_tup > 0 order by 2 desc`,
  );
  const ended = await load.ended(from, to);
  return { span, ended, lastP95: (await load.ended(lastTenth, to)).p95, dead: rows };
}

const rateOf = ({ span, ended }: Row) => ended.jobs / span.seconds;

function table(without: Row, held: Row): string[][] {
  const line = (label: string, digits: number, value: (row: Row) => number | null) => {
    const [one, other] = [value(without), value(held)];
    return [label, shown(one, digits), shown(other, digits), one && other ? (other / one).toFixed(2) : '–'];
  };
  return [
    ['', 'without', 'held open', 'held / without'],
    line('succeeded a second', 2, rateOf),
    line('event → succeeded, p50 ms', 1, ({ ended }) => ended.p50),
    line('event → succeeded, p95 ms', 1, ({ ended }) => ended.p95),
    line('- in the last tenth of the time', 1, ({ lastP95 }) => lastP95),
    line('submits a second', 2, ({ span }) => callsOf(span.calls, 'SubmitAIJob').ok / span.seconds),
    line('calls throttled', 0, ({ span }) => Object.values(span.calls).reduce((sum, each) => sum + each.throttled, 0)),
    line('worker, per cent of a core', 1, ({ span }) => percentOf(span, 'worker')),
    line('Postgres, per cent of a core', 1, ({ span }) => percentOf(span, 'postgres')),
    line('cores of others', 2, ({ span }) => span.othersCores),
    line('dead rows at the end', 0, ({ dead }) => dead.reduce((sum, { rows }) => sum + rows, 0)),
  ];
}

function deadRows(without: Row, held: Row): string[][] {
  const names = new Set([...held.dead, ...without.dead].map((each) => each.table));
  const of = ({ dead }: Row, name: string) => String(dead.find((each) => each.table === name)?.rows ?? 0);
  return [
    ['dead rows of', 'without', 'held open'],
    ...[...names].map((name) => [name, of(without, name), of(held, name)]),
  ];
}
