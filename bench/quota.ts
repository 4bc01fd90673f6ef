import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from 'pg';
import { Bench } from './bench';
import { callsOf, type Span, type StoreKind } from './meter';
import { fillWaiting } from './queued';
import { shown } from './report';
import { say } from './say';

export interface QuotaOptions {
  quick: boolean;
  only: StoreKind | undefined;
}

/** The documented quota of SubmitAIJob, and for reads the default of COLLECT_QPS. */
const QPS = { SubmitAIJob: 30, ListAIJob: 20 };
const operations = ['SubmitAIJob', 'ListAIJob'] as const;
const DAY_MS = 86_400_000;

interface Row {
  kind: StoreKind;
  workers: number;
  span: Span;
}

/** How much of VOD's quota is used while there is always more to do, and how many calls are too many. */
export async function benchQuota({ quick, only }: QuotaOptions): Promise<void> {
  // What is at VOD has to be more than can be read in a second, before the measuring begins: 10 JobIds a call, 30 jobs a second.
  const plan = quick ? { seconds: 5, warmUp: 5 } : { seconds: 60, warmUp: 20 };
  await Bench.run(async (bench) => {
    const rows: Row[] = [];
    for (const kind of bench.kinds(only)) {
      for (const workers of [1, 4]) rows.push(await measure(bench, kind, workers, plan));
    }
    bench.print({
      quick,
      said: [
        `${plan.seconds} s a row; VOD counts each operation in sliding seconds. SUBMIT_QPS=${QPS.SubmitAIJob}, COLLECT_QPS=${QPS.ListAIJob}.`,
        'A backlog waits to be sent, and whatever is at VOD is asked for once a second and never over.',
      ],
      tables: [table(rows)],
    });
  });
}

interface Plan {
  seconds: number;
  warmUp: number;
}

function measure(bench: Bench, kind: StoreKind, workers: number, { seconds, warmUp }: Plan): Promise<Row> {
  const jobs = QPS.SubmitAIJob * (seconds + warmUp + 10);
  const options = {
    kind,
    workers,
    database: `bench_${kind}_${workers}`,
    fill: (sql: Client) => fillWaiting(sql, { jobs, state: 'queued', priority: 'normal' }),
    env: {
      SUBMIT_QPS: String(QPS.SubmitAIJob),
      COLLECT_QPS: String(QPS.ListAIJob),
      POLL_FIRST: '1s',
      POLL_MAX: '1s',
    },
    vod: { jobTimeMs: { min: DAY_MS, max: DAY_MS }, qps: QPS },
  };
  return bench.with(options, async ({ meter }) => {
    say(`${kind}, workers: ${workers}, for ${seconds} s after ${warmUp} s`);
    await pause(warmUp * 1000);
    const stop = await meter.start();
    await pause(seconds * 1000);
    return { kind, workers, span: await stop() };
  });
}

function table(rows: Row[]): string[][] {
  return [
    ['BullMQ on', 'workers', 'operation', 'quota a second', 'of it used', 'throttled', 'cores of others'],
    ...rows.flatMap(({ kind, workers, span }) =>
      operations.map((operation) => {
        const { ok, throttled } = callsOf(span.calls, operation);
        const share = ok / (QPS[operation] * span.seconds);
        const counts = [String(QPS[operation]), shown(share, 3), String(throttled), shown(span.othersCores, 2)];
        return [kind, String(workers), operation, ...counts];
      }),
    ),
  ];
}
