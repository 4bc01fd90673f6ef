import { isPast, MISSES_BEFORE_HELD, STRANGERS_BEFORE_HELD } from './alarms';
import type { Circumstances, JobEvent, ReadResult } from './decide';
import type { JobCore } from './job';

/** What VOD said of one job. */
export type Reading =
  | { kind: 'running'; status: string }
  | { kind: 'succeeded'; result: ReadResult; completedAt: Date | null }
  | { kind: 'failed'; code: string; message: string; completedAt: Date | null }
  | { kind: 'missing' }
  | { kind: 'stranger'; cause: string }
  /** `isRefused`: VOD will not say it of this JobId, also not later. */
  | { kind: 'unavailable'; cause: string; isRefused?: boolean };

/** A reading in the terms of the table. Pure: the same reading gives the same event. */
export function eventOfReading(
  job: Pick<JobCore, 'submittedAt' | 'misses'>,
  vodJobId: string,
  reading: Reading,
  { now, rules }: Pick<Circumstances, 'now' | 'rules'>,
): JobEvent {
  const overdue = isPast(now, job.submittedAt, rules.jobDeadlineMs);
  switch (reading.kind) {
    case 'running':
      // guard: expired-after-deadline
      return overdue ? { type: 'deadline_passed' } : { type: 'read_running', vodJobId, status: reading.status };
    case 'succeeded':
      return { type: 'read_succeeded', vodJobId, result: reading.result, completedAt: reading.completedAt };
    case 'failed':
      return {
        type: 'read_failed',
        vodJobId,
        code: reading.code,
        message: reading.message,
        completedAt: reading.completedAt,
      };
    case 'missing': {
      const misses = job.misses + 1;
      const graceOver = isPast(now, job.submittedAt, rules.recoverGraceMs);
      // guard: vanished-after-grace, vanished-after-misses
      return misses >= MISSES_BEFORE_HELD && graceOver
        ? { type: 'vanished', misses }
        : { type: 'read_missing', vodJobId };
    }
    case 'stranger': {
      const misses = job.misses + 1;
      // guard: stranger-after-reads
      return misses >= STRANGERS_BEFORE_HELD
        ? { type: 'disowned', misses, cause: reading.cause }
        : { type: 'read_stranger', vodJobId, cause: reading.cause };
    }
    case 'unavailable':
      return overdue && reading.isRefused
        ? { type: 'deadline_passed' }
        : { type: 'read_unavailable', cause: reading.cause };
  }
}
