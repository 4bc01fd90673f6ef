import { setTimeout as pause } from 'node:timers/promises';
import { Bench } from './bench';
import { percentOf, type Span, type StoreKind } from './meter';
import { shown } from './report';
import { say } from './say';

export interface IdleOptions {
  quick: boolean;
  only: StoreKind | undefined;
}

/** Whoever has started is compiled, and Postgres has been told of all connections: ten seconds after they fell idle. */
const REST_MS = 30_000;

const names = ['api', 'worker', 'webhook', 'postgres', 'redis'];

/** What it costs that everything is there and nobody wants anything. */
export async function benchIdle({ quick, only }: IdleOptions): Promise<void> {
  const seconds = quick ? 5 : 60;
  await Bench.run(async (bench) => {
    const rows: { kind: StoreKind; span: Span }[] = [];
    for (const kind of bench.kinds(only)) {
      const span = await bench.with({ kind, database: `bench_${kind}` }, async ({ meter }) => {
        say(`${kind}: ${seconds} s without a job`);
        await pause(quick ? 1_000 : REST_MS);
        const stop = await meter.start();
        await pause(seconds * 1000);
        return stop();
      });
      rows.push({ kind, span });
    }
    bench.print({
      quick,
      said: [`${seconds} s without a job; CPU in per cent of a core, transactions of all processes.`],
      tables: [
        [
          ['BullMQ on', ...names, 'transactions a second', 'cores of others'],
          ...rows.map(({ kind, span }) => [
            kind,
            ...names.map((name) => shown(percentOf(span, name), 2)),
            shown(span.transactions / span.seconds, 2),
            shown(span.othersCores, 2),
          ]),
        ],
      ],
    });
  });
}
