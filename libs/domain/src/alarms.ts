/** When somebody looks at a job again. Pure rules over `now`; `chance` is a number in [0, 1) that spreads a crowd. */
export interface AlarmRules {
  /** How long a step may hold a job before it is due again. */
  leaseMs: number;
  /** First look at a silent job, and the longest gap between two looks. */
  pollFirstMs: number;
  pollMaxMs: number;
  /** Looks of the recovery ladder, counted from the send. */
  recoverAfterMs: readonly number[];
  /** After this an unconfirmed submission is decided, and a JobId that VOD does not know is given up. */
  recoverGraceMs: number;
  /** Age at VOD after which one last read decides. */
  jobDeadlineMs: number;
}

const SECOND = 1000;

/** VOD answers a read within a second; asking again after less only spends the quota (ListAIJob, SubmitAIJob). */
const RETRY_FIRST_MS = 1 * SECOND;
const RETRY_MAX_MS = 60 * SECOND;

/**
 * What a blocked account sent back waits for its circuit to close rather than for its own alarm. Should it be this one job
 * that VOD forbids, it must not close the circuit for the others over and over.
 */
export const BLOCKED_RETRY_MAX_MS = 600 * SECOND;

/** A cap on jobs at VOD frees a place when some other job ends, which takes seconds at the least. */
export const CAPPED_RETRY_MS = 5 * SECOND;

/** The event's body is not signed, so a stranger with one captured header pair can make a job due: one read per job and gap. */
export const NOTICE_GAP_MS = 5 * SECOND;

/** So many reads in a row that say the JobId is somebody else's: one may be a slip of VOD's, these are not. */
export const STRANGERS_BEFORE_HELD = 3;

/** A case that the end of the grace period could not decide, because VOD could not be asked, is taken up again. */
export const AFTER_GRACE_MS = 30 * SECOND;
export const AFTER_GRACE_MAX_MS = 600 * SECOND;

/**
 * The gateway takes a request that was signed at most 15 minutes ago, and presumably remembers nonces as long (docs/vod.md,
 * "Signature of calls"). The rest is for the clocks of two workers and VOD's.
 */
export const RESEND_WITHIN_MS = 600 * SECOND;

/** VOD may list a fresh JobId late. This many misses in a row, and the grace period, before a person is asked. */
export const MISSES_BEFORE_HELD = 5;

export function after(now: Date, ms: number): Date {
  return new Date(now.getTime() + ms);
}

/** Doubles from `firstMs` to `maxMs`, then spreads by ±10 % so that jobs of one batch do not stay in step. */
export function backOff(tries: number, firstMs: number, maxMs: number, chance: number): number {
  const gap = Math.min(firstMs * 2 ** Math.min(tries, 30), maxMs);
  return Math.round(gap * (0.9 + 0.2 * chance));
}

export function retryGap(tries: number, chance: number): number {
  return backOff(tries, RETRY_FIRST_MS, RETRY_MAX_MS, chance);
}

/** The next look at a job that VOD is working on; never later than its deadline, so that the last read is on time. */
export function nextPoll(rules: AlarmRules, now: Date, tries: number, submittedAt: Date | null, chance: number): Date {
  const poll = after(now, backOff(tries, rules.pollFirstMs, rules.pollMaxMs, chance));
  const deadline = after(submittedAt ?? now, rules.jobDeadlineMs);
  return deadline > now && deadline < poll ? deadline : poll;
}

/** The first look at a job that was found, counted from the send: it may be over for long. */
export function firstPoll(rules: AlarmRules, now: Date, submittedAt: Date, chance: number): Date {
  return notBefore(now, nextPoll(rules, submittedAt, 0, submittedAt, chance));
}

/** The first look of the recovery ladder: at once when its time has passed, as it has when a lease had to end first. */
export function firstRecoveryLook(rules: AlarmRules, now: Date, sentAt: Date): Date {
  return notBefore(now, after(sentAt, rules.recoverAfterMs[0] ?? rules.recoverGraceMs));
}

/** The next look of the recovery ladder; after the last one, the end of the grace period, and then every so often. */
export function nextRecoveryLook(rules: AlarmRules, now: Date, sentAt: Date): Date {
  const looks = [...rules.recoverAfterMs, rules.recoverGraceMs].map((ms) => after(sentAt, ms));
  return looks.find((look) => look > now) ?? after(now, AFTER_GRACE_MS);
}

function notBefore(now: Date, date: Date): Date {
  return date > now ? date : now;
}

export function isPast(now: Date, since: Date | null, ms: number): boolean {
  return since !== null && now.getTime() - since.getTime() >= ms;
}
