import type { JobAnswer, JobsAnswer, StreamedChange } from '@app/contract';
import type { JobsFilter } from './search';

/** Rows that may be added to a page of the list before it is read anew in its proper size. */
const GROWTH = 100;

/**
 * What the stream is asked for. It goes by what a job is after its change, and by states also by what it was before: with these two
 * in its filter it would say nothing of a job that leaves the view by a retry, which takes both away.
 */
export function streamFilterOf({ errorCode: _errorCode, vodJobId: _vodJobId, ...filter }: JobsFilter) {
  return filter;
}

/** Whether a job is in the view: what a change can make untrue is looked at here, the rest in the api. */
export function isInView({ state, errorCode, vodJobId }: JobsFilter, job: JobAnswer): boolean {
  return (
    (!state || state.includes(job.state)) &&
    (errorCode === undefined || job.error?.code === errorCode) &&
    (vodJobId === undefined || job.vodJobId === vodJobId)
  );
}

/** Of the changes those that bring a row which this page of the list should show and does not, each job once. */
export function arrivals(list: JobsAnswer, filter: JobsFilter, changes: StreamedChange[]): JobAnswer[] {
  const shown = new Set(list.items.map(({ id }) => id));
  const last = list.items.at(-1);
  const jobs = new Map(changes.map(({ job }) => [job.id, job]));
  return [...jobs.values()].filter(
    (job) => !shown.has(job.id) && isInView(filter, job) && (list.nextCursor === null || !last || isNewer(job, last)),
  );
}

/** The list with these rows at their places; null when it has grown so far that it is better read anew. */
export function withArrivals(list: JobsAnswer, jobs: JobAnswer[], limit: number): JobsAnswer | null {
  const shown = new Set(list.items.map(({ id }) => id));
  const items = [...jobs.filter(({ id }) => !shown.has(id)), ...list.items].toSorted((a, b) =>
    isNewer(a, b) ? -1 : 1,
  );
  return items.length > limit + GROWTH ? null : { ...list, items };
}

/** Ids are UUIDv7: their order is that of creation, and the list's. */
function isNewer(a: JobAnswer, b: JobAnswer): boolean {
  return a.id > b.id;
}
