import type { QueryClient } from '@tanstack/react-query';
import type { JobAnswer, StatsAnswer, StreamedChange } from '@app/contract';

/** Writes what the stream says into the answers that are cached: a job's own page, and the counts. */
export function applyChanges(queryClient: QueryClient, changes: StreamedChange[]): void {
  for (const { job } of changes) {
    queryClient.setQueryData<JobAnswer>(['job', job.id], (known) => newer(known, job));
    // History, result and evidence are read again where they are on screen.
    void queryClient.invalidateQueries({
      predicate: ({ queryKey }) => queryKey[0] === 'job' && queryKey[1] === job.id && queryKey.length > 2,
    });
  }
  queryClient.setQueryData<StatsAnswer>(['stats'], (known) => known && counted(known, changes));
}

/** Of two answers about a job the later one; one that isn't cached needs none. */
export function newer(known: JobAnswer | undefined, job: JobAnswer): JobAnswer | undefined {
  return known && known.version < job.version ? job : known;
}

/** The counts after these changes. They may be off by a change that was counted already; the next read of the counts mends that. */
export function counted(stats: StatsAnswer, changes: StreamedChange[]): StatsAnswer {
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
