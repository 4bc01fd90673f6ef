export const priorities = ['high', 'normal', 'low'] as const;
export type Priority = (typeof priorities)[number];

export const jobStates = [
  'queued',
  'submitting',
  'unconfirmed',
  'processing',
  'finished',
  'held',
  'succeeded',
  'failed',
  'canceled',
  'expired',
] as const;
export type JobState = (typeof jobStates)[number];

/** States in which nothing is owed any more. `expired` alone still listens: a late event reopens it. */
export const settledStates = ['succeeded', 'failed', 'canceled', 'expired'] as const satisfies readonly JobState[];

/** States without an alarm: over, or waiting for a person. The CHECK `job_alarm_set` says the same to Postgres. */
export const silentStates = ['held', ...settledStates] as const satisfies readonly JobState[];

/** VOD has the job, or may have it: it counts against the cap. */
export const atVodStates = [
  'submitting',
  'unconfirmed',
  'processing',
  'finished',
] as const satisfies readonly JobState[];

/** VOD may have the job under a JobId that nobody here knows. */
export const unidentifiedStates = ['submitting', 'unconfirmed', 'held'] as const satisfies readonly JobState[];

/** The JobId is known, and a read of it may settle the job. */
export const readableStates = ['processing', 'finished'] as const satisfies readonly JobState[];

/** A read settled the job by what VOD said of it. */
export const verdictStates = ['succeeded', 'failed'] as const satisfies readonly JobState[];

/** Another copy of an event that was matched before is worth another look. */
export const listeningStates = ['processing', 'expired'] as const satisfies readonly JobState[];

/** When due, they are handed to a queue, and given back when it takes nothing. A lease of `submitting` is its claim's. */
export const handedOutStates = [
  'queued',
  'processing',
  'finished',
  'unconfirmed',
] as const satisfies readonly JobState[];

export function isSettled(state: JobState): boolean {
  return (settledStates as readonly JobState[]).includes(state);
}

export function isAtVod(state: JobState): boolean {
  return (atVodStates as readonly JobState[]).includes(state);
}

export function isReadable(state: JobState): boolean {
  return (readableStates as readonly JobState[]).includes(state);
}

export function isSilent(state: JobState): boolean {
  return (silentStates as readonly JobState[]).includes(state);
}

/** Where in its life a job went wrong, with VOD's own code where VOD named one. */
export interface JobError {
  phase: 'submit' | 'vod' | 'result' | 'recover';
  code: string;
  message: string;
}

/** What changes about a job while it lives. Everything else about it is fixed when it is accepted. */
export interface JobCore {
  state: JobState;
  /** +1 with every line of history. */
  version: number;
  /** The alarm: when somebody must look at this job again. */
  dueAt: Date | null;
  /** Fencing number of the latest submission. Only an outcome that carries the same number is believed. */
  attempt: number;
  /** Submissions that VOD may have seen: an attempt that was throttled or never left is not counted. */
  attempts: number;
  /** Looks in a row that brought nothing new; drives every back-off. */
  tries: number;
  /** Reads in a row in which VOD did not know the JobId. */
  misses: number;
  vodJobId: string | null;
  /** What VOD's event claimed. Only a read settles; this is kept to notice a contradiction. */
  eventStatus: 'success' | 'fail' | null;
  error: JobError | null;
  /** Set in the moment before the call leaves; null while nothing of the present attempt was sent. */
  submittedAt: Date | null;
  lastReadAt: Date | null;
  finishedAt: Date | null;
  settledAt: Date | null;
}

export function newJob(now: Date): JobCore {
  return {
    state: 'queued',
    version: 1,
    dueAt: now,
    attempt: 0,
    attempts: 0,
    tries: 0,
    misses: 0,
    vodJobId: null,
    eventStatus: null,
    error: null,
    submittedAt: null,
    lastReadAt: null,
    finishedAt: null,
    settledAt: null,
  };
}
