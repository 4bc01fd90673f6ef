import { setTimeout as pause } from 'node:timers/promises';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';

export { Registry };

/** Gauges that are named like counters; `nodejs_active_handles` and its like say the same by type. */
const misnamed = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** A registry with the metrics of the process itself (CPU, memory, event loop lag), and which build it is. */
export function createRegistry(version: string): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of misnamed) registry.removeSingleMetric(name);
  const build = new Gauge({
    name: 'vodai_build_info',
    help: 'Always 1: which version this process is of, and the Node that runs it.',
    labelNames: ['version', 'node'],
    registers: [registry],
  });
  build.set({ version, node: process.version }, 1);
  return registry;
}

/** A gauge that is computed from what was seen when somebody looked. */
interface Shown<Seen> {
  name: string;
  help: string;
  labelNames: readonly string[];
  series: (seen: Seen) => { labels: Record<string, string>; value: number }[];
}

/**
 * Gauges over what a store knows, which other processes change too: asked whenever they are looked at. A store that is away has a
 * gauge of its own; it must not take all metrics along, and what was true before it went isn't shown either.
 */
export function showSeen<Seen>(registry: Registry, look: () => Promise<Seen>, gauges: readonly Shown<Seen>[]): void {
  const seenLately = seldom(look);
  for (const { name, help, labelNames, series } of gauges) {
    const gauge = new Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      async collect() {
        const seen = await seenLately();
        gauge.reset();
        for (const { labels, value } of seen === null ? [] : series(seen)) gauge.set(labels, value);
      },
    });
  }
}

/** Any worker may have opened a circuit, and any other may close it. */
export function showCircuits(
  registry: Registry,
  regions: readonly string[],
  openOnes: () => Promise<{ region: string }[]>,
): void {
  showSeen(registry, openOnes, [
    {
      name: 'vodai_circuit_open',
      help: '1 while the account cannot submit in a region.',
      labelNames: ['region'],
      series: (open) =>
        regions.map((region) => ({ labels: { region }, value: open.some((one) => one.region === region) ? 1 : 0 })),
    },
  ]);
}

/** How many are told of changes while they happen: each costs the process a connection and a part of every tick. */
export function showListeners(registry: Registry, count: () => number): void {
  showNumber(registry, 'vodai_listeners', 'Open streams, and calls that wait for a job.', count);
}

interface Pool {
  /** How many connections there may be. */
  max: number;
  /** How many there are. */
  connections: number;
  /** How many of them nobody uses at this moment. */
  idle: number;
  /** How many statements wait for one. */
  waiting: number;
}

export function showPool(registry: Registry, pool: () => Pool): void {
  showNumber(registry, 'vodai_postgres_pool_max', 'Connections to Postgres that the pool may open.', () => pool().max);
  showNumber(registry, 'vodai_postgres_pool_connections', 'Connections to Postgres.', () => pool().connections);
  showNumber(registry, 'vodai_postgres_pool_idle', 'Connections to Postgres that are free.', () => pool().idle);
  showNumber(registry, 'vodai_postgres_pool_waiting', 'Callers that wait for a connection.', () => pool().waiting);
}

function showNumber(registry: Registry, name: string, help: string, count: () => number): void {
  const gauge: Gauge = new Gauge({ name, help, registers: [registry], collect: () => gauge.set(count()) });
}

/** /metrics is open to everybody who reaches it, and several look at once: what they cost is bounded. */
const LOOK_EVERY_MS = 1_000;

/** Of the time that Prometheus gives a scrape (10 s unless told otherwise) a store that hangs may use this much. */
const WAIT_MS = 1_000;

/** The answer of the last second, asking when there is none; null when it failed or takes too long. One question at a time. */
export function seldom<T>(ask: () => Promise<T>, now: () => number = () => performance.now()): () => Promise<T | null> {
  let answer: Promise<T | null> | undefined;
  let endedAt: number | null = null;
  return () => {
    if (!answer || (endedAt !== null && now() - endedAt >= LOOK_EVERY_MS)) {
      endedAt = null;
      answer = ask()
        .catch(() => null)
        .finally(() => (endedAt = now()));
    }
    return Promise.race([answer, pause(WAIT_MS, null, { ref: false })]);
  };
}
