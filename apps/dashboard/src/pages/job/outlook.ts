import type { HistoryAnswer, JobAnswer } from '@app/contract';
import { isSettled, isSilent, type JobState } from '@app/domain';

type HistoryItem = HistoryAnswer['items'][number];

/** What a job is about just now: for how long already, and when somebody looks at it again. Why not yet, the API knows. */
export interface Outlook {
  sinceMs: number;
  next: { when: 'none' | 'due' } | { when: 'ahead'; ms: number };
}

export function outlookOf(job: JobAnswer, history: readonly HistoryItem[], nowMs: number): Outlook {
  return {
    sinceMs: Math.max(0, nowMs - Date.parse(sinceOf(job, history))),
    next: nextOf(job, nowMs),
  };
}

function nextOf({ state, dueAt }: JobAnswer, nowMs: number): Outlook['next'] {
  if (isSilent(state) || dueAt === null) return { when: 'none' };
  const ms = Date.parse(dueAt) - nowMs;
  return ms >= 1_000 ? { when: 'ahead', ms } : { when: 'due' };
}

/** What VOD has counts from when it was sent; everything else from the moment in which it came into its state. */
function sinceOf(job: JobAnswer, history: readonly HistoryItem[]): string {
  if (isSettled(job.state) && job.settledAt !== null) return job.settledAt;
  if (atVod.includes(job.state) && job.submittedAt !== null) return job.submittedAt;
  return history.findLast((line) => line.to === job.state && line.from !== job.state)?.at ?? job.createdAt;
}

const atVod: readonly JobState[] = ['unconfirmed', 'processing'];

/** How long a job took that is over. */
export function spans({ createdAt, submittedAt, finishedAt, settledAt }: JobAnswer) {
  const between = (from: string | null, to: string | null) =>
    from === null || to === null ? null : Math.max(0, Date.parse(to) - Date.parse(from));
  return {
    allMs: between(createdAt, settledAt),
    waitedMs: between(createdAt, submittedAt),
    atVodMs: submittedAt === null ? null : between(submittedAt, finishedAt),
  };
}
