import { decide, newJob, nextState, type AlarmRules, type Circumstances, type JobCore, type JobEvent } from '../src';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** The defaults of libs/config. */
export const rules: AlarmRules = {
  leaseMs: 60 * SECOND,
  pollFirstMs: 60 * SECOND,
  pollMaxMs: 10 * MINUTE,
  recoverAfterMs: [10 * SECOND, 30 * SECOND, 2 * MINUTE],
  recoverGraceMs: 20 * MINUTE,
  jobDeadlineMs: 24 * 60 * MINUTE,
};

export const noon = new Date('2026-11-22T12:00:00.000Z');
export const later = (ms: number, than = noon) => new Date(than.getTime() + ms);
/** `chance` 0.5 spreads nothing: every gap has its plain length. */
export const at = (now: Date = noon, chance = 0.5): Circumstances => ({ now, chance, rules });

/** The job after the event. Fails when it was ignored. */
export function moved(job: JobCore, event: JobEvent, now = noon, chance = 0.5): JobCore {
  const decision = decide(job, event, at(now, chance));
  if (decision.outcome !== 'moved') throw new Error(`${job.state} ignored ${event.type}: ${decision.reason}`);
  return decision.next;
}

type EventType = JobEvent['type'];

/** One event of every type, complete, about attempt 1 and the VOD job `vod-1`. */
export const oneOfEach: { [T in EventType]: Extract<JobEvent, { type: T }> } = {
  claimed: { type: 'claimed', number: 1 },
  deferred: { type: 'deferred', reason: 'as many jobs as allowed are at VOD' },
  canceled: { type: 'canceled', reason: 'no longer wanted' },
  accepted: { type: 'accepted', attempt: 1, vodJobId: 'vod-1', vodRequestId: 'R-1' },
  refused: {
    type: 'refused',
    attempt: 1,
    code: 'InvalidVideo.NotFound',
    message: 'no such video',
    vodRequestId: 'R-2',
  },
  throttled: { type: 'throttled', attempt: 1, code: 'Throttling.User', retryAfterMs: 2000 },
  blocked: { type: 'blocked', attempt: 1, code: 'OperationDenied.Suspended', message: 'the bill is overdue' },
  not_sent: { type: 'not_sent', attempt: 1, cause: 'connect ECONNREFUSED' },
  never_sent: { type: 'never_sent', attempt: 1 },
  outcome_unknown: { type: 'outcome_unknown', attempt: 1, cause: 'no answer within 10 s' },
  reconsidered: { type: 'reconsidered', eventId: 'event-2', vodJobId: 'vod-1', sentAt: noon },
  looked: { type: 'looked', note: 'no event of VOD names it yet' },
  resent: { type: 'resent', attempt: 1, number: 1 },
  found: {
    type: 'found',
    attempt: 1,
    vodJobId: 'vod-1',
    rung: 'listing',
    evidence: 'the only new AI job of this media',
  },
  proven_absent: {
    type: 'proven_absent',
    attempt: 1,
    version: 3,
    evidence: 'VOD lists a younger job and not this one',
  },
  undecidable: { type: 'undecidable', attempt: 1, version: 3, reason: 'two jobs of this media are candidates' },
  event_received: {
    type: 'event_received',
    vodJobId: 'vod-1',
    status: 'success',
    eventId: 'event-1',
    signature: 'valid',
  },
  read_running: { type: 'read_running', vodJobId: 'vod-1', status: 'Analysing' },
  read_succeeded: {
    type: 'read_succeeded',
    vodJobId: 'vod-1',
    result: { raw: '{}', normalized: {}, source: 'ListAIJob', problem: null },
    completedAt: null,
  },
  read_failed: {
    type: 'read_failed',
    vodJobId: 'vod-1',
    code: 'NoAudio',
    message: 'no audio track',
    completedAt: null,
  },
  read_missing: { type: 'read_missing', vodJobId: 'vod-1' },
  read_unavailable: { type: 'read_unavailable', cause: 'busy: Throttling' },
  read_stranger: { type: 'read_stranger', vodJobId: 'vod-1', cause: 'VOD answered about another media' },
  vanished: { type: 'vanished', misses: 5 },
  disowned: { type: 'disowned', misses: 3, cause: 'VOD answered about another media' },
  deadline_passed: { type: 'deadline_passed' },
  adopted: { type: 'adopted', candidate: 'vod-1', reason: 'the console shows it' },
  resubmitted: { type: 'resubmitted', reason: 'not in the console' },
  given_up: { type: 'given_up', reason: 'the video was deleted' },
  retried: { type: 'retried', reason: 'the video was replaced' },
  refetched: { type: 'refetched', reason: 'the data was broken' },
};
export const eventTypes = Object.keys(oneOfEach) as EventType[];

const queued = newJob(noon);
const submitting: JobCore = { ...queued, state: 'submitting', version: 2, attempt: 1, attempts: 1 };
const unconfirmed: JobCore = { ...submitting, state: 'unconfirmed', version: 3, submittedAt: noon };
const processing: JobCore = { ...unconfirmed, state: 'processing', vodJobId: 'vod-1' };
const over = { dueAt: null, settledAt: noon, finishedAt: noon };

/** A job in every state, as it gets there on the shortest way: attempt 1, `vod-1`, all of it at noon. */
export const jobs = {
  queued,
  submitting,
  unconfirmed,
  processing,
  finished: { ...processing, state: 'finished', version: 4, eventStatus: 'success', finishedAt: noon },
  held: { ...unconfirmed, state: 'held', version: 4, dueAt: null },
  succeeded: { ...processing, ...over, state: 'succeeded', version: 5, lastReadAt: noon },
  failed: { ...processing, ...over, state: 'failed', version: 5, lastReadAt: noon },
  canceled: { ...queued, ...over, state: 'canceled', version: 2 },
  expired: { ...processing, ...over, state: 'expired', version: 4 },
} satisfies Record<string, JobCore>;

/** Every pair of state and event that the table knows, with a job and an event that are about each other. */
export const pairs = Object.values(jobs).flatMap((job: JobCore) =>
  eventTypes.flatMap((type) => {
    const to = nextState(job.state, type);
    // Whatever an event says of an attempt is about the last one.
    const tried = type === 'accepted' ? { ...job, attempt: 1 } : job;
    return to ? [{ job: tried, event: oneOfEach[type], to, name: `${job.state} + ${type} → ${to}` }] : [];
  }),
);
