import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from 'pg';
import { enqueueAll, enqueueSteadily } from './http';
import type { Order, Told } from './listeners';
import { Product } from './product';
import { machine, markdown } from './report';
import { say } from './say';
import { StopSignals } from './signals';
import { startStores } from './stores';
import { until } from './until';
import { openUsage, type Usage } from './usage';

const LISTENERS = 500;

/** Each leaves five lines of history on its way, so a hundred jobs a second change state. */
const JOBS_PER_SECOND = 20;

/** In the part with breaks, each listener breaks off and comes back once in so long, on average. */
const BREAK_EVERY_MS = 10_000;

interface Row {
  part: string;
  changes: number;
  cores: number | null;
  told: Told | null;
}

/** What hundreds of listeners cost the api, and whether each of them is told everything. */
export async function benchStream({ quick }: { quick: boolean }): Promise<void> {
  const seconds = quick ? 2 : 20;
  const stores = await startStores();
  const signals = new StopSignals(() => stores.stop());
  try {
    const { url, sql } = await stores.createDatabase('bench_stream');
    const product = new Product({
      databaseUrl: url,
      redisUrl: stores.redis?.url ?? null,
      folder: stores.folder,
      profile: undefined,
    });
    signals.alsoStop(() => product.stop());
    const crowd = fork(join(__dirname, 'listeners.js'));
    signals.alsoStop(async () => void crowd.kill());
    try {
      await product.start();
      printRows(await new Stream({ product, crowd, sql, usage: openUsage(), seconds }).run(), { quick });
    } finally {
      crowd.kill();
      await product.stop();
    }
  } finally {
    signals.forget();
    await stores.stop();
  }
}

interface Parts {
  product: Product;
  crowd: ChildProcess;
  sql: Client;
  usage: Usage | null;
  seconds: number;
}

class Stream {
  private nextMedia = 0;

  constructor(private readonly parts: Parts) {}

  async run(): Promise<Row[]> {
    const { product } = this.parts;
    await this.steadily(); // until everything is compiled and connected
    const rows = [await this.part('nobody listens', () => this.steadily())];

    await this.tell({ order: 'listen', apiUrl: product.apiUrl, listeners: LISTENERS });
    rows.push(await this.part(`${LISTENERS} listen`, () => this.steadily()));

    await this.tell({ order: 'break', everyMs: BREAK_EVERY_MS });
    rows.push(await this.part('and break off now and then', () => this.steadily()));
    await this.tell({ order: 'break', everyMs: 0 });

    rows.push(
      await this.part('and the api starts anew, amid a burst', async () => {
        await enqueueAll(product.apiUrl, this.media(10 * JOBS_PER_SECOND), 8);
        await product.restart('api');
      }),
    );
    return rows;
  }

  /** Counts what a part cost the api, and then waits until everybody has heard of everything. */
  private async part(name: string, work: () => Promise<unknown>): Promise<Row> {
    say(name);
    const { product, usage, seconds } = this.parts;
    const isHeard = name !== 'nobody listens';
    await this.tell({ order: 'begin' });
    const since = await this.lastLine();
    const pid = product.pid('api');
    const before = usage?.cpuSeconds(pid) ?? 0;
    await work();
    await until('all jobs are over', async () => {
      const { rows } = await this.parts.sql.query(`select from job where due_at is not null limit 1`);
      return rows.length === 0;
    });
    const changes = await this.changesSince(since);
    let told: Told | null = null;
    if (isHeard) {
      // Who has not heard of everything by then is counted, rather than waited for.
      for (const end = performance.now() + 20_000; performance.now() < end && told?.missed !== 0; await pause(100)) {
        told = await this.tell({ order: 'tell', changes });
      }
    }
    // All that the part cost, also what a busy machine did late, over the time in which it was asked for.
    const cores = usage && product.pid('api') === pid ? (usage.cpuSeconds(pid) - before) / seconds : null;
    return { part: name, changes: changes.length, cores, told };
  }

  private steadily(): Promise<void> {
    const { product, seconds } = this.parts;
    return enqueueSteadily(product.apiUrl, this.media(seconds * JOBS_PER_SECOND), JOBS_PER_SECOND);
  }

  private media(count: number): string[] {
    return Array.from({ length: count }, () => `stream${String((this.nextMedia += 1)).padStart(10, '0')}`);
  }

  private async lastLine(): Promise<string> {
    const { rows } = await this.parts.sql.query<{ id: string }>(`select coalesce(max(id), 0) as id from history`);
    return rows[0]?.id ?? '0';
  }

  /** Everything is over at both ends, so here ids do. */
  private async changesSince(id: string): Promise<string[]> {
    const { rows } = await this.parts.sql.query<{ change: string }>(
      `select job_id || ' ' || version as change from history where id > $1`,
      [id],
    );
    return rows.map(({ change }) => change);
  }

  private async tell(order: Order): Promise<Told | null> {
    this.parts.crowd.send(order);
    const [answer] = (await once(this.parts.crowd, 'message')) as [Told | null];
    return answer;
  }
}

function printRows(rows: Row[], { quick }: { quick: boolean }): void {
  const table = [
    ['', 'changes', 'cores of the api', 'delay p50, ms', 'delay p95, ms', 'breaks', 'missed', 'doubled'],
    ...rows.map(({ part, changes, cores, told }) => [
      part,
      String(changes),
      cores === null ? '–' : cores.toFixed(2),
      ...[told?.delayP50, told?.delayP95, told?.breaks, told?.missed, told?.doubled].map((value) =>
        String(value ?? '–'),
      ),
    ]),
  ];
  const date = new Date().toISOString().slice(0, 10);
  process.stdout.write(
    [
      '',
      `${date}, ${machine()}, Node ${process.version}; ${JOBS_PER_SECOND} jobs a second, each of which changes its state five times`,
      ...(quick ? ['A quick run: these figures say nothing.'] : []),
      '',
      ...markdown(table),
      '',
    ].join('\n'),
  );
}
