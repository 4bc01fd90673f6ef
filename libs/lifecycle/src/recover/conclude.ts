import {
  AFTER_GRACE_MAX_MS,
  AFTER_GRACE_MS,
  backOff,
  isPast,
  RESEND_WITHIN_MS,
  type AlarmRules,
  type Rung,
} from '@app/domain';
import type { Case } from '@app/persistence';
import { evidence, NAMED, notes, reasons } from './words';

export interface RecoverOptions {
  rules: AlarmRules;
  /** The rungs that may find a job. Which of them can be trusted on an account: docs/operations.md. */
  by: readonly Rung[];
  /** Whether the same signed request may be sent again. */
  resendPinned: boolean;
  /** How long one call that submits can take. */
  callMs: number;
}

/** What is known when a conclusion is drawn. */
export interface Findings {
  /** Jobs at VOD that can only be this one or a rival's: of this media and type, made in the time of the attempt, no row's. */
  candidates: Candidate[];
  /** Whether VOD's list of this media was read whole. */
  listed: boolean;
  /** What VOD lists and does not explain: neither a row's, nor surely of another type. It may be this job. */
  unexplained: string[];
  /** Other jobs that wait for a JobId of this media and type. */
  rivals: number;
  /** Events about unknown jobs of this media and type, whatever VOD said of them when asked. */
  eventsSeen: number;
  /** Why VOD could not be asked; null when it answered everything. */
  trouble: Trouble | null;
  /** After the conclusion to resend: another key would sign the request, or somebody else is sending it again. */
  resendRefused?: true;
  /** After the conclusion to ask for it. */
  neighbour?: Neighbour;
}

export interface Candidate {
  vodJobId: string;
  rung: Rung;
  evidence: string;
}

/** VOD refuses what it will refuse again; everything else may pass. */
export interface Trouble {
  cause: string;
  passes: boolean;
}

/** Whether VOD lists another job that surely is there, and so would list this one. */
export type Neighbour =
  /** `eventsSeen`: as in the findings, counted after VOD had answered. */
  | { outcome: 'listed'; vodJobId: string; eventsSeen: number }
  | { outcome: 'missing'; vodJobId: string }
  | { outcome: 'none' }
  | { outcome: 'unasked'; trouble: Trouble };

export type Conclusion =
  | { outcome: 'adopt'; candidate: Candidate }
  /** The same bytes once more. When that is refused: `resendRefused`, and another conclusion. */
  | { outcome: 'resend' }
  /** Nothing to decide yet: the next look is the ladder's. */
  | { outcome: 'note'; note: string }
  /** It is time to decide, and VOD cannot be asked. */
  | { outcome: 'wait'; note: string; againInMs: number }
  /** Absent, unless VOD's list leaves others out as well: `neighbour`, and another conclusion. */
  | { outcome: 'ask_neighbour' }
  | { outcome: 'absent'; evidence: string }
  /** A person decides, and may adopt one of the candidates. */
  | { outcome: 'hold'; reason: string; candidates: string[] };

/** So often proven absent, and lost again: something between VOD and us swallows this request. A person should know. */
const ABSENCES_BEFORE_HELD = 5;

/**
 * What follows from a look at a submission whose answer was lost. It may have been billed, so it is never repeated on a
 * guess: until the grace period is over there is another look, and after it absence is proven or a person decides.
 */
export function conclude(lost: Case, findings: Findings, now: Date, options: RecoverOptions): Conclusion {
  const [candidate, ...others] = findings.candidates;
  if (candidate && others.length === 0 && isSurely(lost, candidate, findings)) return { outcome: 'adopt', candidate };
  if (others.length === 0 && mayResend(lost, findings, now, options)) return { outcome: 'resend' };
  if (!graceIsOver(lost, now, options)) return { outcome: 'note', note: noteOn(findings) }; // guard: grace-first
  return decide(lost, findings, now, options);
}

/** Absent beyond doubt, or a person's case. While VOD cannot be asked, neither. */
function decide(lost: Case, findings: Findings, now: Date, { rules }: RecoverOptions): Conclusion {
  if (findings.trouble !== null) return waitOut(findings.trouble, lost, now, rules); // guard: asked-first
  const doubt = doubtOf(findings);
  if (doubt !== null) return hold(doubt, candidatesIn(findings));
  const objection = objectionTo(lost);
  if (objection !== null) return hold(objection);
  if (!findings.neighbour) return { outcome: 'ask_neighbour' };
  return decideBy(findings.neighbour, lost, findings, now, rules);
}

function decideBy(neighbour: Neighbour, lost: Case, found: Findings, now: Date, rules: AlarmRules): Conclusion {
  switch (neighbour.outcome) {
    case 'unasked':
      return waitOut(neighbour.trouble, lost, now, rules);
    case 'none':
      return hold(reasons.noNeighbour);
    case 'missing':
      return hold(reasons.neighbourMissing(neighbour.vodJobId));
    case 'listed':
      // What came while VOD was being asked and was looked at raised the version; this is for what was not yet.
      // guard: absence-sees-events
      if (neighbour.eventsSeen > found.eventsSeen) return { outcome: 'note', note: notes.eventCame };
      return { outcome: 'absent', evidence: evidence.absence(neighbour.vodJobId) };
  }
}

/**
 * The only candidate is ours when nobody else waits for one like it, or when its event names our attempt. Or when VOD
 * surely has ours, and lists no other: then this one would be a second candidate if it were another's.
 */
function isSurely(lost: Case, { rung }: Candidate, { rivals, listed }: Findings): boolean {
  return rivals === 0 || rung === 'extend' || (hasArrived(lost) && listed); // guard: one-find-one-job
}

function hasArrived({ submission, siblingFound }: Case): boolean {
  return submission.nonceSeenAt !== null || siblingFound; // guard: sibling-proves-arrival
}

/**
 * When the looks that only read have all been made and met no trouble, while the signature is still good. Whether it has not
 * been decided already, and by whom, is for the store to say: it alone looks under the lock.
 */
function mayResend(lost: Case, findings: Findings, now: Date, options: RecoverOptions): boolean {
  const { submission, siblingFound } = lost;
  return (
    options.resendPinned &&
    !findings.resendRefused &&
    haveLooksEnded(lost, findings, now, options) &&
    !siblingFound &&
    !isPast(now, submission.signedAt, RESEND_WITHIN_MS) &&
    // Not again before the one before it has surely ended.
    (submission.resentAt === null || isPast(now, submission.resentAt, options.callMs))
  );
}

function haveLooksEnded({ submission }: Case, found: Findings, now: Date, { rules, by }: RecoverOptions): boolean {
  const hasAnswered = found.trouble === null && (found.listed || !by.includes('listing'));
  return hasAnswered && isPast(now, submission.sentAt, rules.recoverAfterMs.at(-1) ?? 0);
}

function graceIsOver({ submission }: Case, now: Date, { rules }: RecoverOptions): boolean {
  return isPast(now, submission.resentAt ?? submission.sentAt, rules.recoverGraceMs);
}

function noteOn({ candidates, trouble, listed, unexplained }: Findings): string {
  if (candidates.length > 1) return notes.several(candidates.length);
  if (candidates.length === 1) return notes.oneOfTwo;
  if (trouble !== null) return notes.unasked(trouble.cause);
  if (unexplained.length > 0) return notes.unexplained(unexplained);
  return listed ? notes.unlisted : notes.unnamed;
}

/** Why what was found proves nothing; null when nothing was found, and the list was read. */
function doubtOf({ candidates, unexplained, listed }: Findings): string | null {
  const [candidate, ...others] = candidates;
  if (candidate && others.length > 0) return reasons.several(candidates.map(({ vodJobId }) => vodJobId));
  if (candidate) return reasons.oneOfTwo(candidate.vodJobId);
  if (unexplained.length > 0) return reasons.unexplained(unexplained); // guard: absence-explains-all
  if (!listed) return reasons.unlisted; // guard: absence-needs-list
  return null;
}

/** Why a job that was not found is not absent all the same, whatever its neighbours. */
function objectionTo(lost: Case): string | null {
  // guard: seen-is-not-absent
  if (hasArrived(lost)) return reasons.arrived(lost.siblingFound ? reasons.siblingFound : reasons.nonceSeen);
  // guard: absence-bounded
  if (lost.absences >= ABSENCES_BEFORE_HELD) return reasons.absences(lost.absences);
  return null;
}

/** Nothing is decided while VOD cannot be asked. Not for ever, and not when it will always say no. */
function waitOut({ cause, passes }: Trouble, { job, submission }: Case, now: Date, rules: AlarmRules): Conclusion {
  if (!passes || isPast(now, submission.sentAt, rules.jobDeadlineMs)) return hold(reasons.unasked(cause));
  const againInMs = backOff(Math.min(job.tries, 10), AFTER_GRACE_MS, AFTER_GRACE_MAX_MS, 0.5);
  return { outcome: 'wait', note: notes.undecided(cause), againInMs };
}

/** What a person who decides may adopt. */
function candidatesIn({ candidates, unexplained }: Findings): string[] {
  return [...candidates.map(({ vodJobId }) => vodJobId), ...unexplained].slice(0, NAMED);
}

function hold(reason: string, candidates: string[] = []): Conclusion {
  return { outcome: 'hold', reason, candidates };
}
