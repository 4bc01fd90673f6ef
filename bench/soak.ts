import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from 'pg';
import { Bench, type Part } from './bench';
import type { StoreKind } from './meter';
import { only as onlyRow } from './rows';
import { shown } from './report';
import { say } from './say';

export interface SoakOptions {
  quick: boolean;
  minutes: number | undefined;
  /** Jobs a second; by default from a burst. */
  rate: number | undefined;
  only: StoreKind | undefined;
}

interface Plan {
  seconds: number;
  everySeconds: number;
  warmUp: number;
  burst: number;
}

interface Row {
  minute: number;
  figures: Record<string, number | null>;
  tables: Record<string, number>;
}

/** After so long nothing that is compiled, connected or cached for the first time is left to grow. */
const SETTLED_MINUTES = 10;

/** Tables that hold nothing are some pages of indexes. All of them are in the sum. */
const WORTH_A_LINE_MB = 0.1;

/** Whether anything creeps: the same rate for an hour, and how the figures of its parts differ. */
export async function benchSoak({ quick, minutes = 60, rate, only }: SoakOptions): Promise<void> {
  const plan = quick
    ? { seconds: 20, everySeconds: 5, warmUp: 20, burst: 200 }
    : { seconds: minutes * 60, everySeconds: Math.min(300, minutes * 15), warmUp: 500, burst: 3_000 };
  await Bench.run(async (bench) => {
    const kind = bench.kind(only);
    await bench.with({ kind, database: 'bench_soak' }, async (part) => {
      const perSecond = rate ?? Math.max(1, Math.floor(0.8 * (await peak(part, plan))));
      say(`${perSecond} jobs a second for ${plan.seconds} s`);
      const jobs = Math.round(perSecond * plan.seconds);
      const [rows] = await Promise.all([watch(part, plan), part.load.steadily(jobs, perSecond)]);
      const basis = rate === undefined ? `80 % of what ${plan.burst} at once showed` : 'as asked for';
      bench.print({
        quick,
        said: [`BullMQ on ${kind}; ${perSecond} jobs a second, ${basis}; memory is VmRSS, slopes are least squares.`],
        tables: [figuresOf(rows), tablesOf(rows)],
      });
    });
  });
}

async function peak({ load }: Part, { warmUp, burst }: Plan): Promise<number> {
  await load.burst(warmUp);
  await load.untilOver();
  const started = performance.now();
  await load.burst(burst);
  await load.untilOver();
  await load.assertAllSucceeded();
  return (burst * 1000) / (performance.now() - started);
}

async function watch(part: Part, { seconds, everySeconds }: Plan): Promise<Row[]> {
  const started = performance.now();
  const rows: Row[] = [];
  let from = new Date();
  for (let nth = 1; nth * everySeconds <= seconds; nth += 1) {
    const others = part.meter.othersCores();
    await pause(started + nth * everySeconds * 1000 - performance.now());
    const to = new Date();
    const row = { minute: (nth * everySeconds) / 60, ...(await look(part, from, to, others?.() ?? null)) };
    rows.push(row);
    say(asText(row)); // a run that is broken off has shown something
    from = to;
  }
  return rows;
}

async function look({ load, meter, product, sql, stores, kind }: Part, from: Date, to: Date, others: number | null) {
  const { jobs, p50, p95 } = await load.ended(from, to);
  const { rows } = await sql.query<{ open: number }>(`select count(*)::int as open from job where due_at is not null`);
  const tables = await tableSizes(sql);
  const pids = { ...product.pids(), ...(kind === 'redis' && stores.redis ? { redis: stores.redis.pid } : {}) };
  const memory = Object.entries(pids)
    .filter(([name]) => name !== 'emulator') // stands for VOD, and remembers what VOD does
    .map(([name, pid]) => [`${name}, MB`, meter.usage?.memory(pid).rssMb ?? null] as const);
  const figures = {
    'jobs a second': (jobs * 1000) / (to.getTime() - from.getTime()),
    'event → succeeded, p50 ms': p50,
    'p95 ms': p95,
    ...Object.fromEntries(memory),
    'tables, MB': Object.values(tables).reduce((sum, mb) => sum + mb, 0),
    'open jobs': onlyRow(rows).open,
    'cores of others': others,
  };
  return { figures, tables };
}

/** With their indexes and what is kept aside for long values, in MB. */
async function tableSizes(sql: Client): Promise<Record<string, number>> {
  const { rows } = await sql.query<{ name: string; mb: number }>(
    `select schemaname || '.' || relname as name, pg_total_relation_size(relid)::float8 / 1048576 as mb
       from pg_stat_user_tables
      order by 2 desc`,
  );
  return Object.fromEntries(rows.map(({ name, mb }) => [name, mb]));
}

const minuteOf = ({ minute }: Row) => shown(minute, Number.isInteger(minute) ? 0 : 2);

function asText(row: Row): string {
  const figures = Object.entries(row.figures).map(([name, value]) => `${name} ${shown(value, 1)}`);
  return `minute ${minuteOf(row)}: ${figures.join('; ')}`;
}

function figuresOf(rows: Row[]): string[][] {
  const names = Object.keys(rows[0]?.figures ?? {});
  const settled = rows.filter(({ minute }) => minute > SETTLED_MINUTES);
  // A line through one point or two says nothing: a short run takes all it has.
  const counted = settled.length > 2 ? settled : rows;
  const slopes = names.map((name) => slope(counted.map(({ minute, figures }) => [minute / 60, figures[name] ?? NaN])));
  const label = counted === settled ? `slope an hour, after ${SETTLED_MINUTES} min` : 'slope an hour';
  return [
    ['minute', ...names],
    ...rows.map((row) => [minuteOf(row), ...names.map((name) => shown(row.figures[name], 1))]),
    [label, ...slopes.map((each) => shown(each, 1))],
  ];
}

function tablesOf(rows: Row[]): string[][] {
  const [first, last] = [rows[0]?.tables ?? {}, rows.at(-1)?.tables ?? {}];
  return [
    ['table, with its indexes', 'MB in the first row', 'MB in the last', 'slope an hour'],
    ...Object.entries(last)
      .filter(([, mb]) => mb >= WORTH_A_LINE_MB)
      .map(([name, mb]) => [
        name,
        shown(first[name], 2),
        shown(mb, 2),
        shown(slope(rows.map(({ minute, tables }) => [minute / 60, tables[name] ?? 0])), 2),
      ]),
  ];
}

/** Of the line with the least squares. */
function slope(points: [number, number][]): number {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanX, meanY] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const over = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  return over / points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
}
