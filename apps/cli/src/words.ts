import { isSettled } from '@app/domain';
import type { JobAnswer } from '@app/contract';

const UNITS: [ms: number, name: string][] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
];

/** How long, as one says it: `40 s`, `3 min`. */
function span(ms: number): string {
  const [unit, name] = UNITS.find(([size]) => ms >= size) ?? [1_000, 's'];
  return `${Math.floor(ms / unit)} ${name}`;
}

/** `3 min ago`, `in 40 s`. */
export function fromNow(at: string, nowMs: number): string {
  const ms = Date.parse(at) - nowMs;
  if (Math.abs(ms) < 1_000) return 'now';
  return ms < 0 ? `${span(-ms)} ago` : `in ${span(ms)}`;
}

/** What goes on with a job, and when somebody looks at it again. */
export function standing(job: JobAnswer, nowMs: number): string {
  const next = job.dueAt && Date.parse(job.dueAt) > nowMs ? fromNow(job.dueAt, nowMs) : 'any moment';
  const since = (at: string | null) => (at ? span(nowMs - Date.parse(at)) : 'a moment');
  switch (job.state) {
    case 'queued':
      // That a job is due says nothing about when its turn comes: others may be before it.
      return next === 'any moment' ? 'waits to be sent' : `waits to be sent; next try ${next}`;
    case 'submitting':
      return 'is being sent to VOD';
    case 'unconfirmed':
      return `may or may not have reached VOD; next look ${next}`;
    case 'processing':
      return `VOD has had it for ${since(job.submittedAt)}; next look ${next}`;
    case 'finished':
      return `VOD is done with it; its result is read ${next}`;
    case 'held':
      return `needs a person: vodai jobs resolve ${job.id} --adopt JOBID, --resubmit or --fail`;
    case 'succeeded':
    case 'failed':
    case 'canceled':
    case 'expired':
      return `${job.state} after ${lifetime(job)}, ${fromNow(job.settledAt ?? job.createdAt, nowMs)}`;
  }
}

function lifetime({ state, createdAt, settledAt }: JobAnswer): string {
  return isSettled(state) && settledAt ? span(Date.parse(settledAt) - Date.parse(createdAt)) : 'a while';
}

export function number(count = 0): string {
  return count.toLocaleString('en-US');
}

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${number(count)} ${count === 1 ? one : many}`;
}
