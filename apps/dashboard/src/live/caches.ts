import type { QueryClient, QueryFilters } from '@tanstack/react-query';
import type { JobAnswer, JobsAnswer, StatsAnswer, StreamedChange } from '@app/contract';

/** More than are on screen at a time, by far. */
const HEARD_MAX = 5_000;

/** The newest that was heard of each job: an answer may have been read before it, and come after it. */
const heardBy = new WeakMap<QueryClient, Map<string, JobAnswer>>();

/** Writes what the stream says into the answers that are cached. */
export function applyChanges(queryClient: QueryClient, changes: StreamedChange[]): void {
  const jobs = new Map<string, JobAnswer>();
  for (const { job } of changes) {
    const known = jobs.get(job.id);
    if (!known || known.version < job.version) jobs.set(job.id, job);
  }
  keepJobs(queryClient, jobs);
  queryClient.setQueryData<StatsAnswer>(['stats'], (known) => known && counted(known, changes));
}

/** Writes the answer to an action into the answers that are cached. */
export function keepJob(queryClient: QueryClient, job: JobAnswer): void {
  keepJobs(queryClient, new Map([[job.id, job]]));
}

/** An answer about a job as it is by what was heard meanwhile. */
export function asHeard(queryClient: QueryClient, answer: JobAnswer): JobAnswer {
  return later(answer, heardBy.get(queryClient)?.get(answer.id) ?? answer);
}

/** The same for a list. */
export function allAsHeard(queryClient: QueryClient, answer: JobsAnswer): JobsAnswer {
  return { ...answer, items: answer.items.map((job) => asHeard(queryClient, job)) };
}

/** Reads again what is on screen of these. A first read that is under way may have looked too early: it begins anew as well. */
export async function readAgain(queryClient: QueryClient, filters: QueryFilters): Promise<void> {
  await queryClient.cancelQueries(filters);
  await queryClient.invalidateQueries(filters);
}

function keepJobs(queryClient: QueryClient, jobs: ReadonlyMap<string, JobAnswer>): void {
  remember(queryClient, jobs);
  queryClient.setQueriesData<JobsAnswer>({ queryKey: ['jobs'] }, (list) => list && updated(list, jobs));
  for (const [id, job] of jobs) {
    queryClient.setQueryData<JobAnswer>(['job', id], (known) => known && later(known, job));
    // History, result and evidence: read again where they are on screen.
    void readAgain(queryClient, {
      predicate: ({ queryKey }) => queryKey[0] === 'job' && queryKey[1] === id && queryKey.length > 2,
    });
  }
}

function remember(queryClient: QueryClient, jobs: ReadonlyMap<string, JobAnswer>): void {
  const heard = heardBy.get(queryClient) ?? new Map<string, JobAnswer>();
  heardBy.set(queryClient, heard);
  for (const [id, job] of jobs) {
    const newest = later(heard.get(id) ?? job, job);
    // As the last one: a map keeps the order in which its keys came, so that the first is the oldest.
    heard.delete(id);
    heard.set(id, newest);
  }
  for (const id of heard.keys()) {
    if (heard.size <= HEARD_MAX) break;
    heard.delete(id);
  }
}

/** Rows keep their places, and those that did not change keep their identity: they are not drawn again. */
function updated(list: JobsAnswer, jobs: ReadonlyMap<string, JobAnswer>): JobsAnswer {
  if (!list.items.some(({ id }) => jobs.has(id))) return list;
  return { ...list, items: list.items.map((item) => later(item, jobs.get(item.id) ?? item)) };
}

/** Of two answers about a job the one that knows more: they may overtake each other. */
function later(known: JobAnswer, job: JobAnswer): JobAnswer {
  return known.version < job.version ? job : known;
}

/** The counts after these changes. They may be off by a change that was counted already; the next read of the counts mends that. */
function counted(stats: StatsAnswer, changes: StreamedChange[]): StatsAnswer {
  const byState = { ...stats.jobs.byState };
  let { total } = stats.jobs;
  for (const { change } of changes) {
    if (change.from === change.to) continue;
    if (change.from === null) total += 1;
    else byState[change.from] = Math.max(0, (byState[change.from] ?? 0) - 1);
    byState[change.to] = (byState[change.to] ?? 0) + 1;
  }
  return { ...stats, jobs: { ...stats.jobs, total, byState } };
}
