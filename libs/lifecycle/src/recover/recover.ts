import { NOTICE_GAP_MS, submitOperationOf, type JobEvent, type Rung } from '@app/domain';
import { isTakenJobId, type Case, type Change, type Claim, type SubmissionAnswer } from '@app/persistence';
import type { Payload } from '@app/queue';
import type { SubmitOutcome } from '@app/vod';
import type { StepParts } from '../parts';
import { answerFor, eventFor, storeAnswer, toSubmission } from '../submission';
import { callVod } from '../call-vod';
import { conclude, type Candidate, type Conclusion, type Findings, type RecoverOptions } from './conclude';
import { Look } from './look';
import { causeOf, notes, resent } from './words';

type Outcome<K extends Conclusion['outcome']> = Extract<Conclusion, { outcome: K }>;

interface Decided {
  rung: Rung | 'resend' | 'absence' | 'none';
  outcome: 'found' | 'absent' | 'held';
}

/**
 * Finds out what became of a submission whose answer was lost: an event that echoes our Extend, an event about an unknown
 * job of this media, VOD's list of this media (look.ts), the very same signed request once more. What follows from what was
 * found is said in conclude.ts, and done here.
 */
export class Recover {
  private readonly look: Look;

  constructor(
    private readonly deps: Pick<StepParts, 'jobs' | 'submissions' | 'cases' | 'vod' | 'pacer' | 'signals' | 'now'>,
    private readonly options: RecoverOptions,
  ) {
    this.look = new Look(deps, options);
  }

  async recover(region: string, { jobId }: Payload<'recover'>): Promise<void> {
    const lost = await this.deps.cases.open(jobId);
    if (!lost) return;
    const found = await this.look.at(region, lost);
    return this.act(region, lost, found, this.deps.now());
  }

  /**
   * A refused resend and the answer of a neighbour are findings of the same look: they lead to another conclusion, which asks
   * for neither again.
   */
  private async act(region: string, lost: Case, found: Findings, now: Date): Promise<void> {
    const conclusion = conclude(lost, found, now, this.options);
    switch (conclusion.outcome) {
      case 'adopt':
        return this.adopt(lost, conclusion.candidate);
      case 'resend':
        if (await this.resend(region, lost)) return;
        return this.act(region, lost, { ...found, resendRefused: true }, now);
      case 'note':
        return this.note(lost, conclusion.note);
      case 'wait':
        return this.note(lost, conclusion.note, conclusion.againInMs);
      case 'ask_neighbour':
        return this.act(region, lost, { ...found, neighbour: await this.look.atNeighbour(region, lost) }, now);
      case 'absent':
        return this.declareAbsent(lost, conclusion);
      case 'hold':
        return this.hold(lost, conclusion);
    }
  }

  private async adopt(lost: Case, { vodJobId, rung, evidence }: Candidate): Promise<void> {
    const { job, submission } = lost;
    const event: JobEvent = { type: 'found', attempt: submission.number, vodJobId, rung, evidence };
    try {
      await this.record(job.id, event, { rung, outcome: 'found' });
    } catch (error) {
      if (!isTakenJobId(error)) throw error;
      await this.note(lost, notes.takenMeanwhile(vodJobId));
    }
  }

  /**
   * Rung 3: sends the same bytes again. The gateway takes a nonce once: when it refuses this one, the first call had arrived;
   * when it takes it, the first had not, and this one has. Every other answer says nothing about the first call.
   * False when it could not be sent.
   */
  private async resend(region: string, lost: Case): Promise<boolean> {
    const { requestId, type } = lost.job;
    const signer = await this.deps.vod.signer(region);
    // One of the calls that submits, as far as VOD counts. Reserved first: what is committed next is about a call at once.
    if (!signer) return false;
    const slot = await this.deps.pacer.turn(region, submitOperationOf(type));
    const claim = await this.deps.submissions.claimResend(requestId, lost.submission.number, signer);
    if (!claim) return false; // another key would sign it, or somebody else is at it
    this.deps.pacer.leaves(region, claim.operation, slot);
    const call = { operation: claim.operation, region, jobs: claim.jobs.length };
    const outcome = await callVod(this.deps.signals, call, () => this.deps.vod.submit(region, toSubmission(claim)));
    await this.recordResend(claim, outcome);
    if (outcome.outcome === 'busy') {
      await this.deps.pacer.pause('submit', region, claim.operation, outcome.retryAfterMs, outcome.code);
    }
    return true;
  }

  private async recordResend(claim: Claim, outcome: SubmitOutcome): Promise<void> {
    if (outcome.outcome === 'accepted') return this.recordTaken(claim, outcome);
    const nonceSeen = outcome.outcome === 'unknown' && /^SignatureNonceUsed/i.test(outcome.cause);
    const note = nonceSeen ? resent.nonceSeen : resent.nothing(causeOf(outcome));
    const answer: SubmissionAnswer = { ...answerFor(claim, outcome), outcome: 'unknown', message: note, nonceSeen };
    const changes = claim.jobs.map(({ id }) => looked(id, note, this.afterResendMs()));
    await storeAnswer(this.deps.jobs, claim, changes, answer);
  }

  private async recordTaken(claim: Claim, outcome: Extract<SubmitOutcome, { outcome: 'accepted' }>): Promise<void> {
    const changes = claim.jobs.map(({ id, type }): Change => {
      const event = eventFor(claim.number, type, outcome);
      if (event.type === 'accepted') return { jobId: id, event };
      return looked(id, resent.withoutType(type), this.afterResendMs());
    });
    const verdicts = await storeAnswer(this.deps.jobs, claim, changes, answerFor(claim, outcome));
    for (const verdict of verdicts) {
      if (verdict.outcome !== 'moved' || verdict.job.vodJobId === null) continue;
      this.emit(verdict.job, { rung: 'resend', outcome: 'found' });
    }
  }

  private afterResendMs(): number {
    return this.options.rules.recoverAfterMs[0] ?? this.options.rules.recoverGraceMs;
  }

  private declareAbsent({ job, submission }: Case, { evidence }: Outcome<'absent'>): Promise<void> {
    const event: JobEvent = { type: 'proven_absent', attempt: submission.number, version: job.version, evidence };
    return this.record(job.id, event, { rung: 'absence', outcome: 'absent' });
  }

  private hold({ job, submission }: Case, { reason, candidates }: Outcome<'hold'>): Promise<void> {
    const event: JobEvent = { type: 'undecidable', attempt: submission.number, version: job.version, reason };
    const named = candidates.length > 0 ? { ...event, candidates } : event;
    return this.record(job.id, named, { rung: 'none', outcome: 'held' });
  }

  private async note({ job }: Case, note: string, againInMs?: number): Promise<void> {
    await this.deps.jobs.applyTogether([looked(job.id, note, againInMs)]);
  }

  private async record(jobId: string, event: JobEvent, decided: Decided): Promise<void> {
    const [verdict] = await this.deps.jobs.applyTogether([{ jobId, event }]);
    if (verdict?.outcome === 'moved') return this.emit(verdict.job, decided);
    if (verdict?.outcome !== 'ignored' || verdict.reason !== 'older_look') return;
    // Counts as a look all the same: a flood of events must not buy one after the other.
    await this.deps.jobs.applyTogether([looked(jobId, notes.somethingCame, NOTICE_GAP_MS)]);
  }

  private emit({ id, region, type }: Case['job'], decided: Decided): void {
    this.deps.signals.emit('recovery.decided', { jobId: id, region, type, ...decided });
  }
}

function looked(jobId: string, note: string, againInMs?: number): Change {
  return { jobId, event: { type: 'looked', note, ...(againInMs === undefined ? {} : { againInMs }) } };
}
