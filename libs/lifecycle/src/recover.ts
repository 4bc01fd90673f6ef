import { isPast, type AlarmRules, type JobEvent, type Rung } from '@app/domain';
import type { Signals } from '@app/observability';
import type { CandidateEvent, Case, CaseReads, Change, Claim, JobStore, SubmissionAnswer } from '@app/persistence';
import type { Payload, Queues } from '@app/queue';
import type { ReadOutcome, SubmitOutcome, VodClient } from '@app/vod';
import { answerFor, eventFor, extendOf, isTakenJobId, toSubmission } from './submission';
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

/** The gateway refuses what was signed longer ago; the rest is for the way and for clocks. */
const RESEND_WITHIN_MS = 14 * 60_000;

/** ListAIJob takes at most ten JobIds a call. */
const CONFIRM_AT_ONCE = 10;

/** So often proven absent, and lost again: something between VOD and us swallows this request. A person should know. */
const ABSENCES_BEFORE_HELD = 5;

/** What a look has brought. */
interface Findings {
  /** Jobs at VOD that can only be this one: of this media and type, made in the time of the attempt, known to no row. */
  candidates: Candidate[];
  /** Whether VOD's list of this media was read whole. */
  listed: boolean;
  /** Why VOD could not be asked; null when it answered everything. */
  trouble: string | null;
}

interface Candidate {
  vodJobId: string;
  rung: Rung;
  evidence: string;
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
    if (candidate && others.length === 0 && isSurely(lost, candidate)) return this.adopt(lost, candidate);
    if (others.length === 0 && this.mayResend(lost)) return this.resend(region, lost);
    if (!this.graceIsOver(lost)) return this.note(lost, noteOn(found));
    // Nothing is decided while VOD cannot be asked: the case stays open.
    if (found.trouble !== null) return this.note(lost, `not decided yet: ${found.trouble}`);
    return this.decide(region, lost, found);
  }

  /** Rungs 0 to 2: everything that only reads. */
  private async look(region: string, lost: Case): Promise<Findings> {
    const findings: Findings = { candidates: [], listed: false, trouble: null };
    const hinted = await this.hintedByEvents(lost);
    await this.confirm(region, lost, hinted, findings);
    if (findings.candidates.length > 0 || !this.options.by.includes('listing')) return findings;

    const list = await this.ask('ListJobInfo', region, () => this.vod.listJobInfo(region, lost.job.mediaId));
    if (list.outcome !== 'answered') return { ...findings, trouble: findings.trouble ?? whyNot(list) };
    const inTime = list.value.jobs.filter(({ createTime }) => isOfAttempt(lost, createTime, this.options.callMs));
    const strangers = await this.cases.strangersAmong(
      lost.job,
      inTime.map((job) => job.jobId),
    );
    const evidence = `the only AI job of this media and type that VOD lists for the time of the attempt and that no other job has`;
    await this.confirm(
      region,
      lost,
      strangers.map((vodJobId) => ({ vodJobId, rung: 'listing' as const, evidence })),
      findings,
    );
    return { ...findings, listed: true };
  }

  /** An event that echoes our Extend goes before all others, and only the best kind of hint there is counts. */
  private async hintedByEvents(lost: Case): Promise<Candidate[]> {
    const { by } = this.options;
    if (!by.includes('extend') && !by.includes('event')) return [];
    const events = await this.cases.eventsFor(lost);
    const strangers = new Set(
      await this.cases.strangersAmong(
        lost.job,
        events.map((event) => event.vodJobId),
      ),
    );
    const unknown = events.filter((event) => strangers.has(event.vodJobId));
    const extend = extendOf({ requestId: lost.job.requestId, number: lost.submission.number });
    const echoing = by.includes('extend') ? unknown.filter((event) => event.extend === extend) : [];
    if (echoing.length > 0) return hints(echoing, 'extend', 'an event of VOD echoes the Extend of this attempt');
    return by.includes('event')
      ? hints(unknown, 'event', 'an event of VOD about a job of this media and type that no other job has')
      : [];
  }

  /** The bodies of events are not signed and lists give no types: only what ListAIJob says counts. */
  private async confirm(region: string, lost: Case, hinted: Candidate[], findings: Findings): Promise<void> {
    for (let i = 0; i < hinted.length; i += CONFIRM_AT_ONCE) {
      const some = hinted.slice(i, i + CONFIRM_AT_ONCE);
      const ids = some.map((candidate) => candidate.vodJobId);
      const answer = await this.ask('ListAIJob', region, () => this.vod.listAIJob(region, ids));
      if (answer.outcome !== 'answered') {
        findings.trouble ??= whyNot(answer);
        continue;
      }
      for (const candidate of some) {
        const job = answer.value.jobs.find(({ jobId }) => jobId === candidate.vodJobId);
        const isOurs =
          job?.type === lost.job.type &&
          (job.mediaId ?? lost.job.mediaId) === lost.job.mediaId &&
          isOfAttempt(lost, job.creationTime, this.options.callMs);
        if (isOurs) findings.candidates.push(candidate);
      }
    }
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

  /** Rung 3, when the looks that only read have all been made, while VOD's gateway still takes the signature. */
  private mayResend({ submission }: Case): boolean {
    const { rules, resendPinned } = this.options;
    const now = this.now();
    return (
      resendPinned &&
      submission.nonceSeenAt === null &&
      isPast(now, submission.sentAt, rules.recoverAfterMs.at(-1) ?? 0) &&
      !isPast(now, submission.signedAt, RESEND_WITHIN_MS) &&
      // Not again before the one before it has surely ended.
      (submission.resentAt === null || isPast(now, submission.resentAt, this.options.callMs))
    );
  }

  /**
   * Sends the same bytes again. The gateway takes a nonce once: when it refuses this one, the first call had arrived;
   * when it takes it, the first had not, and this one has. Every other answer says nothing about the first call.
   */
  private async resend(region: string, lost: Case): Promise<void> {
    const { requestId } = lost.job;
    const signer = await this.vod.signer();
    const claim = signer && (await this.jobs.claimResend(requestId, lost.submission.number, signer));
    if (!claim) {
      return this.note(lost, 'nothing of VOD names it yet, and the same request cannot be sent again');
    }
    const call = { operation: 'SubmitAIJob', region, jobs: claim.jobs.length };
    const outcome = await told(this.signals, call, () => this.vod.submitAIJob(region, toSubmission(claim)));
    if (outcome.outcome === 'busy') await this.queues.closeFor('submit', region, outcome.retryAfterMs, outcome.code);
    await this.recordResend(claim, outcome);
  }

  private async recordResend(claim: Claim, outcome: SubmitOutcome): Promise<void> {
    const againInMs = this.options.rules.recoverAfterMs[0] ?? this.options.rules.recoverGraceMs;
    if (outcome.outcome === 'accepted') {
      const changes = claim.jobs.map(({ id, type }) => {
        const event = eventFor(claim.number, type, outcome);
        const note = `VOD took the same request now, and its answer does not list ${type}`;
        return event.type === 'accepted' ? { jobId: id, event } : looked(id, note, againInMs);
      });
      const verdicts = await this.jobs.applyTogether(changes, answerFor(claim, outcome));
      for (const verdict of verdicts) {
        if (verdict.outcome === 'moved' && verdict.job.state !== 'unconfirmed') {
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
    await this.jobs.applyTogether(
      claim.jobs.map(({ id }) => looked(id, note, againInMs)),
      answer,
    );
  }

  /** The last rung: absent beyond doubt, or a person's case. */
  private async decide(region: string, lost: Case, { candidates, listed }: Findings): Promise<void> {
    const { job, submission, absences } = lost;
    const [candidate, ...others] = candidates;
    if (candidate && others.length === 0) {
      return this.hold(
        lost,
        `VOD's job ${candidate.vodJobId} is this one, or that of another job of this media that waits`,
      );
    }
    if (candidates.length > 1) {
      const ids = candidates.map(({ vodJobId }) => vodJobId).join(', ');
      return this.hold(lost, `${candidates.length} jobs of VOD could be this one: ${ids}`);
    }
    if (submission.nonceSeenAt !== null) {
      return this.hold(lost, 'VOD has received the request (it knows the nonce), and yet no job of it can be found');
    }
    if (!listed)
      return this.hold(lost, 'no event of VOD names it, and no rung that could prove its absence is switched on');
    if (absences >= ABSENCES_BEFORE_HELD) {
      return this.hold(lost, `it was sent and proven absent ${absences} times, and its answer was lost once more`);
    }
    const control = await this.cases.control(job);
    if (control === null) {
      return this.hold(
        lost,
        'VOD does not list it, and there is no other job to prove that VOD lists such jobs at all',
      );
    }
    const list = await this.ask('ListJobInfo', region, () => this.vod.listJobInfo(region, control.mediaId));
    if (list.outcome !== 'answered') return this.note(lost, `not decided yet: ${whyNot(list)}`);
    if (!list.value.jobs.some((other) => other.jobId === control.vodJobId)) {
      return this.hold(
        lost,
        `VOD does not list it, but neither does it list ${control.vodJobId}, which surely is there`,
      );
    }
    const evidence = `VOD lists no such job of this media, though it lists ${control.vodJobId} of about the same age`;
    await this.record(
      job.id,
      { type: 'proven_absent', attempt: submission.number, version: job.version, evidence },
      { rung: 'absence', outcome: 'absent' },
    );
  }

  private hold({ job }: Case, reason: string): Promise<void> {
    return this.record(job.id, { type: 'undecidable', reason }, { rung: 'none', outcome: 'held' });
  }

  private async note({ job }: Case, note: string): Promise<void> {
    await this.jobs.applyTogether([looked(job.id, note)]);
  }

  private async record(jobId: string, event: JobEvent, decided: Decided): Promise<void> {
    const [verdict] = await this.jobs.applyTogether([{ jobId, event }]);
    if (verdict?.outcome === 'moved') this.tell(verdict.job, decided);
  }

  private tell({ id, region, type }: Case['job'], decided: Decided): void {
    this.signals.emit('recovery.decided', { jobId: id, region, type, ...decided });
  }

  private graceIsOver({ submission }: Case): boolean {
    return isPast(this.now(), submission.resentAt ?? submission.sentAt, this.options.rules.recoverGraceMs);
  }

  private async ask<T>(
    operation: string,
    region: string,
    send: () => Promise<ReadOutcome<T>>,
  ): Promise<ReadOutcome<T>> {
    const answer = await told(this.signals, { operation, region, jobs: 1 }, send);
    if (answer.outcome === 'busy') await this.queues.closeFor('recover', region, answer.retryAfterMs, answer.code);
    return answer;
  }
}

/**
 * The only candidate is ours when nobody else waits for one like it, when its event names our attempt, or when VOD has
 * seen our nonce: then ours is there, and would be a second candidate if this one were another's.
 */
function isSurely({ rivals, submission }: Case, { rung }: Candidate): boolean {
  return rivals === 0 || rung === 'extend' || submission.nonceSeenAt !== null;
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
    createdAt.getTime() >= submission.sentAt.getTime() - CLOCKS_MS &&
    createdAt.getTime() <= last.getTime() + callMs + CLOCKS_MS
  );
}

function noteOn({ candidates, trouble, listed }: Findings): string {
  if (candidates.length > 1) return `${candidates.length} jobs of VOD could be this one`;
  if (candidates.length === 1)
    return `one job of VOD could be this one, or that of another job of this media that waits`;
  if (trouble !== null) return `VOD could not be asked: ${trouble}`;
  return listed ? 'no event of VOD names it yet, and VOD does not list it' : 'no event of VOD names it yet';
}

function whyNot(outcome: Exclude<ReadOutcome<unknown> | SubmitOutcome, { outcome: 'answered' | 'accepted' }>): string {
  return 'cause' in outcome ? outcome.cause : `${outcome.outcome}: ${outcome.code}`;
}
