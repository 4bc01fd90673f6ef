import {
  AFTER_GRACE_MAX_MS,
  AFTER_GRACE_MS,
  backOff,
  DOORBELL_GAP_MS,
  isPast,
  jobTypes,
  RESEND_WITHIN_MS,
  type AlarmRules,
  type JobEvent,
  type Rung,
} from '@app/domain';
import type { Signals, VodOperation } from '@app/observability';
import type {
  CandidateEvent,
  Case,
  CaseReads,
  Change,
  Claim,
  JobStore,
  SubmissionAnswer,
  SubmissionStore,
} from '@app/persistence';
import type { Payload, Queues } from '@app/queue';
import type { ReadOutcome, SubmitOutcome, VodClient } from '@app/vod';
import { answerFor, eventFor, extendOf, isOurExtend, isTakenJobId, storeAnswer, toSubmission } from './submission';
import { told } from './told';

export interface RecoverOptions {
  rules: AlarmRules;
  /** The rungs that may find a job. Which of them can be trusted on an account: docs/operations.md. */
  by: readonly Rung[];
  /** Whether the same signed request may be sent again. */
  resendPinned: boolean;
  /** How long one SubmitAIJob can take. */
  callMs: number;
}

/** VOD's clock and ours, and the whole seconds in which VOD gives its times. */
const CLOCKS_MS = 30_000;

/** What VOD lists from longer before the send is surely not of this attempt, whatever the clocks. */
const LONG_BEFORE_MS = 15 * 60_000;

/** ListAIJob takes at most ten JobIds a call. */
const CONFIRM_AT_ONCE = 10;

/** So often proven absent, and lost again: something between VOD and us swallows this request. A person should know. */
const ABSENCES_BEFORE_HELD = 5;

/** So many JobIds of VOD are named to a person, who decides about them. */
const NAMED = 20;

/** What a look has brought. */
interface Findings {
  /** Jobs at VOD that can only be this one or a rival's: of this media and type, made in the time of the attempt, no row's. */
  candidates: Candidate[];
  /** Whether VOD's list of this media was read whole. */
  listed: boolean;
  /** What VOD lists and does not explain: neither a row's, nor surely of another type. It may be this job. */
  unexplained: string[];
  /** Other jobs that wait for a JobId of this media and type. */
  rivals: number;
  /** Events about unknown jobs of this media and type, whatever ListAIJob said of them. */
  eventsSeen: number;
  /** Why VOD could not be asked; null when it answered everything. */
  trouble: Trouble | null;
}

interface Candidate {
  vodJobId: string;
  rung: Rung;
  evidence: string;
}

/** VOD refuses what it will refuse again; everything else may pass. */
interface Trouble {
  cause: string;
  passes: boolean;
}

/**
 * Finds out what became of a submission whose answer was lost. It may have been billed, so it is never repeated on a
 * guess. Rung by rung: an event that echoes our Extend, an event about an unknown job of this media, VOD's list of this
 * media, the very same signed request once more. When the grace period is over, absence must be proven; otherwise a
 * person decides.
 */
export class Recover {
  constructor(
    private readonly jobs: JobStore,
    private readonly submissions: SubmissionStore,
    private readonly cases: CaseReads,
    private readonly vod: VodClient,
    private readonly queues: Queues,
    private readonly signals: Signals,
    private readonly options: RecoverOptions,
    private readonly now: () => Date = () => new Date(),
  ) {}

  async recover(region: string, { jobId }: Payload<'recover'>): Promise<void> {
    const lost = await this.cases.open(jobId);
    if (!lost) return;
    const found = await this.look(region, lost);

    const [candidate, ...others] = found.candidates;
    if (candidate && others.length === 0 && isSurely(lost, candidate, found)) return this.adopt(lost, candidate);
    if (others.length === 0 && this.mayResend(lost, found) && (await this.resend(region, lost))) return;
    if (!this.graceIsOver(lost)) return this.note(lost, noteOn(found)); // guard: grace-first
    return this.decide(region, lost, found);
  }

  /** Rungs 0 to 2: everything that only reads. */
  private async look(region: string, lost: Case): Promise<Findings> {
    const findings: Findings = {
      candidates: [],
      listed: false,
      unexplained: [],
      rivals: 0,
      eventsSeen: 0,
      trouble: null,
    };
    const events = await this.unknownEvents(lost);
    findings.eventsSeen = events.length;
    await this.confirm(region, lost, this.hintedBy(events, lost), findings);
    findings.rivals = await this.cases.rivals(lost.job);
    const [candidate] = findings.candidates;
    const isClear = candidate && (findings.rivals === 0 || candidate.rung === 'extend');
    if (!isClear && this.options.by.includes('listing')) await this.lookIntoList(region, lost, findings);
    return findings;
  }

  /** An event that echoes our Extend goes before all others; one that names another attempt of ours is not about this. */
  private hintedBy(events: CandidateEvent[], lost: Case): Candidate[] {
    const { by } = this.options;
    const extend = extendOf({ requestId: lost.job.requestId, number: lost.submission.number });
    const echoing = by.includes('extend') ? events.filter((event) => event.extend === extend) : [];
    if (echoing.length > 0) return hints(echoing, 'extend', 'an event of VOD echoes the Extend of this attempt');
    if (!by.includes('event')) return [];
    const about = 'an event of VOD about a job of this media and type that no other job has';
    return hints(
      events.filter((event) => event.extend === extend || !isOurExtend(event.extend)),
      'event',
      about,
    );
  }

  private async unknownEvents(lost: Case): Promise<CandidateEvent[]> {
    const events = await this.cases.eventsFor(lost);
    if (events.length === 0) return [];
    const { taken, former } = await this.cases.knownAmong(
      lost.job,
      events.map((event) => event.vodJobId),
    );
    // guard: no-known-finds
    return events.filter(({ vodJobId }) => !taken.has(vodJobId) && !former.has(vodJobId));
  }

  private async lookIntoList(region: string, lost: Case, findings: Findings): Promise<void> {
    const list = await this.ask('ListJobInfo', region, () => this.vod.listJobInfo(region, lost.job.mediaId));
    if (list.outcome !== 'answered') return void (findings.trouble ??= troubleOf(list));
    const since = lost.submission.sentAt.getTime() - LONG_BEFORE_MS;
    const recent = list.value.jobs.filter(({ createTime }) => createTime === null || createTime.getTime() >= since);
    const { taken, former } = await this.cases.knownAmong(
      lost.job,
      recent.map((job) => job.jobId),
    );
    const evidence =
      'the only job of this media and type that VOD lists for the time of the attempt and that is not another’s';
    const unknown = recent.map(({ jobId }) => jobId).filter((id) => !taken.has(id) && !former.has(id));
    const known = new Set(findings.candidates.map(({ vodJobId }) => vodJobId));
    const open = unknown.filter((id) => !known.has(id));
    const explained = await this.confirm(
      region,
      lost,
      open.map((vodJobId) => ({ vodJobId, rung: 'listing' as const, evidence })),
      findings,
    );
    findings.unexplained = open.filter((id) => !explained.has(id));
    findings.listed = true;
  }

  /**
   * The bodies of events are not signed and lists give no types: only what ListAIJob says counts. Answers the JobIds about
   * which it leaves no doubt, as candidates or as somebody else's.
   */
  private async confirm(region: string, lost: Case, hinted: Candidate[], findings: Findings): Promise<Set<string>> {
    const clear = new Set<string>();
    for (let i = 0; i < hinted.length; i += CONFIRM_AT_ONCE) {
      const some = hinted.slice(i, i + CONFIRM_AT_ONCE);
      const asked = some.map((candidate) => candidate.vodJobId);
      const answer = await this.ask('ListAIJob', region, () => this.vod.listAIJob(region, asked));
      if (answer.outcome !== 'answered') {
        findings.trouble ??= troubleOf(answer);
        continue;
      }
      for (const candidate of some) {
        const job = answer.value.jobs.find(({ jobId }) => jobId === candidate.vodJobId);
        if (!job) continue;
        // guard: find-of-type
        const isOfKind = job.type === lost.job.type && (job.mediaId ?? lost.job.mediaId) === lost.job.mediaId;
        const isOther = (jobTypes as readonly string[]).includes(job.type) && !isOfKind;
        const isOurs = isOfKind && isOfAttempt(lost, job.creationTime, this.options.callMs);
        if (isOurs) findings.candidates.push(candidate);
        if (isOurs || isOther) clear.add(candidate.vodJobId);
      }
    }
    return clear;
  }

  private async adopt({ job, submission }: Case, { vodJobId, rung, evidence }: Candidate): Promise<void> {
    const event: JobEvent = { type: 'found', attempt: submission.number, vodJobId, rung, evidence };
    try {
      await this.record(job.id, event, { rung, outcome: 'found' });
    } catch (error) {
      if (!isTakenJobId(error)) throw error;
      await this.jobs.applyTogether([looked(job.id, `VOD's job ${vodJobId} was taken by another job meanwhile`)]);
    }
  }

  /**
   * Rung 3, when the looks that only read have all been made and met no trouble, while the signature is still good. Whether it
   * has not been decided already, and by whom, is for the store to say: it alone looks under the lock.
   */
  private mayResend({ submission, siblingFound }: Case, { trouble, listed }: Findings): boolean {
    const { rules, by, resendPinned, callMs } = this.options;
    const now = this.now();
    return (
      resendPinned &&
      trouble === null &&
      (listed || !by.includes('listing')) &&
      !siblingFound &&
      isPast(now, submission.sentAt, rules.recoverAfterMs.at(-1) ?? 0) &&
      !isPast(now, submission.signedAt, RESEND_WITHIN_MS) &&
      // Not again before the one before it has surely ended.
      (submission.resentAt === null || isPast(now, submission.resentAt, callMs))
    );
  }

  /**
   * Sends the same bytes again. The gateway takes a nonce once: when it refuses this one, the first call had arrived;
   * when it takes it, the first had not, and this one has. Every other answer says nothing about the first call.
   * False when it could not be sent.
   */
  private async resend(region: string, lost: Case): Promise<boolean> {
    const { requestId } = lost.job;
    const signer = await this.vod.signer();
    const claim = signer && (await this.submissions.claimResend(requestId, lost.submission.number, signer));
    if (!claim) return false; // another key would sign it, or somebody else is at it
    const call = { operation: 'SubmitAIJob' as const, region, jobs: claim.jobs.length };
    const outcome = await told(this.signals, call, () => this.vod.submitAIJob(region, toSubmission(claim)));
    await this.recordResend(claim, outcome);
    if (outcome.outcome !== 'busy') return true;
    // It left through the queue of this step, and it was one of the calls of the other.
    for (const queue of ['recover', 'submit'] as const) {
      await this.queues.closeFor(queue, region, outcome.retryAfterMs, outcome.code);
    }
    return true;
  }

  private async recordResend(claim: Claim, outcome: SubmitOutcome): Promise<void> {
    const againInMs = this.options.rules.recoverAfterMs[0] ?? this.options.rules.recoverGraceMs;
    if (outcome.outcome === 'accepted') {
      const changes = claim.jobs.map(({ id, type }) => {
        const event = eventFor(claim.number, type, outcome);
        const note = `VOD took the same request now, and its answer does not list ${type}`;
        return event.type === 'accepted' ? { jobId: id, event } : looked(id, note, againInMs);
      });
      const verdicts = await storeAnswer(this.jobs, claim, changes, answerFor(claim, outcome));
      for (const verdict of verdicts) {
        if (verdict.outcome === 'moved' && verdict.job.vodJobId !== null) {
          this.tell(verdict.job, { rung: 'resend', outcome: 'found' });
        }
      }
      return;
    }
    const nonceSeen = outcome.outcome === 'unknown' && /^SignatureNonceUsed/i.test(outcome.cause);
    const note = nonceSeen
      ? 'VOD has seen its nonce before: the first call had arrived'
      : `the answer to the same request says nothing about the first one: ${whyNot(outcome)}`;
    const answer: SubmissionAnswer = { ...answerFor(claim, outcome), outcome: 'unknown', message: note, nonceSeen };
    await storeAnswer(
      this.jobs,
      claim,
      claim.jobs.map(({ id }) => looked(id, note, againInMs)),
      answer,
    );
  }

  /** The last rung: absent beyond doubt, or a person's case. While VOD cannot be asked, neither. */
  private async decide(region: string, lost: Case, found: Findings): Promise<void> {
    const { submission, siblingFound, absences } = lost;
    if (found.trouble !== null) return this.wait(lost, found.trouble); // guard: asked-first
    const doubt = doubtOf(found);
    if (doubt !== null) return this.hold(lost, doubt, candidatesIn(found));
    // guard: seen-is-not-absent, sibling-proves-arrival
    if (submission.nonceSeenAt !== null || siblingFound) {
      const proof = siblingFound ? 'a job of the same call is there' : 'it knows the nonce';
      return this.hold(lost, `VOD has received the request (${proof}), and yet this job of it cannot be found`);
    }
    // guard: absence-bounded
    if (absences >= ABSENCES_BEFORE_HELD) {
      return this.hold(lost, `it was sent and proven absent ${absences} times, and its answer was lost once more`);
    }
    const neighbour = await this.neighbour(region, lost);
    switch (neighbour.outcome) {
      case 'unasked':
        return this.wait(lost, neighbour.trouble);
      case 'none':
        return this.hold(
          lost,
          'VOD does not list it, and no other job of about the same time proves that its list is complete',
        );
      case 'missing':
        return this.hold(
          lost,
          `VOD does not list it, but neither does it list ${neighbour.vodJobId}, which surely is there`,
        );
      case 'listed':
        return this.declareAbsent(lost, neighbour.vodJobId, found.eventsSeen);
    }
  }

  /** Whether VOD lists another job that surely is there, and so would list this one. */
  private async neighbour(region: string, lost: Case): Promise<Neighbour> {
    let refusal: Trouble | null = null;
    for (const { mediaId, vodJobId } of await this.cases.controls(lost)) {
      const list = await this.ask('ListJobInfo', region, () => this.vod.listJobInfo(region, mediaId));
      if (list.outcome === 'answered') {
        const isListed = list.value.jobs.some((job) => job.jobId === vodJobId);
        return { outcome: isListed ? 'listed' : 'missing', vodJobId }; // guard: absence-needs-control
      }
      // Its media may have been deleted: that says nothing about another one.
      refusal = troubleOf(list);
      if (refusal.passes) break;
    }
    return refusal === null ? { outcome: 'none' } : { outcome: 'unasked', trouble: refusal };
  }

  private async declareAbsent(lost: Case, neighbour: string, seen: number): Promise<void> {
    const { job, submission } = lost;
    // Asking took a while. What has come meanwhile and was looked at raised the version; this is for what was not yet.
    const events = await this.unknownEvents(lost);
    // guard: absence-sees-events
    if (events.length > seen) return this.note(lost, 'an event of VOD came while its lists were read');
    const evidence = `VOD lists no such job of this media, though it lists ${neighbour} of about the same time`;
    await this.record(
      job.id,
      { type: 'proven_absent', attempt: submission.number, version: job.version, evidence },
      { rung: 'absence', outcome: 'absent' },
    );
  }

  private hold({ job, submission }: Case, reason: string, candidates: string[] = []): Promise<void> {
    return this.record(
      job.id,
      {
        type: 'undecidable',
        attempt: submission.number,
        version: job.version,
        reason,
        ...(candidates.length > 0 && { candidates }),
      },
      { rung: 'none', outcome: 'held' },
    );
  }

  /** Nothing is decided while VOD cannot be asked. Not for ever, and not when it will always say no. */
  private async wait(lost: Case, { cause, passes }: Trouble): Promise<void> {
    const { job, submission } = lost;
    if (!passes || isPast(this.now(), submission.sentAt, this.options.rules.jobDeadlineMs)) {
      return this.hold(lost, `VOD cannot be asked: ${cause}`);
    }
    const againInMs = backOff(Math.min(job.tries, 10), AFTER_GRACE_MS, AFTER_GRACE_MAX_MS, 0.5);
    await this.jobs.applyTogether([looked(job.id, `not decided yet: ${cause}`, againInMs)]);
  }

  private async note({ job }: Case, note: string): Promise<void> {
    await this.jobs.applyTogether([looked(job.id, note)]);
  }

  private async record(jobId: string, event: JobEvent, decided: Decided): Promise<void> {
    const [verdict] = await this.jobs.applyTogether([{ jobId, event }]);
    if (verdict?.outcome === 'moved') return this.tell(verdict.job, decided);
    if (verdict?.outcome !== 'ignored' || verdict.reason !== 'older_look') return;
    // Counts as a look all the same: a flood of events must not buy one after the other.
    await this.jobs.applyTogether([looked(jobId, 'something came while it was being decided', DOORBELL_GAP_MS)]);
  }

  private tell({ id, region, type }: Case['job'], decided: Decided): void {
    this.signals.emit('recovery.decided', { jobId: id, region, type, ...decided });
  }

  private graceIsOver({ submission }: Case): boolean {
    return isPast(this.now(), submission.resentAt ?? submission.sentAt, this.options.rules.recoverGraceMs);
  }

  private async ask<T>(
    operation: VodOperation,
    region: string,
    send: () => Promise<ReadOutcome<T>>,
  ): Promise<ReadOutcome<T>> {
    const answer = await told(this.signals, { operation, region, jobs: 1 }, send);
    if (answer.outcome === 'busy') await this.queues.closeFor('recover', region, answer.retryAfterMs, answer.code);
    return answer;
  }
}

type Neighbour =
  { outcome: 'listed' | 'missing'; vodJobId: string } | { outcome: 'none' } | { outcome: 'unasked'; trouble: Trouble };

/**
 * The only candidate is ours when nobody else waits for one like it, or when its event names our attempt. Or when VOD
 * surely has ours, and lists no other: then this one would be a second candidate if it were another's.
 */
function isSurely({ submission, siblingFound }: Case, { rung }: Candidate, { rivals, listed }: Findings): boolean {
  const hasArrived = submission.nonceSeenAt !== null || siblingFound;
  return rivals === 0 || rung === 'extend' || (hasArrived && listed); // guard: one-find-one-job
}

/** Why what was found proves nothing, in the words for the person who has to decide; null when there is nothing. */
function doubtOf({ candidates, unexplained, listed }: Findings): string | null {
  const [candidate, ...others] = candidates;
  if (candidate && others.length > 0) {
    return `${candidates.length} jobs of VOD could be this one: ${ids(candidates.map(({ vodJobId }) => vodJobId))}`;
  }
  if (candidate) {
    return `VOD's job ${candidate.vodJobId} is this one, or that of another job of this media that waits for its answer`;
  }
  // guard: absence-explains-all
  if (unexplained.length > 0) return `VOD lists ${ids(unexplained)}, and does not say what it is: it may be this one`;
  // guard: absence-needs-list
  if (!listed) return 'no event of VOD names it, and no rung that could prove its absence is switched on';
  return null;
}

/** What a person who decides may adopt. */
function candidatesIn({ candidates, unexplained }: Findings): string[] {
  return [...candidates.map(({ vodJobId }) => vodJobId), ...unexplained].slice(0, NAMED);
}

/** VOD lists the jobs of six months: a person reads the first of them. */
function ids(list: string[]): string {
  const more = list.length - NAMED;
  return more > 0 ? `${list.slice(0, NAMED).join(', ')} and ${more} more` : list.join(', ');
}

interface Decided {
  rung: Rung | 'resend' | 'absence' | 'none';
  outcome: 'found' | 'absent' | 'held';
}

function looked(jobId: string, note: string, againInMs?: number): Change {
  return { jobId, event: { type: 'looked', note, ...(againInMs === undefined ? {} : { againInMs }) } };
}

function hints(events: CandidateEvent[], rung: Rung, evidence: string): Candidate[] {
  return [...new Set(events.map((event) => event.vodJobId))].map((vodJobId) => ({ vodJobId, rung, evidence }));
}

/** Made at VOD in the time in which this attempt was under way. A job without a time may have been. */
function isOfAttempt({ submission }: Case, createdAt: Date | null, callMs: number): boolean {
  if (createdAt === null) return true;
  const last = submission.resentAt ?? submission.sentAt;
  return (
    createdAt.getTime() >= submission.sentAt.getTime() - CLOCKS_MS && // guard: find-of-time
    createdAt.getTime() <= last.getTime() + callMs + CLOCKS_MS
  );
}

function noteOn({ candidates, trouble, listed, unexplained }: Findings): string {
  if (candidates.length > 1) return `${candidates.length} jobs of VOD could be this one`;
  if (candidates.length === 1)
    return 'one job of VOD could be this one, or that of another job of this media that waits';
  if (trouble !== null) return `VOD could not be asked: ${trouble.cause}`;
  if (unexplained.length > 0) return `VOD lists ${ids(unexplained)}, and does not say what it is`;
  return listed ? 'no event of VOD names it yet, and VOD does not list it' : 'no event of VOD names it yet';
}

function troubleOf(outcome: Exclude<ReadOutcome<unknown>, { outcome: 'answered' }>): Trouble {
  return { cause: whyNot(outcome), passes: outcome.outcome !== 'refused' };
}

function whyNot(outcome: Exclude<ReadOutcome<unknown> | SubmitOutcome, { outcome: 'answered' | 'accepted' }>): string {
  return 'cause' in outcome ? outcome.cause : `${outcome.outcome}: ${outcome.code}`;
}
