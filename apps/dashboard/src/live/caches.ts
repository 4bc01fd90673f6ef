import type { QueryClient } from '@tanstack/react-query';
import type { JobAnswer, JobsAnswer, StatsAnswer, StreamedChange } from '@app/contract';

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

function keepJobs(queryClient: QueryClient, jobs: ReadonlyMap<string, JobAnswer>): void {
  queryClient.setQueriesData<JobsAnswer>({ queryKey: ['jobs'] }, (list) => list && updated(list, jobs));
  for (const [id, job] of jobs) {
    queryClient.setQueryData<JobAnswer>(['job', id], (known) => known && later(known, job));
    // History, result and evidence: read again where they are on screen.
    void queryClient.invalidateQueries({
      predicate: ({ queryKey }) => queryKey[0] === 'job' && queryKey[1] === id && queryKey.length > 2,
    });
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
