import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { SAFE_EVICTION, type Signals } from './signals';

export { Registry };

/** A registry with the metrics of the process itself (CPU, memory, event loop lag). */
export function createRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** Asked whenever it is looked at: any worker may have opened a circuit, and any other may close it. */
export function showCircuits(
  registry: Registry,
  regions: readonly string[],
  openOnes: () => Promise<{ region: string }[]>,
): void {
  const gauge = new Gauge({
    name: 'vodai_circuit_open',
    help: '1 while the account cannot submit in a region.',
    labelNames: ['region'],
    registers: [],
    async collect() {
      // A store that is away has a gauge of its own; it must not take all metrics along.
      const open = await openOnes().catch(() => null);
      if (open === null) return this.reset();
      for (const region of regions) this.set({ region }, open.some((one) => one.region === region) ? 1 : 0);
    },
  });
  registry.registerMetric(gauge);
}

/** How many are told of changes while they happen: each costs the process a connection and a part of every tick. */
export function showListeners(registry: Registry, count: () => number): void {
  const gauge = new Gauge({
    name: 'vodai_listeners',
    help: 'Open streams, and calls that wait for a job.',
    registers: [],
    collect() {
      this.set(count());
    },
  });
  registry.registerMetric(gauge);
}

/** Up to the default VOD_TIMEOUT; anything longer is a time-out. */
const callSeconds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** A read right after the event takes tens of milliseconds, one that had to wait for an alarm about a minute. */
const settleSeconds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Labels take closed sets of values only: never an id, and no code that VOD may invent tomorrow. */
export function attachMetrics(signals: Signals, registry: Registry): void {
  const registers = [registry];
  const counter = <T extends string>(name: string, help: string, labelNames: T[] = []) =>
    new Counter({ name, help, labelNames, registers });
  const histogram = <T extends string>(name: string, help: string, buckets: number[], labelNames: T[] = []) =>
    new Histogram({ name, help, buckets, labelNames, registers });

  const moved = counter('vodai_jobs_moved_total', 'State changes of jobs.', ['to', 'type', 'region']);
  const settled = histogram(
    'vodai_event_to_settled_seconds',
    "From the arrival of VOD's event to the stored result.",
    settleSeconds,
    ['type'],
  );
  signals.on('job.moved', ({ to, type, region, ageMs }) => {
    moved.inc({ to, type, region });
    if (ageMs !== undefined && (to === 'succeeded' || to === 'failed')) settled.observe({ type }, ageMs / 1000);
  });

  const ignored = counter('vodai_jobs_ignored_total', 'Events that changed nothing.', ['state', 'event']);
  signals.on('job.ignored', ({ state, event }) => ignored.inc({ state, event }));

  const calls = counter('vodai_vod_calls_total', 'Calls to VOD.', ['operation', 'region', 'outcome']);
  const seconds = histogram('vodai_vod_call_seconds', 'Duration of calls to VOD.', callSeconds, ['operation']);
  signals.on('vod.called', ({ operation, region, outcome, ms }) => {
    calls.inc({ operation, region, outcome });
    seconds.observe({ operation }, ms / 1000);
  });

  const callbacks = counter('vodai_callbacks_total', 'Events received from VOD and stored.', ['verdict']);
  signals.on('event.received', ({ verdict }) => callbacks.inc({ verdict }));

  const refused = counter('vodai_callbacks_refused_total', 'Callbacks answered with 401.', ['reason']);
  signals.on('event.refused', ({ reason }) => refused.inc({ reason }));

  const handed = counter('vodai_dispatched_jobs_total', 'Jobs handed to a queue.', ['queue', 'region']);
  signals.on('dispatch.handed', ({ queue, region, jobs }) => handed.inc({ queue, region }, jobs));

  const silent = counter('vodai_settled_without_event_total', "Jobs settled though VOD's event never came.", [
    'type',
    'region',
  ]);
  signals.on('settled.without_event', ({ type, region }) => silent.inc({ type, region }));

  const recoveries = counter(
    'vodai_recoveries_total',
    'Lost submissions decided, by the rung of the ladder that did it.',
    ['rung', 'outcome', 'region'],
  );
  signals.on('recovery.decided', ({ rung, outcome, region }) => recoveries.inc({ rung, outcome, region }));

  const unclaimed = counter('vodai_vod_jobs_unclaimed_total', 'Jobs that VOD took and bills, and that no row has.');
  signals.on('vod_job.unclaimed', () => unclaimed.inc());

  const opened = counter('vodai_circuit_opened_total', 'Times the account turned out to be unable to submit.', [
    'region',
  ]);
  signals.on('circuit.opened', ({ region }) => opened.inc({ region }));

  const mended = counter('vodai_circuit_closed_total', 'Times the account could submit again.', ['region']);
  signals.on('circuit.closed', ({ region }) => mended.inc({ region }));

  const closed = counter('vodai_queue_closed_total', 'Times a queue had to rest.', ['queue']);
  signals.on('queue.closed', ({ queue }) => closed.inc({ queue }));

  const mayEvict = new Gauge({
    name: 'vodai_queue_store_may_evict',
    help: '1 while the queue store drops entries when its memory is full. Missing where it does not tell.',
    labelNames: ['store'],
    registers,
  });
  signals.on('store.eviction', ({ store, policy }) => {
    if (policy === null) mayEvict.remove({ store });
    else mayEvict.set({ store }, policy === SAFE_EVICTION ? 0 : 1);
  });
}
