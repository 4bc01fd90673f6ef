import type { Client } from 'pg';
import { Bench, type Part } from './bench';
import { fill } from './fill';
import type { Span, StoreKind } from './meter';
import { only as onlyRow } from './rows';
import { shown } from './report';
import { say } from './say';

export interface VolumeOptions {
  quick: boolean;
  /** That lie in the full database. */
  jobs: number | undefined;
  only: StoreKind | undefined;
}

interface Plan {
  filled: number;
  warmUp: number;
  rounds: number;
  perRound: number;
}

/** What a job costs where many have been before it, against what it costs where none has. */
export async function benchVolume({ quick, jobs, only }: VolumeOptions): Promise<void> {
  const plan = quick
    ? { filled: jobs ?? 5_000, warmUp: 20, rounds: 2, perRound: 50 }
    : { filled: jobs ?? 5_000_000, warmUp: 500, rounds: 5, perRound: 2_000 };
  await Bench.run(async (bench) => {
    const kind = bench.kind(only);
    // Settled ones only, of a month: one that is open would be worked on.
    const options = { jobs: plan.filled, now: new Date(), days: 30, seed: 1, open: false, tell: say };
    const full = { kind, database: 'bench_full', fill: (sql: Client) => fill(sql, options) };
    await bench.with(full, async (filled) => {
      const size = await sizeOf(filled.sql);
      const used = await bench.with({ kind, database: 'bench_empty' }, (empty) =>
        inTurn({ empty, full: filled }, plan),
      );
      bench.print({
        quick,
        said: [
          `BullMQ on ${kind}; ${plan.rounds * plan.perRound} jobs through each, in ${plan.rounds} bursts in turn, after ${plan.warmUp};`,
          `full: ${size.jobs.toLocaleString('en')} finished jobs, ${size.lines.toLocaleString('en')} lines of history.`,
        ],
        tables: [table(used, plan)],
      });
    });
  });
}

type Databases<T> = Record<'empty' | 'full', T>;

/** Both products run all the time, so neither has just started when it is its turn; the other one idles. */
async function inTurn(
  { empty, full }: Databases<Part>,
  { warmUp, rounds, perRound }: Plan,
): Promise<Databases<Span[]>> {
  for (const part of [empty, full]) {
    await through(part, warmUp);
    // Or a table that is as yet small is looked through, and our own question costs more there than in the full one.
    await part.sql.query('set enable_seqscan = off');
  }
  await full.sql.query('checkpoint');
  const used: Databases<Span[]> = { empty: [], full: [] };
  for (let round = 1; round <= rounds; round += 1) {
    say(`round ${round} of ${rounds}: ${perRound} jobs through each`);
    // Whoever is second may find what the first one left to write: each is second in turn.
    for (const name of round % 2 === 1 ? (['empty', 'full'] as const) : (['full', 'empty'] as const)) {
      used[name].push(await through({ empty, full }[name], perRound));
    }
  }
  return used;
}

async function through({ load, meter }: Part, jobs: number): Promise<Span> {
  const stop = await meter.start();
  await load.burst(jobs);
  await load.untilOver();
  const span = await stop();
  await load.assertAllSucceeded();
  return span;
}

async function sizeOf(sql: Client): Promise<{ jobs: number; lines: number }> {
  const { rows } = await sql.query<{ jobs: number; lines: number }>(
    `select (select count(*)::int from job) as jobs, (select count(*)::int from history) as lines`,
  );
  return onlyRow(rows);
}

const ours = ['api', 'worker', 'webhook'];

function table({ empty, full }: Databases<Span[]>, { rounds, perRound }: Plan): string[][] {
  const jobs = rounds * perRound;
  const sum = (spans: Span[], of: (span: Span) => number) => spans.reduce((total, span) => total + of(span), 0);
  const cpuMs = (names: string[]) => (spans: Span[]) =>
    sum(spans, ({ cpu }) => (cpu ? names.reduce((total, name) => total + (cpu[name] ?? 0), 0) : NaN)) * (1000 / jobs);
  const line = (label: string, digits: number, value: (spans: Span[]) => number) => {
    const [one, other] = [value(empty), value(full)];
    return [label, shown(one, digits), shown(other, digits), shown(other / one, 2)];
  };
  return [
    ['', 'empty', 'full', 'full / empty'],
    line('CPU ms a job', 2, cpuMs([...ours, 'postgres', 'redis'])),
    line('- our processes', 2, cpuMs(ours)),
    line('- Postgres', 2, cpuMs(['postgres'])),
    line('- Redis', 2, cpuMs(['redis'])),
    line('WAL a job, KiB', 2, (spans) => sum(spans, ({ walBytes }) => walBytes) / 1024 / jobs),
    line('jobs a second', 1, (spans) => jobs / sum(spans, ({ seconds }) => seconds)),
    line('cores of others', 2, (spans) => sum(spans, ({ othersCores }) => othersCores ?? NaN) / spans.length),
  ];
}
