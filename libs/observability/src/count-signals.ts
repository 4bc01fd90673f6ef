import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { callbackVerdicts, readOutcomes, refusals, SAFE_EVICTION, submitOutcomes, type Signals } from './signals';

/** What labels can say here. */
interface Known {
  regions: readonly string[];
  types: readonly string[];
  states: readonly string[];
}

/** Up to the default VOD_TIMEOUT; anything longer is a time-out. */
const callSeconds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** A read right after the event takes tens of milliseconds, one that had to wait for an alarm about a minute. */
const settleSeconds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** What happens to jobs, whoever does it. */
export function countJobs(signals: Signals, registry: Registry, { regions, types, states }: Known): void {
  const moved = counterIn(
    registry,
    'vodai_jobs_moved_total',
    'State changes of jobs.',
    each({ to: states, type: types, region: regions }),
  );
  signals.on('job.moved', ({ to, type, region }) => moved.inc({ to, type, region }));

  const ignored = new Counter({
    name: 'vodai_jobs_ignored_total',
    help: 'Events that changed nothing.',
    labelNames: ['state', 'event'],
    registers: [registry],
  });
  signals.on('job.ignored', ({ state, event }) => ignored.inc({ state, event }));
}

/** What clients ask for. */
export function countAccepted(signals: Signals, registry: Registry, { regions, types }: Known): void {
  const accepted = counterIn(
    registry,
    'vodai_jobs_accepted_total',
    'New jobs that clients asked for; a repeated request brings none.',
    each({ type: types, region: regions }),
  );
  signals.on('request.accepted', ({ newTypes, region }) => {
    for (const type of newTypes) accepted.inc({ type, region });
  });
}

/** What VOD sends. */
export function countCallbacks(signals: Signals, registry: Registry): void {
  const callbacks = counterIn(
    registry,
    'vodai_callbacks_total',
    'Events received from VOD and stored.',
    each({ verdict: callbackVerdicts }),
  );
  signals.on('event.received', ({ verdict }) => callbacks.inc({ verdict }));

  const refused = counterIn(
    registry,
    'vodai_callbacks_refused_total',
    'Callbacks answered with 401.',
    each({ reason: refusals }),
  );
  signals.on('event.refused', ({ reason }) => refused.inc({ reason }));
}

/** What a worker does. */
export function countWork(
  signals: Signals,
  registry: Registry,
  {
    regions,
    types,
    operations,
    queues,
  }: Known & {
    operations: { submits: readonly string[]; reads: readonly string[] };
    queues: readonly { kind: string; region: string; name: string }[];
  },
): void {
  const calls = counterIn(registry, 'vodai_vod_calls_total', 'Calls to VOD.', [
    ...each({ operation: operations.submits, region: regions, outcome: submitOutcomes }),
    ...each({ operation: operations.reads, region: regions, outcome: readOutcomes }),
  ]);
  const seconds = histogramIn(
    registry,
    'vodai_vod_call_seconds',
    'Duration of calls to VOD.',
    callSeconds,
    each({ operation: [...operations.submits, ...operations.reads] }),
  );
  signals.on('vod.called', ({ operation, region, outcome, ms }) => {
    calls.inc({ operation, region, outcome });
    seconds.observe({ operation }, ms / 1000);
  });

  const settled = histogramIn(
    registry,
    'vodai_event_to_settled_seconds',
    "From the arrival of VOD's event to the stored result.",
    settleSeconds,
    each({ type: types }),
  );
  signals.on('job.moved', ({ to, type, ageMs }) => {
    if (ageMs !== undefined && (to === 'succeeded' || to === 'failed')) settled.observe({ type }, ageMs / 1000);
  });

  const silent = counterIn(
    registry,
    'vodai_settled_without_event_total',
    "Jobs settled though VOD's event never came.",
    each({ type: types, region: regions }),
  );
  signals.on('settled.without_event', ({ type, region }) => silent.inc({ type, region }));

  const handed = counterIn(
    registry,
    'vodai_dispatched_jobs_total',
    'Jobs handed to a queue.',
    queues.map(({ kind, region }) => ({ queue: kind, region })),
  );
  signals.on('dispatch.handed', ({ queue, region, jobs }) => handed.inc({ queue, region }, jobs));

  const closed = counterIn(
    registry,
    'vodai_queue_closed_total',
    'Times a queue had to rest.',
    queues.map(({ name }) => ({ queue: name })),
  );
  signals.on('queue.closed', ({ queue }) => closed.inc({ queue }));

  countRecovery(signals, registry, regions);

  const mayEvict = new Gauge({
    name: 'vodai_queue_store_may_evict',
    help: '1 while the queue store drops entries when its memory is full. Missing where it does not tell.',
    labelNames: ['store'],
    registers: [registry],
  });
  signals.on('store.eviction', ({ store, policy }) => {
    if (policy === null) mayEvict.remove({ store });
    else mayEvict.set({ store }, policy === SAFE_EVICTION ? 0 : 1);
  });
}

function countRecovery(signals: Signals, registry: Registry, regions: readonly string[]): void {
  const recoveries = counterIn(
    registry,
    'vodai_recoveries_total',
    'Lost submissions decided, by the rung of the ladder that did it.',
    [
      ...each({ rung: ['extend', 'event', 'listing', 'resend'], outcome: ['found'], region: regions }),
      ...each({ rung: ['absence'], outcome: ['absent'], region: regions }),
      ...each({ rung: ['none'], outcome: ['held'], region: regions }),
    ],
  );
  signals.on('recovery.decided', ({ rung, outcome, region }) => recoveries.inc({ rung, outcome, region }));

  const unclaimed = counterIn(
    registry,
    'vodai_vod_jobs_unclaimed_total',
    'Jobs that VOD took and bills, and that no row has.',
    [],
  );
  signals.on('vod_job.unclaimed', () => unclaimed.inc());

  const opened = counterIn(
    registry,
    'vodai_circuit_opened_total',
    'Times the account turned out to be unable to submit.',
    each({ region: regions }),
  );
  signals.on('circuit.opened', ({ region }) => opened.inc({ region }));

  const mended = counterIn(
    registry,
    'vodai_circuit_closed_total',
    'Times the account could submit again.',
    each({ region: regions }),
  );
  signals.on('circuit.closed', ({ region }) => mended.inc({ region }));
}

type Labels<Name extends string> = Record<Name, string>;

/**
 * A counter whose series are all there from the start, with 0: an increase over one that appears with 1 is none, and the first
 * held job would go unnoticed. Labels take closed sets of values only: never an id, and no code that VOD may invent tomorrow.
 */
function counterIn<Name extends string>(
  registry: Registry,
  name: string,
  help: string,
  series: Labels<Name>[],
): Counter<Name> {
  const counter = new Counter({ name, help, labelNames: labelsOf(series), registers: [registry] });
  for (const labels of series) counter.inc(labels, 0);
  return counter;
}

/** The same for a histogram. */
function histogramIn<Name extends string>(
  registry: Registry,
  name: string,
  help: string,
  buckets: number[],
  series: Labels<Name>[],
): Histogram<Name> {
  const histogram = new Histogram({ name, help, buckets, labelNames: labelsOf(series), registers: [registry] });
  for (const labels of series) histogram.zero(labels);
  return histogram;
}

function labelsOf<Name extends string>([first]: Labels<Name>[]): Name[] {
  return Object.keys(first ?? {}) as Name[];
}

/** Every combination of these values. */
export function each<Name extends string>(values: Record<Name, readonly string[]>): Labels<Name>[] {
  const names = Object.keys(values) as Name[];
  return names.reduce<Labels<Name>[]>(
    (combined, name) => combined.flatMap((labels) => values[name].map((value) => ({ ...labels, [name]: value }))),
    [{} as Labels<Name>],
  );
}
