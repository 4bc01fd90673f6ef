import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Attack, Got, Order } from './attackers';
import { Bench } from './bench';
import { fill } from './fill';
import { Honest, type Took } from './honest';
import { apiSecret } from './http';
import type { StoreKind } from './meter';
import { shown } from './report';
import { say } from './say';

export interface EdgeOptions {
  quick: boolean;
  only: StoreKind | undefined;
}

/** What honest traffic may take longer while somebody attacks. */
const GOAL = 2;

/** Streams that begin at the beginning read all of it. */
const FILLED = 20_000;
const STREAM_KEY = 'bench-stranger-secret';

const attacks: Attack[] = [
  'wrong keys',
  'large bodies',
  'slow bodies',
  'silent connections',
  'streams from the beginning',
];

interface Row {
  attack: Attack;
  /** In peace just before and just after. */
  without: Took;
  under: Took;
  got: Got;
}

/** What strangers who may do as much as the product lets them cost its honest clients. */
export async function benchEdge({ quick, only }: EdgeOptions): Promise<void> {
  const seconds = quick ? 2 : 20;
  const jobs = quick ? 500 : FILLED;
  await Bench.run(async (bench) => {
    const kind = bench.kind(only);
    const env = { API_KEYS: `bench:operator:${apiSecret},stranger:viewer:${STREAM_KEY}` };
    const options = { jobs, now: new Date(), days: 30, seed: 1, open: false };
    await bench.with({ kind, database: 'bench_edge', env, fill: (sql) => fill(sql, options) }, async (part) => {
      const { product, sql } = part;
      const honest = new Honest(product.apiUrl, sql);
      const strangers = fork(join(__dirname, 'attackers.js'));
      try {
        await honest.work(seconds); // until everything is compiled and connected
        const at = { apiUrl: product.apiUrl, webhookUrl: product.webhookUrl, streamKey: STREAM_KEY };
        const rows: Row[] = [];
        let peace = await honest.work(seconds);
        for (const attack of attacks) {
          say(attack);
          await tell(strangers, { order: 'attack', attack, at });
          const under = await honest.work(seconds);
          const got = await tell(strangers, { order: 'stop' });
          await pause(quick ? 200 : 5_000);
          const after = await honest.work(seconds);
          if (got) rows.push({ attack, without: together(peace, after), under, got });
          peace = after;
        }
        bench.print({
          quick,
          said: [
            `BullMQ on ${kind}; ${seconds} s of each attack, as long without any before and after; ${jobs.toLocaleString('en')} finished jobs in the database.`,
            'Strangers run in a process of their own at the lowest priority, and all at the same two cores.',
          ],
          tables: [delays(rows), tries(rows)],
        });
      } finally {
        strangers.kill();
        honest.stop();
      }
    });
  });
}

async function tell(strangers: ChildProcess, order: Order): Promise<Got | null> {
  strangers.send(order);
  const [answer] = (await once(strangers, 'message')) as [Got | null];
  return answer;
}

function together(one: Took, other: Took): Took {
  const names = Object.keys(one) as (keyof Took)[];
  return Object.fromEntries(names.map((name) => [name, [...one[name], ...other[name]]])) as Took;
}

function delays(rows: Row[]): string[][] {
  return [
    ['attack', 'what honest clients do', 'p99 without, ms', 'p99 under it, ms', 'ratio', `≤ ${GOAL} ×`],
    ...rows.flatMap(({ attack, without, under }) =>
      (Object.keys(under) as (keyof Took)[]).map((what) => {
        const [before, now] = [p99(without[what]), p99(under[what])];
        const ratio = now / before;
        return [attack, what, shown(before, 1), shown(now, 1), shown(ratio, 2), ratio <= GOAL ? 'yes' : 'NO'];
      }),
    ),
  ];
}

function tries(rows: Row[]): string[][] {
  return [
    ['attack', 'tries a second', 'answered with', 'closed without an answer'],
    ...rows.map(({ attack, got: { seconds, tries: made, answers, closed } }) => [
      attack,
      shown(made / seconds, 1),
      Object.entries(answers)
        .map(([status, count]) => `${count} × ${status}`)
        .join(', ') || '–',
      String(closed),
    ]),
  ];
}

/** NaN of nothing: then the ratio is none, and not within the goal. */
function p99(took: readonly number[]): number {
  const sorted = took.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * 0.99) - 1] ?? NaN;
}
