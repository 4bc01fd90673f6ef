import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from 'pg';
import { Bench, type Part } from './bench';
import { sendJson } from './http';
import { callsOf, percentOf, type Span, type StoreKind } from './meter';
import type { Product } from './product';
import { fillWaiting } from './queued';
import { median, shown } from './report';
import { say } from './say';
import { until } from './until';

export interface BacklogOptions {
  quick: boolean;
  /** One depth instead of all. */
  jobs: number | undefined;
  only: StoreKind | undefined;
}

/** VOD's documented quota of SubmitAIJob, which the emulator counts in sliding seconds. */
const QPS = 30;
const URGENT = 10;
const DAY_MS = 86_400_000;

interface Depth {
  queued: number;
  inFlight: number;
}

interface Row extends Depth {
  kind: StoreKind;
  span: Span;
  /** Seconds. */
  urgent: number[];
}

interface Plan {
  seconds: number;
  warmUpMs: number;
}

/** What it costs to send a backlog at VOD's own quota, however deep it is, and how soon an urgent job overtakes it. */
export async function benchBacklog({ quick, jobs, only }: BacklogOptions): Promise<void> {
  const plan = quick ? { seconds: 10, warmUpMs: 1_000 } : { seconds: 60, warmUpMs: 10_000 };
  await Bench.run(async (bench) => {
    const rows: Row[] = [];
    for (const kind of bench.kinds(only)) {
      for (const depth of depths(quick, jobs)) rows.push(await measure(bench, kind, depth, plan));
    }
    bench.print({
      quick,
      said: [
        `SUBMIT_QPS=${QPS}, counted by VOD in sliding seconds; ${plan.seconds} s a row, ${URGENT} urgent jobs in each; CPU in per cent of a core.`,
        'Jobs at VOD stay there, silent, and nobody asks for them: nothing is read meanwhile.',
      ],
      tables: [table(rows)],
    });
  });
}

function depths(quick: boolean, jobs: number | undefined): Depth[] {
  if (jobs !== undefined) return [{ queued: jobs, inFlight: 0 }];
  const queued = quick ? [1_000, 3_000] : [1_000, 100_000, 1_000_000];
  return [
    ...queued.map((each) => ({ queued: each, inFlight: 0 })),
    { queued: 1_000, inFlight: quick ? 3_000 : 1_000_000 },
  ];
}

async function measure(bench: Bench, kind: StoreKind, depth: Depth, plan: Plan): Promise<Row> {
  const what = `${kind}: ${depth.queued} queued, ${depth.inFlight} at VOD`;
  say(`${what}: filling`);
  const options = {
    kind,
    database: `bench_${kind}_${depth.queued}_${depth.inFlight}`,
    // What the bench sends comes on top, so that at no time fewer wait than the row says.
    fill: (sql: Client) => fillDepth(sql, { ...depth, queued: depth.queued + sentMeanwhile(plan) }),
    // A job that VOD is silent about would be asked for after a minute.
    env: { SUBMIT_QPS: String(QPS), POLL_FIRST: '12h', POLL_MAX: '12h' },
    vod: { jobTimeMs: { min: DAY_MS, max: DAY_MS }, qps: { SubmitAIJob: QPS } },
  };
  return bench.with(options, async (part) => {
    say(`${what}: sending`);
    return { kind, ...depth, ...(await send(part, plan)) };
  });
}

function sentMeanwhile({ seconds, warmUpMs }: Plan): number {
  return QPS * Math.ceil(seconds + warmUpMs / 1000 + 5);
}

async function fillDepth(sql: Client, { queued, inFlight }: Depth): Promise<void> {
  if (inFlight > 0) await fillWaiting(sql, { jobs: inFlight, state: 'processing', priority: 'normal' });
  await fillWaiting(sql, { jobs: queued, state: 'queued', priority: 'normal' });
}

async function send(part: Part, { seconds, warmUpMs }: Plan): Promise<Pick<Row, 'span' | 'urgent'>> {
  const { product, meter, sql } = part;
  await until('VOD has the first job', async () => callsOf(await product.vodCalls(), 'SubmitAIJob').ok > 0);
  await pause(warmUpMs);
  const stop = await meter.start();
  const requestIds = await askUrgently(product, (seconds * 1000) / URGENT);
  const span = await stop();
  return { span, urgent: await untilSent(sql, requestIds) };
}

/** One now and then, as people do, each of a media of its own. */
async function askUrgently(product: Product, everyMs: number): Promise<string[]> {
  const requestIds: string[] = [];
  for (let nth = 1; nth <= URGENT; nth += 1) {
    const next = performance.now() + everyMs;
    const body = { mediaId: `urgent${nth}`, types: ['AIVideoTag'], priority: 'high' };
    requestIds.push((await sendJson<{ id: string }>('POST', `${product.apiUrl}/v1/jobs`, body)).id);
    await pause(next - performance.now());
  }
  return requestIds;
}

/** One that is not sent within a minute has waited at least that long: its time goes on, and the row is not lost. */
async function untilSent(sql: Client, requestIds: string[]): Promise<number[]> {
  const waits = async () => {
    const { rows } = await sql.query<{ seconds: number; sent: boolean }>(
      `select extract(epoch from coalesce(sent_at, now()) - created_at)::float8 as seconds, sent_at is not null as sent
         from request left join submission on submission.request_id = request.id
        where request.id = any($1::uuid[])`,
      [requestIds],
    );
    return rows;
  };
  for (const end = performance.now() + 60_000; performance.now() < end; await pause(200)) {
    if ((await waits()).every(({ sent }) => sent)) break;
  }
  return (await waits()).map(({ seconds }) => seconds);
}

function table(rows: Row[]): string[][] {
  const head = ['queued', 'at VOD', 'submits a second', 'throttled', 'worker', 'Postgres', 'Redis'];
  return [
    ['BullMQ on', ...head, 'urgent, median s', 'urgent, worst s', 'cores of others'],
    ...rows.map(({ kind, queued, inFlight, span, urgent }) => {
      const { ok, throttled } = callsOf(span.calls, 'SubmitAIJob');
      return [
        kind,
        queued.toLocaleString('en'),
        inFlight.toLocaleString('en'),
        shown(ok / span.seconds, 2),
        String(throttled),
        ...['worker', 'postgres', 'redis'].map((name) => shown(percentOf(span, name), 1)),
        shown(median(urgent), 2),
        shown(Math.max(...urgent), 2),
        shown(span.othersCores, 2),
      ];
    }),
  ];
}
