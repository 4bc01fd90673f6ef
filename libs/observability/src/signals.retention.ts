import { counter, each } from './metrics';
import { debug, info, row } from './row';

/** What labels of metrics can say, and nothing else. */
const retained = [
  'job',
  'job_label',
  'history',
  'result',
  'submission',
  'request',
  'event',
  'event_body',
  'request_key',
  'dropped_job',
  'delivery',
  'delivery_attempt',
  'endpoint',
  'endpoint_secret',
] as const;

/** Of what is dropped after it has been kept for long enough. */
export const retentionSignals = {
  /** Rows that had been kept for long enough. */
  'retention.dropped': row<{ table: (typeof retained)[number]; rows: number }>({
    log: debug,
    metrics: [
      counter({
        name: 'vodai_retention_dropped_rows_total',
        help: 'Rows dropped because they had been kept for long enough; of event_body the bodies that were emptied.',
        in: ['worker'],
        series: () => each({ table: retained }),
        labels: ({ table: of }) => ({ table: of }),
        by: ({ rows }) => rows,
      }),
    ],
  }),

  /** Everything that had been kept for long enough was gone through, or as much of it as there was time for. */
  'retention.ran': row<{ dropped: Partial<Record<(typeof retained)[number], number>>; complete: boolean; ms: number }>({
    log: (ran) => (Object.keys(ran.dropped).length > 0 ? info(ran) : debug(ran)),
  }),
};
