import { counter, each, histogram, openCounter } from './metrics';
import { debug, error, info, row, warn, type Row } from './row';
import { callerSignals } from './signals.callers';
import { deliverySignals } from './signals.deliveries';
import { endpointSignals } from './signals.endpoints';
import { eventQueueSignals } from './signals.event-queue';
import { retentionSignals } from './signals.retention';
import { storeSignals } from './signals.stores';

/** What labels of metrics can say, and nothing else. */
const submitOutcomes = ['accepted', 'refused', 'busy', 'blocked', 'not_sent', 'unknown'] as const;
const readOutcomes = ['answered', 'refused', 'busy', 'blocked', 'unavailable'] as const;
const callbackVerdicts = ['received', 'foreign', 'ignored', 'rejected', 'duplicate', 'over_limit'] as const;
const refusals = ['missing', 'malformed', 'mismatch', 'stale', 'unchecked'] as const;

/** Up to the default VOD_TIMEOUT; anything longer is a time-out. */
const callSeconds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** A read right after the event takes tens of milliseconds, one that had to wait for an alarm about a minute. */
const settleSeconds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/**
 * Everything that happens and is worth telling, one row each: what it carries, its line in the log, its metrics. Steps emit;
 * logs and metrics listen.
 *
 * Lines have the same field names every time: jobId, requestId, mediaId, region, vodJobId, state, attempt; `actor` or `client`
 * is the name of the key with which a person did it. `requestId` is always our request's; VOD's id of a call is `vodRequestId`.
 */
export const table = {
  'job.moved': row<{
    jobId: string;
    requestId: string;
    mediaId: string;
    region: string;
    type: string;
    from: string;
    to: string;
    event: string;
    attempt: number;
    vodJobId: string | null;
    /** The name of the key, when a person did it. */
    actor?: string | undefined;
    /** Since we received VOD's event, when there was one. */
    ageMs?: number | undefined;
  }>({
    log: ({ to, ...rest }) => info({ ...rest, state: to }),
    metrics: [
      counter({
        name: 'vodai_jobs_moved_total',
        help: 'State changes of jobs.',
        in: ['api', 'worker'],
        series: ({ states, types, regions }) => each({ to: states, type: types, region: regions }),
        labels: ({ to, type, region }) => ({ to, type, region }),
      }),
      histogram({
        name: 'vodai_event_to_settled_seconds',
        help: "From the arrival of VOD's event to the stored result.",
        in: ['worker'],
        buckets: settleSeconds,
        series: ({ types }) => each({ type: types }),
        labels: ({ type }) => ({ type }),
        seconds: ({ to, ageMs }) =>
          ageMs !== undefined && (to === 'succeeded' || to === 'failed') ? ageMs / 1000 : null,
      }),
    ],
  }),

  'job.ignored': row<{ jobId: string; state: string; event: string; actor?: string | undefined }>({
    log: debug,
    metrics: [
      openCounter({
        name: 'vodai_jobs_ignored_total',
        help: 'Events that changed nothing.',
        in: ['api', 'worker'],
        labelNames: ['state', 'event'],
        labels: ({ state, event }) => ({ state, event }),
      }),
    ],
  }),

  /** A client asked for something, and has it in writing. */
  'request.accepted': row<{
    requestId: string;
    client: string;
    mediaId: string;
    region: string;
    types: readonly string[];
    /** Those of which it made a new job. */
    newTypes: readonly string[];
    outcome: 'created' | 'replayed' | 'deduplicated';
  }>({
    log: ({ newTypes, ...rest }) => {
      const fields = { ...rest, newJobs: newTypes.length };
      return rest.outcome === 'created' ? info(fields) : debug(fields); // a repeated one changed nothing
    },
    metrics: [
      counter({
        name: 'vodai_jobs_accepted_total',
        help: 'New jobs that clients asked for; a repeated request brings none.',
        in: ['api'],
        series: ({ types, regions }) => each({ type: types, region: regions }),
        labels: ({ newTypes, region }) => newTypes.map((type) => ({ type, region })),
      }),
    ],
  }),

  'vod.called': row<{
    operation: string;
    region: string;
    outcome: (typeof submitOutcomes)[number] | (typeof readOutcomes)[number];
    ms: number;
    /** VOD's own id of the call, null when no answer carried one. */
    requestId: string | null;
    code?: string | undefined;
    /** How many jobs the call was about. */
    jobs?: number | undefined;
  }>({
    log: ({ requestId, ...rest }) => {
      const fields = { ...rest, vodRequestId: requestId };
      return rest.outcome === 'accepted' || rest.outcome === 'answered' ? debug(fields) : warn(fields);
    },
    metrics: [
      counter({
        name: 'vodai_vod_calls_total',
        help: 'Calls to VOD.',
        in: ['worker'],
        series: ({ regions, operations: { submits, reads } }) => [
          ...each({ operation: submits, region: regions, outcome: submitOutcomes }),
          ...each({ operation: reads, region: regions, outcome: readOutcomes }),
        ],
        labels: ({ operation, region, outcome }) => ({ operation, region, outcome }),
      }),
      histogram({
        name: 'vodai_vod_call_seconds',
        help: 'Duration of calls to VOD.',
        in: ['worker'],
        buckets: callSeconds,
        series: ({ operations: { submits, reads } }) => each({ operation: [...submits, ...reads] }),
        labels: ({ operation }) => ({ operation }),
        seconds: ({ ms }) => ms / 1000,
      }),
    ],
  }),

  'event.received': row<{
    region: string | null;
    verdict: (typeof callbackVerdicts)[number];
    signature: string;
    eventType: string | null;
  }>({
    // A flood is one row a minute and a metric, not a line each.
    log: (fields) => (fields.verdict === 'over_limit' ? debug(fields) : info(fields)),
    metrics: [
      counter({
        name: 'vodai_callbacks_total',
        help: 'Events received from VOD and stored.',
        in: ['webhook', 'worker'],
        series: () => each({ verdict: callbackVerdicts }),
        labels: ({ verdict }) => ({ verdict }),
      }),
    ],
  }),

  /** Answered with 401. */
  'event.refused': row<{
    reason: (typeof refusals)[number];
    /** The reason in words, for somebody who has to mend it. */
    why: string;
    region: string;
    path: string;
    /** Of the socket: whoever is behind a proxy is known to the proxy. */
    remoteAddress: string | null;
  }>({
    log: warn,
    // One captured call, or a key that was changed at one end only, comes again and again.
    foldBy: ({ reason, region, remoteAddress }) => `${reason} ${region} ${remoteAddress}`,
    metrics: [
      counter({
        name: 'vodai_callbacks_refused_total',
        help: 'Callbacks answered with 401.',
        in: ['webhook'],
        series: () => each({ reason: refusals }),
        labels: ({ reason }) => ({ reason }),
      }),
    ],
  }),

  'dispatch.handed': row<{ queue: string; region: string; jobs: number }>({
    log: debug,
    metrics: [
      counter({
        name: 'vodai_dispatched_jobs_total',
        help: 'Jobs handed to a step: claimed to be submitted, started by the worker that found them, or put on a queue.',
        in: ['worker'],
        series: ({ queues }) => queues.map(({ kind, region }) => ({ queue: kind, region })),
        labels: ({ queue, region }) => ({ queue, region }),
        by: ({ jobs }) => jobs,
      }),
    ],
  }),

  /** A job was over and VOD's event had never come. */
  'settled.without_event': row<{ jobId: string; region: string; type: string }>({
    log: info,
    metrics: [
      counter({
        name: 'vodai_settled_without_event_total',
        help: "Jobs settled though VOD's event never came.",
        in: ['worker'],
        series: ({ types, regions }) => each({ type: types, region: regions }),
        labels: ({ type, region }) => ({ type, region }),
      }),
    ],
  }),

  /** VOD asked us to slow down: the queue rests until a moment (Unix ms). */
  'queue.closed': row<{ queue: string; kind: string; region: string; untilMs: number; code: string }>({
    log: ({ untilMs, ...rest }) => warn({ ...rest, until: new Date(untilMs).toISOString() }),
    metrics: [
      counter({
        name: 'vodai_queue_closed_total',
        help: 'Times a queue had to rest.',
        in: ['worker'],
        series: ({ queues }) => queues.map(({ name }) => ({ queue: name })),
        labels: ({ queue }) => ({ queue }),
      }),
    ],
  }),

  /** The account cannot submit in this region: nothing is sent there but a probe now and then. */
  'circuit.opened': row<{ region: string; code: string; message: string; requestId: string | null }>({
    log: ({ requestId, ...rest }) => error({ ...rest, vodRequestId: requestId, effect: 'jobs wait, none fails' }),
    metrics: [
      counter({
        name: 'vodai_circuit_opened_total',
        help: 'Times the account turned out to be unable to submit.',
        in: ['worker'],
        series: ({ regions }) => each({ region: regions }),
        labels: ({ region }) => ({ region }),
      }),
    ],
  }),

  'circuit.closed': row<{ region: string; code: string; openedAt: Date }>({
    log: ({ openedAt, ...rest }) => warn({ ...rest, openedAt: openedAt.toISOString() }),
    metrics: [
      counter({
        name: 'vodai_circuit_closed_total',
        help: 'Times the account could submit again.',
        in: ['worker'],
        series: ({ regions }) => each({ region: regions }),
        labels: ({ region }) => ({ region }),
      }),
    ],
  }),

  /** VOD took a job and nobody needs it any more: it is billed, and no row has it. */
  'vod_job.unclaimed': row<{ jobId: string; vodJobId: string; attempt: number; state: string }>({
    log: error,
    metrics: [
      counter({
        name: 'vodai_vod_jobs_unclaimed_total',
        help: 'Jobs that VOD took and bills, and that no row has.',
        in: ['worker'],
        series: () => [{}],
        labels: () => ({}),
      }),
    ],
  }),

  /** A lost submission was found, or proven absent, or nothing could be decided and a person has to. */
  'recovery.decided': row<{
    jobId: string;
    region: string;
    type: string;
    rung: 'extend' | 'event' | 'listing' | 'resend' | 'absence' | 'none';
    outcome: 'found' | 'absent' | 'held';
  }>({
    log: (decided) => (decided.outcome === 'held' ? error(decided) : info(decided)),
    metrics: [
      counter({
        name: 'vodai_recoveries_total',
        help: 'Lost submissions decided, by the rung of the ladder that did it.',
        in: ['worker'],
        series: ({ regions }) => [
          ...each({ rung: ['extend', 'event', 'listing', 'resend'], outcome: ['found'], region: regions }),
          ...each({ rung: ['absence'], outcome: ['absent'], region: regions }),
          ...each({ rung: ['none'], outcome: ['held'], region: regions }),
        ],
        labels: ({ rung, outcome, region }) => ({ rung, outcome, region }),
      }),
    ],
  }),

  ...callerSignals,
  ...deliverySignals,
  ...endpointSignals,
  ...eventQueueSignals,
  ...retentionSignals,
  ...storeSignals,

  'listener.failed': row<{ signal: string; error: unknown }>({
    log: ({ signal, error: err }) => error({ signal, err }),
  }),
};

/** What each signal carries, by its name. */
export type SignalMap = { [K in keyof typeof table]: (typeof table)[K] extends Row<infer Payload> ? Payload : never };
export type SignalName = keyof SignalMap;
