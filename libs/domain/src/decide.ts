import {
  after,
  backOff,
  BLOCKED_RETRY_MAX_MS,
  CAPPED_RETRY_MS,
  firstPoll,
  firstRecoveryLook,
  NOTICE_GAP_MS,
  nextPoll,
  nextRecoveryLook,
  retryGap,
  type AlarmRules,
} from './alarms';
import type { EventSignature } from './event';
import { isSettled, isSilent, type JobCore, type JobError, type JobState } from './job';
import { nextState } from './transitions';

/** Everything that can happen to a job. `attempt` fences: the outcome of an older submission changes nothing. */
export type JobEvent =
  | { type: 'claimed'; number: number }
  | { type: 'deferred'; reason: string }
  | (Word & { type: 'canceled' })
  | { type: 'accepted'; attempt: number; vodJobId: string; vodRequestId: string | null }
  | { type: 'refused'; attempt: number; code: string; message: string; vodRequestId: string | null }
  | { type: 'throttled'; attempt: number; code: string; retryAfterMs: number }
  | { type: 'blocked'; attempt: number; code: string; message: string }
  | { type: 'not_sent'; attempt: number; cause: string }
  | { type: 'never_sent'; attempt: number }
  | { type: 'outcome_unknown'; attempt: number; cause: string }
  | { type: 'reconsidered'; eventId: string; vodJobId: string; sentAt: Date }
  | { type: 'looked'; note: string; againInMs?: number }
  | { type: 'resent'; attempt: number; number: number }
  | { type: 'found'; attempt: number; vodJobId: string; rung: Rung; evidence: string }
  | { type: 'proven_absent'; attempt: number; version: number; evidence: string }
  /** `candidates`: JobIds of VOD, any of which could be it. */
  | { type: 'undecidable'; attempt: number; version: number; reason: string; candidates?: string[] }
  | { type: 'event_received'; vodJobId: string; status: 'success' | 'fail'; eventId: string; signature: EventSignature }
  | { type: 'read_running'; vodJobId: string; status: string }
  | { type: 'read_succeeded'; vodJobId: string; result: ReadResult; completedAt: Date | null }
  | { type: 'read_failed'; vodJobId: string; code: string; message: string; completedAt: Date | null }
  | { type: 'read_missing'; vodJobId: string }
  | { type: 'read_unavailable'; cause: string }
  | { type: 'read_stranger'; vodJobId: string; cause: string }
  | { type: 'vanished'; misses: number }
  | { type: 'disowned'; misses: number; cause: string }
  | { type: 'deadline_passed' }
  | (Word & { type: 'adopted'; candidate: string })
  | (Word & { type: 'resubmitted' })
  | (Word & { type: 'given_up' })
  | (Word & { type: 'retried' })
  | (Word & { type: 'refetched' });

/** What a person says beside what they do. */
interface Word {
  reason?: string;
  /** Of the job as they saw it: nothing is done to one that has moved on since. */
  version?: number;
}

/** The rungs of the recovery ladder that can find a job at VOD, in the order in which they are asked. */
export type Rung = 'extend' | 'event' | 'listing';

/** What a read brought. `raw` is VOD's `Data`, byte for byte; `problem` says why it could not be understood. */
export interface ReadResult {
  raw: string | null;
  normalized: unknown;
  /** The operation of VOD that gave it. */
  source: string;
  problem: string | null;
}

export interface Circumstances {
  now: Date;
  /** In [0, 1): spreads alarms. */
  chance: number;
  rules: AlarmRules;
}

export type Decision =
  { outcome: 'moved'; from: JobState; next: JobCore } | { outcome: 'ignored'; state: JobState; reason: Objection };

export type Objection =
  'no_such_step' | 'older_attempt' | 'older_look' | 'another_vod_job' | 'was_sent' | 'nothing_to_read';

/** The only way a job changes: the table says where to, this says what else changes with it. Pure. */
export function decide(job: JobCore, event: JobEvent, at: Circumstances): Decision {
  const to = nextState(job.state, event.type);
  if (!to) return { outcome: 'ignored', state: job.state, reason: 'no_such_step' }; // guard: only-known-steps
  const objection = guard(job, event);
  if (objection) return { outcome: 'ignored', state: job.state, reason: objection };

  const settled = isSettled(to);
  const next: JobCore = {
    ...job,
    state: to,
    version: job.version + 1,
    settledAt: settled ? at.now : null,
    error: errorAfter(job, event, to),
    ...effects(job, event, at),
  };
  if (settled) next.finishedAt ??= at.now;
  if (isSilent(to)) next.dueAt = null; // guard: silent-has-no-alarm
  return { outcome: 'moved', from: job.state, next };
}

function guard(job: JobCore, event: JobEvent): Objection | null {
  if ('attempt' in event && event.attempt !== job.attempt) return 'older_attempt'; // guard: fencing
  // guard: another-vod-job
  if ('vodJobId' in event && job.vodJobId !== null && event.vodJobId !== job.vodJobId) return 'another_vod_job';
  // The claim and the send are two commits. Whoever declares the send undone must see, under the row's lock, that it is.
  if (event.type === 'never_sent' && job.submittedAt !== null) return 'was_sent'; // guard: was-sent
  // Concluded for the job as it was then; whatever happened since may be the evidence to the contrary, or the same click.
  if ('version' in event && event.version !== job.version) return 'older_look'; // guard: older-look
  // Refused, or given up before VOD named a JobId: there is nothing at VOD to read.
  if (event.type === 'refetched' && job.vodJobId === null) return 'nothing_to_read'; // guard: nothing-to-read
  return null;
}

/** What changes besides the state, event by event, in the order a job meets them. */
function effects(job: JobCore, event: JobEvent, { now, chance, rules }: Circumstances): Partial<JobCore> {
  switch (event.type) {
    case 'claimed':
      return {
        attempt: event.number,
        attempts: job.attempts + 1,
        submittedAt: null,
        dueAt: after(now, rules.leaseMs),
      };

    case 'accepted':
    case 'found':
      return {
        vodJobId: event.vodJobId,
        attempts: counted(job),
        submittedAt: job.submittedAt ?? now,
        tries: 0,
        misses: 0,
        // VOD has just taken what it accepts; what was found has been there since the send.
        dueAt:
          event.type === 'found'
            ? firstPoll(rules, now, job.submittedAt ?? now, chance)
            : nextPoll(rules, now, 0, job.submittedAt ?? now, chance),
      };

    case 'refused':
    case 'given_up':
    case 'canceled':
      return {};

    // The last look counts as one: a forged event about a job that is held or expired must not buy another at once.
    case 'undecidable':
    case 'vanished':
    case 'disowned':
    case 'deadline_passed':
      return { lastReadAt: now }; // guard: last-look-counts

    case 'throttled':
      return { ...uncounted(job), dueAt: after(now, Math.round(event.retryAfterMs * (1 + chance))) };
    case 'blocked':
      return {
        ...uncounted(job),
        tries: job.tries + 1,
        dueAt: after(now, backOff(job.tries, CAPPED_RETRY_MS, BLOCKED_RETRY_MAX_MS, chance)),
      };
    case 'not_sent':
      return { ...uncounted(job), tries: job.tries + 1, dueAt: after(now, retryGap(job.tries, chance)) };
    case 'never_sent':
      return { ...uncounted(job), dueAt: now };
    case 'deferred':
      return { dueAt: after(now, Math.round(CAPPED_RETRY_MS * (0.9 + 0.2 * chance))) };

    case 'outcome_unknown':
      return {
        submittedAt: job.submittedAt ?? now,
        tries: 0,
        dueAt: firstRecoveryLook(rules, now, job.submittedAt ?? now),
      };
    case 'reconsidered':
      return {
        attempts: counted(job),
        submittedAt: job.submittedAt ?? event.sentAt,
        tries: 0,
        dueAt: dueForNotice(job, now), // guard: one-look-per-gap
      };
    case 'looked':
      return {
        lastReadAt: now,
        tries: job.tries + 1,
        dueAt:
          event.againInMs === undefined
            ? nextRecoveryLook(rules, now, job.submittedAt ?? now)
            : after(now, event.againInMs),
      };
    case 'resent':
      return { dueAt: after(now, rules.leaseMs) };
    case 'proven_absent':
      return { ...uncounted(job), lastReadAt: now, tries: 0, dueAt: now };

    case 'event_received':
      return {
        vodJobId: event.vodJobId,
        submittedAt: job.submittedAt ?? now,
        eventStatus: event.status,
        finishedAt: now,
        tries: 0,
        dueAt: dueForNotice(job, now),
      };

    case 'read_running':
      return {
        lastReadAt: now,
        finishedAt: null,
        eventStatus: null,
        misses: 0,
        tries: job.tries + 1,
        dueAt: nextPoll(rules, now, job.tries + 1, job.submittedAt, chance),
      };
    case 'read_succeeded':
    case 'read_failed':
      return { lastReadAt: now, finishedAt: event.completedAt ?? job.finishedAt ?? now, misses: 0, tries: 0 };
    case 'read_missing':
      return {
        lastReadAt: now,
        misses: job.misses + 1,
        tries: job.tries + 1,
        dueAt: nextPoll(rules, now, job.tries + 1, job.submittedAt, chance),
      };
    case 'read_unavailable':
      return { tries: job.tries + 1, dueAt: after(now, retryGap(job.tries, chance)) };
    case 'read_stranger':
      return {
        lastReadAt: now,
        misses: job.misses + 1,
        tries: job.tries + 1,
        dueAt: after(now, retryGap(job.tries, chance)),
      };

    case 'adopted':
      return {
        vodJobId: event.candidate,
        eventStatus: null,
        submittedAt: job.submittedAt ?? now,
        lastReadAt: null,
        finishedAt: null,
        tries: 0,
        misses: 0,
        dueAt: now,
      };

    case 'resubmitted':
    case 'retried':
      return {
        vodJobId: null,
        eventStatus: null,
        submittedAt: null,
        lastReadAt: null,
        finishedAt: null,
        tries: 0,
        misses: 0,
        dueAt: now,
      };
    case 'refetched':
      return { tries: 0, misses: 0, dueAt: now };
  }
}

/** VOD has not executed this attempt, so the client does not see it counted. The fencing number stays spent. */
function uncounted(job: JobCore): Partial<JobCore> {
  return { attempts: Math.max(0, job.attempts - 1), submittedAt: null };
}

/** A job that went back to the queue had its attempt taken off the count, and VOD has it after all. */
function counted(job: JobCore): number {
  return job.state === 'queued' ? Math.min(job.attempts + 1, job.attempt) : job.attempts;
}

/** Due at once, unless a look has just been spent on this job: a flood of forged events costs one look per gap. */
function dueForNotice(job: JobCore, now: Date): Date {
  const free = job.lastReadAt ? after(job.lastReadAt, NOTICE_GAP_MS) : now;
  return free > now ? free : now; // guard: one-read-per-gap
}

function errorAfter(job: JobCore, event: JobEvent, to: JobState): JobError | null {
  switch (event.type) {
    case 'refused':
      return { phase: 'submit', code: event.code, message: event.message };
    case 'read_failed':
      return { phase: 'vod', code: event.code, message: event.message };
    case 'read_succeeded':
      return event.result.problem ? { phase: 'result', code: 'unusable_data', message: event.result.problem } : null;
    case 'undecidable':
      return { phase: 'recover', code: 'undecidable', message: event.reason };
    case 'vanished':
      return {
        phase: 'recover',
        code: 'vanished',
        message: `VOD did not know the JobId in ${event.misses} reads in a row`,
      };
    case 'disowned':
      return { phase: 'recover', code: 'not_ours', message: `${event.cause}, in ${event.misses} reads in a row` };
    case 'deadline_passed':
      return { phase: 'vod', code: 'deadline_passed', message: 'VOD had not finished the job by its deadline' };
    case 'given_up':
      return { phase: 'recover', code: 'given_up', message: event.reason ?? 'given up by a person' };
    default:
      // Why a job waits stays visible while it waits, and is gone once it moves on.
      return to === job.state ? job.error : null;
  }
}
