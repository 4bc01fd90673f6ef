import { jobView } from '@app/contract/views';
import { jobStates, jobTypes, priorities, describeEntry } from '@app/domain';
import type {
  DeliveryRow,
  EventRow,
  Evidence,
  Flow,
  HistoryItem,
  Stats,
  StatsReads,
  StoredRequest,
  Throughput,
} from '@app/persistence';

export { jobView, resultText } from '@app/contract/views';

/** Rows as the outside sees them; the shapes are those of libs/contract. Dates become ISO 8601 on the way out. */
export function requestView(request: StoredRequest, deduplicated: boolean) {
  const { id, mediaId, region, priority, labels, client, extend, createdAt, jobs } = request;
  return {
    id,
    mediaId,
    region,
    priority,
    labels,
    client,
    extend,
    createdAt,
    deduplicated,
    jobs: jobs.map((job) => ({ id: job.id, type: job.type, state: job.state })),
  };
}

export function historyView({ id: _id, ...line }: HistoryItem) {
  return { ...line, text: describeEntry(line) };
}

/**
 * One page and the cursor of the next: the version of the last line, since the lines of a job have ids of their own only to us.
 *
 * @param told what endpoints were told of a line, by its id
 */
export function historyPage(lines: HistoryItem[], limit: number, told: ReadonlyMap<string, DeliveryRow[]>) {
  const items = lines.slice(0, limit).map((line) => {
    const deliveries = told.get(line.id);
    return { ...historyView(line), ...(deliveries && { deliveries }) };
  });
  return { items, nextCursor: lines.length > limit ? String(items.at(-1)?.version) : null };
}

export function eventView(event: EventRow & { body: Buffer }) {
  return { ...event, body: event.body.toString('utf8') };
}

export function evidenceView({ sameMedia, ...rest }: Evidence) {
  return { ...rest, sameMedia: sameMedia.map(jobView) };
}

/** One page and the cursor of the next; null when there is none. */
export function listView<T extends { id: string }, V>(rows: T[], limit: number, view: (row: T) => V) {
  const items = rows.slice(0, limit);
  return { items: items.map(view), nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
}

export function statsView({ jobs, ...rest }: Stats) {
  const sum = (rows: Stats['jobs']) => rows.reduce((total, row) => total + row.jobs, 0);
  const byState = (rows: Stats['jobs']) =>
    Object.fromEntries(jobStates.map((state) => [state, sum(rows.filter((row) => row.state === state))]));
  return {
    jobs: {
      total: sum(jobs),
      byState: byState(jobs),
      byType: Object.fromEntries(jobTypes.map((type) => [type, byState(jobs.filter((row) => row.type === type))])),
    },
    ...rest,
  };
}

export function flowView({ buckets, total, ...rest }: Flow, queued: Awaited<ReturnType<StatsReads['queued']>>) {
  return {
    ...rest,
    buckets: buckets.map(({ at, ...bucket }) => ({ at, ...throughputView(bucket) })),
    total: throughputView(total),
    queued: queued.map(({ priority, ...row }) => ({ ...row, priority: priorities[priority] ?? 'normal' })),
  };
}

function throughputView({ wait, processing, ...counts }: Throughput) {
  return { ...counts, waitMs: wait.percentiles(), processingMs: processing.percentiles() };
}
