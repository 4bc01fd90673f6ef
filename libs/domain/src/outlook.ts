import { isSettled, type JobState } from './job';

/**
 * Why a job stands where it stands.
 *
 * - `over`, `held`: nobody looks at it again by itself; held jobs wait for a person.
 * - `no_worker`: no living worker serves its region.
 * - `circuit`: the account cannot submit there.
 * - `throttled`: VOD has asked for fewer calls; the queue rests.
 * - `cap`: as many jobs of its type as allowed are at VOD.
 * - `backs_off`: its last try did not go through; the next one has its time.
 * - `in_line`: others are before it, and the quota lets so many through in a second.
 * - `scheduled`: it is looked at when its time comes.
 * - `next`: a worker takes it now.
 * - `stalled`: a living worker should have taken it, and nothing moves.
 */
export const outlookReasons = [
  'over',
  'held',
  'no_worker',
  'circuit',
  'throttled',
  'cap',
  'backs_off',
  'in_line',
  'scheduled',
  'next',
  'stalled',
] as const;
type OutlookReason = (typeof outlookReasons)[number];

/** What is around a job that waits: in its region, and on the queue that it goes through next. */
export interface Surroundings {
  /** Whether a living worker serves the region. */
  worker: boolean;
  /** The account cannot submit there. Reads go on. */
  circuit: boolean;
  /** When the queue goes on that VOD has asked to rest. */
  closedUntil: Date | null;
  /** Whether as many jobs of its type as allowed are at VOD. */
  capped: boolean;
  /** Its last try to be sent did not go through. */
  backsOff: boolean;
  /** How many are taken before it. */
  ahead: number;
  /** How many are taken in a second: as measured, or as the quota allows; null when that is not known. */
  perSecond: number | null;
  /** Whether anything of the queue has been taken of late. */
  moves: boolean;
}

export interface Outlook {
  reason: OutlookReason;
  /** A living worker should have taken it by now. */
  late: boolean;
  /** When it is probably taken; null when nothing tells. */
  expectedAt: Date | null;
}

/** A due job is noticed within a second. Twice a slow poll of everything, and some air. */
const LATE_MS = 60_000;

/** One cause, the first that holds it up: what comes after it matters only when that is gone. */
export function outlookOf(
  { state, dueAt }: { state: JobState; dueAt: Date | null },
  around: Surroundings,
  nowMs: number,
): Outlook {
  if (isSettled(state)) return { reason: 'over', late: false, expectedAt: null };
  if (dueAt === null) return { reason: 'held', late: false, expectedAt: null };
  const because = (reason: OutlookReason, expectedAt: Date | null) => ({ reason, late: false, expectedAt });
  const dueInMs = dueAt.getTime() - nowMs;
  const isQueued = state === 'queued';

  if (!around.worker) return because('no_worker', null);
  if (isQueued && around.circuit) return because('circuit', null);
  if (isQueued && around.backsOff && dueInMs > 0) return because('backs_off', dueAt);
  if (!isQueued && dueInMs > 0) return because('scheduled', dueAt);
  if (around.closedUntil) return because('throttled', inLine(around, around.closedUntil.getTime()));
  if (isQueued && around.capped) return because('cap', null);
  // What has been handed out is due again after its lease, so its alarm lies ahead although it is its turn.
  const isOverdue = -dueInMs > LATE_MS + (around.ahead / (around.perSecond ?? Infinity)) * 1000;
  if (!around.moves && isOverdue) return { reason: 'stalled', late: true, expectedAt: null };
  if (around.ahead > 0) return because('in_line', inLine(around, nowMs));
  return because('next', new Date(nowMs));
}

function inLine({ ahead, perSecond }: Surroundings, fromMs: number): Date | null {
  if (ahead === 0) return new Date(fromMs);
  return perSecond === null || perSecond === 0 ? null : new Date(fromMs + (ahead / perSecond) * 1000);
}
