import { counter, each, gauge } from './metrics';
import { debug, info, row, warn } from './row';

/** What labels of metrics can say, and nothing else: what SMQ can answer with, and that Postgres doesn't take what came. */
const troubles = [
  'unavailable',
  'throttled',
  'no_queue',
  'forbidden',
  'no_credentials',
  'clock',
  'refused',
  'not_stored',
] as const;

/** What is done with a queue, one after the other. */
type Doing = 'receive' | 'keep' | 'delete';

/** Of the queues of VOD's events. `region` is `*` where one holds those of several. */
export const eventQueueSignals = {
  /** One poll that was answered, and what became of its messages. */
  'event_queue.polled': row<{
    region: string;
    taken: number;
    /** Committed, so that they may be deleted. */
    kept: number;
    /** The others come again, and are copies then. */
    deleted: number;
    /** How long the newest had been in the queue; 0 when it was empty. */
    ageMs: number;
  }>({
    log: debug,
    metrics: [
      counter({
        name: 'vodai_event_queue_taken_total',
        help: 'Messages taken from a queue of events.',
        in: ['worker'],
        labelNames: ['region'],
        series: ({ eventQueues }) => each({ region: eventQueues }),
        labels: ({ region }) => ({ region }),
        by: ({ taken }) => taken,
      }),
      counter({
        name: 'vodai_event_queue_kept_total',
        help: 'Messages of a queue of events that were stored.',
        in: ['worker'],
        labelNames: ['region'],
        series: ({ eventQueues }) => each({ region: eventQueues }),
        labels: ({ region }) => ({ region }),
        by: ({ kept }) => kept,
      }),
      counter({
        name: 'vodai_event_queue_deleted_total',
        help: 'Messages deleted from a queue of events, as they were stored.',
        in: ['worker'],
        labelNames: ['region'],
        series: ({ eventQueues }) => each({ region: eventQueues }),
        labels: ({ region }) => ({ region }),
        by: ({ deleted }) => deleted,
      }),
      gauge({
        name: 'vodai_event_queue_age_seconds',
        help: 'How long the newest message that was taken had been in the queue; 0 when it was empty.',
        in: ['worker'],
        labelNames: ['region'],
        labels: ({ region }) => ({ region }),
        value: ({ ageMs }) => ageMs / 1000,
      }),
    ],
  }),

  'event_queue.failed': row<{
    region: string;
    doing: Doing;
    trouble: (typeof troubles)[number];
    code: string;
    message: string;
    /** SMQ's own id of the call. */
    requestId: string | null;
    /** For a person; null when it goes away by itself. */
    mend: string | null;
  }>({
    log: ({ requestId, ...rest }) => warn({ ...rest, smqRequestId: requestId }),
    foldBy: ({ region, doing, code }) => `${region} ${doing} ${code}`,
    metrics: [
      counter({
        name: 'vodai_event_queue_errors_total',
        help: 'What kept a queue of events from being read, its messages from being stored, or from being deleted.',
        in: ['worker'],
        labelNames: ['region', 'trouble'],
        series: ({ eventQueues }) => each({ region: eventQueues, trouble: troubles }),
        labels: ({ region, trouble }) => ({ region, trouble }),
      }),
    ],
  }),

  'event_queue.recovered': row<{ region: string; doing: Doing; afterMs: number }>({ log: info }),
};
