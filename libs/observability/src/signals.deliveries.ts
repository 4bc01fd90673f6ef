import { counter, each, histogram } from './metrics';
import { debug, error, info, row, warn } from './row';

/** What labels of metrics can say, and nothing else. */
const news = ['job.succeeded', 'job.failed', 'job.expired', 'job.canceled', 'job.held'] as const;
const outcomes = [
  'delivered',
  'answered',
  'redirected',
  'timed_out',
  'refused',
  'unresolved',
  'forbidden_address',
  'untrusted',
  'broken',
] as const;

/** Up to the deadline of an attempt. */
const attemptSeconds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** A message that is taken at once is there within tens of milliseconds. */
const toldSeconds = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** A delivery, as lines of the log name it: never by its URL, which may hold a secret. */
interface Delivery {
  deliveryId: string;
  endpointId: string;
  client: string;
  host: string;
  type: string;
}

/** Of what clients are told. */
export const deliverySignals = {
  /** What happened to jobs was made into deliveries. */
  'news.told': row<{ type: (typeof news)[number]; deliveries: number }>({
    log: debug,
    metrics: [
      counter({
        name: 'vodai_deliveries_told_total',
        help: 'Deliveries made of what happened to jobs, one for each endpoint that hears of it.',
        in: ['worker'],
        series: () => each({ type: news }),
        labels: ({ type }) => ({ type }),
        by: ({ deliveries }) => deliveries,
      }),
    ],
  }),

  /** The position in the history was another database's, as after a restore: what had not been told by then is not told any more. */
  'news.begun_anew': row<{ position: string }>({
    log: (found) =>
      warn({
        ...found,
        effect: 'what had happened and was not told yet is told to nobody; what happens from now on is',
      }),
  }),

  'delivery.tried': row<
    Delivery & {
      outcome: (typeof outcomes)[number];
      status: number | null;
      error: string | null;
      ms: number;
      /** Since it happened, when it arrived at the first attempt; else null. */
      sinceMs: number | null;
    }
  >({
    log: ({ error: why, sinceMs: _sinceMs, ...rest }) =>
      rest.outcome === 'delivered' ? debug(rest) : info({ ...rest, why }),
    // Whoever has an endpoint can have it fail as often as it likes.
    foldBy: ({ endpointId, outcome, status }) => `${endpointId} ${outcome} ${status}`,
    metrics: [
      counter({
        name: 'vodai_delivery_attempts_total',
        help: 'Attempts to deliver, by how they ended; answered is any answer but 2xx and 3xx.',
        in: ['worker'],
        series: () => each({ outcome: outcomes }),
        labels: ({ outcome }) => ({ outcome }),
      }),
      histogram({
        name: 'vodai_delivery_attempt_seconds',
        help: "Duration of attempts to deliver, from the look for the host's address to the end of the answer.",
        in: ['worker'],
        buckets: attemptSeconds,
        series: () => each({ outcome: outcomes }),
        labels: ({ outcome }) => ({ outcome }),
        seconds: ({ ms }) => ms / 1000,
      }),
      histogram({
        name: 'vodai_happened_to_told_seconds',
        help: 'From what happened to a job to the answer of whoever was told of it, of those that took it at the first attempt.',
        in: ['worker'],
        buckets: toldSeconds,
        series: () => [{}],
        labels: () => ({}),
        seconds: ({ sinceMs }) => (sinceMs === null ? null : sinceMs / 1000),
      }),
    ],
  }),

  /** Tried for three days, and not taken. */
  'delivery.failed': row<Delivery>({
    log: warn,
    metrics: [
      counter({
        name: 'vodai_deliveries_failed_total',
        help: 'Deliveries given up after three days.',
        in: ['worker'],
        series: () => [{}],
        labels: () => ({}),
      }),
    ],
  }),

  /** Its deliveries wait until a person lets it go on. */
  'endpoint.paused': row<{ endpointId: string; client: string; host: string; reason: 'gone' | 'failing' }>({
    log: (paused) =>
      error({
        ...paused,
        why: paused.reason === 'gone' ? 'it answered with 410' : 'nothing has got through to it for a day',
        effect: 'its deliveries wait, none is lost',
        mend: 'have its owner look after it, then let it go on: PATCH /v1/endpoints/{id} with {"paused": false}',
      }),
  }),
};
