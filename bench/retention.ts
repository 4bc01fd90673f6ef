import { Retain } from '@app/lifecycle';
import { Signals } from '@app/observability';
import { createDataSource, DeliveryRetention, MonthStore, RetentionReads, RetentionStore } from '@app/persistence';
import type { Client } from 'pg';
import { Bench, type Part } from './bench';
import { fill } from './fill';
import type { StoreKind } from './meter';
import { shown } from './report';
import { only as onlyRow } from './rows';
import { say } from './say';

export interface RetentionOptions {
  quick: boolean;
  /** That are to be dropped. */
  jobs: number | undefined;
  only: StoreKind | undefined;
}

const DAY = 86_400_000;
const settings = { recordsMs: 180 * DAY, eventBodiesMs: 30 * DAY, keysMs: 400 * DAY };
/** A month of work that was over 215 to 245 days ago: all months in which it was begun are over for long enough. */
const OVER_DAYS_AGO = 215;

/** It is done here, where it can be measured, and not by the worker as soon as that starts. */
const ours = { RETENTION: '0', EVENT_BODY_RETENTION: '0', KEY_RETENTION: '0' };

const tables = ['job', 'job_label', 'history', 'result', 'submission', 'request', 'event'];

interface Measured {
  jobs: number;
  rows: number;
  seconds: number;
  /** Jobs a second that went through the product, without the retention and beside it. */
  alone: number;
  beside: number;
  rowsPerJob: number;
}

/** How fast what is old goes, as a worker drops it, while new jobs come in as fast as the product takes them. */
export async function benchRetention({ quick, jobs = quick ? 2_000 : 100_000, only }: RetentionOptions): Promise<void> {
  const burst = quick ? 50 : 1_000;
  await Bench.run(async (bench) => {
    const kind = bench.kind(only);
    const measured: [string, Measured][] = [];
    for (const byMonth of [false, true]) {
      const name = byMonth ? 'history by month' : 'history by row, as after the upgrade';
      say(name);
      const options = { kind, database: `bench_${byMonth ? 'month' : 'row'}`, fill: filled(jobs, byMonth), env: ours };
      measured.push([name, await bench.with(options, (part) => measure(part, burst))]);
    }
    bench.print({
      quick,
      said: [
        `BullMQ on ${kind}; ${jobs.toLocaleString('en')} jobs that have been over for more than 180 days are dropped in batches with rests,`,
        `while bursts of ${burst} jobs go through the product one after the other.`,
      ],
      tables: [table(measured)],
    });
  });
}

function filled(jobs: number, byMonth: boolean): (sql: Client) => Promise<void> {
  return async (sql) => {
    const now = new Date(Date.now() - OVER_DAYS_AGO * DAY);
    if (byMonth) {
      await sql.query('drop table history_before, result_before');
      await sql.query(`select make_months($1, 12)`, [new Date(now.getTime() - 62 * DAY)]);
    }
    await fill(sql, { jobs, now, days: 30, seed: 1, open: false, tell: say });
  };
}

async function measure({ load, sql, url }: Part, burst: number): Promise<Measured> {
  const through = async () => {
    const begun = performance.now();
    await load.burst(burst);
    await load.untilOver();
    return (performance.now() - begun) / 1000;
  };
  await through();
  const alone = burst / (await through());

  const db = await createDataSource({ url, application: 'vodai-bench' }).initialize();
  try {
    const stores = {
      store: new RetentionStore(db),
      reads: new RetentionReads(db),
      months: new MonthStore(db),
      deliveries: new DeliveryRetention(db),
    };
    const retain = new Retain({ ...stores, signals: new Signals(), now: () => new Date() }, settings);
    const begun = performance.now();
    const end = { at: 0 };
    const running = retain.run({ gently: true }).finally(() => (end.at = performance.now()));
    let [spent, came] = [0, 0];
    do {
      spent += await through();
      came += burst;
    } while (end.at === 0);
    const ran = await running;
    if (ran.outcome !== 'done') throw new Error(`the retention is ${ran.outcome}`);
    const rows = Object.entries(ran.dropped).reduce((sum, [of, some]) => sum + (of === 'event_body' ? 0 : some), 0);
    return {
      jobs: ran.dropped.job ?? 0,
      rows,
      seconds: (end.at - begun) / 1000,
      alone,
      beside: came / spent,
      rowsPerJob: await rowsPerJob(sql),
    };
  } finally {
    await db.destroy();
  }
}

/** Of what came in: nothing else is left. */
async function rowsPerJob(sql: Client): Promise<number> {
  const counts = tables.map((of) => `(select count(*) from ${of})`).join(' + ');
  const { rows } = await sql.query<{ each: number }>(`select (${counts})::float8 / (select count(*) from job) as each`);
  return onlyRow(rows).each;
}

function table(measured: [string, Measured][]): string[][] {
  const row = (label: string, of: (one: Measured) => number, digits = 0) => [
    label,
    ...measured.map(([, one]) => shown(of(one), digits)),
  ];
  return [
    ['', ...measured.map(([name]) => name)],
    row('jobs dropped', ({ jobs }) => jobs),
    row('rows dropped', ({ rows }) => rows),
    row('in seconds', ({ seconds }) => seconds, 1),
    row('jobs dropped a second', ({ jobs, seconds }) => jobs / seconds),
    row('rows dropped a second', ({ rows, seconds }) => rows / seconds),
    row('jobs that came in a second, beside it', ({ beside }) => beside),
    row('rows that came in a second, beside it', ({ beside, rowsPerJob: each }) => beside * each),
    row('jobs that came in a second, without it', ({ alone }) => alone),
  ];
}
