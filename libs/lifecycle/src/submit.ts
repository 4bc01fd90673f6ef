import { setTimeout as pause } from 'node:timers/promises';
import type { JobEvent, JobType } from '@app/domain';
import type { Signals } from '@app/observability';
import type { Change, Claim, JobStore, SubmissionAnswer } from '@app/persistence';
import type { Payload, Queues } from '@app/queue';
import type { SignedSubmission, SubmitOutcome, VodClient } from '@app/vod';

/** An account that cannot submit cannot submit the next job either: one region asks again this often, not once per job. */
const BLOCKED_PAUSE_MS = 10_000;

/** The answer to a paid call is worth waiting for a database that is away; a lost one costs a person's time. */
const RECORD_TRIES_MS = [100, 250, 500, 1_000, 2_000, 4_000, 8_000];

/** Calls SubmitAIJob for a request's queued jobs, at most once for each claim. */
export class Submit {
  constructor(
    private readonly jobs: JobStore,
    private readonly vod: VodClient,
    private readonly queues: Queues,
    private readonly signals: Signals,
    private readonly chance: () => number = Math.random,
  ) {}

  async submit(region: string, { requestId }: Payload<'submit'>): Promise<void> {
    const claim = await this.jobs.claim(requestId);
    if (!claim) return;
    // The last look before money is spent: the claim is still ours, and there is time enough for the call.
    if (!(await this.jobs.markSent(claim))) return;

    const outcome = await this.call(claim);
    await this.record(claim, outcome);

    if (outcome.outcome === 'busy') {
      await this.queues.closeFor('submit', region, outcome.retryAfterMs * (1 + this.chance()), outcome.code);
    } else if (outcome.outcome === 'blocked') {
      await this.queues.closeFor('submit', region, BLOCKED_PAUSE_MS, outcome.code);
    }
  }

  private async call(claim: Claim): Promise<SubmitOutcome> {
    const started = performance.now();
    const outcome = await this.vod.submitAIJob(claim.region, toSubmission(claim));
    this.signals.emit('vod.called', {
      operation: 'SubmitAIJob',
      region: claim.region,
      outcome: outcome.outcome,
      ms: performance.now() - started,
      requestId: 'requestId' in outcome ? outcome.requestId : null,
      code: 'code' in outcome ? outcome.code : undefined,
      jobs: claim.jobs.length,
    });
    return outcome;
  }

  private async record(claim: Claim, outcome: SubmitOutcome): Promise<void> {
    const changes = claim.jobs.map(({ id, type }) => ({ jobId: id, event: eventFor(claim.number, type, outcome) }));
    for (const waitMs of [...RECORD_TRIES_MS, null]) {
      try {
        await this.jobs.applyTogether(changes, answerFor(claim, outcome));
        return;
      } catch (error) {
        if (isTakenJobId(error)) return this.recordTakenJobId(claim, changes, outcome);
        if (waitMs === null) throw error;
        await pause(waitMs);
      }
    }
  }

  /**
   * VOD named a JobId that another row has. Which of the two it belongs to is for the recovery to find out; the other
   * jobs of this answer keep theirs.
   */
  private async recordTakenJobId(claim: Claim, changes: Change[], outcome: SubmitOutcome): Promise<void> {
    for (const change of changes) {
      try {
        await this.jobs.applyTogether([change]);
      } catch (error) {
        if (!isTakenJobId(error) || change.event.type !== 'accepted') throw error;
        const cause = `VOD answered with the JobId ${change.event.vodJobId}, which belongs to another job`;
        await this.jobs.apply(change.jobId, { type: 'outcome_unknown', attempt: claim.number, cause });
      }
    }
    const message = 'VOD answered with a JobId that belongs to another job';
    await this.jobs.applyTogether([], { ...answerFor(claim, outcome), message });
  }
}

/** The same claim always gives the same call, so that it could be sent again byte for byte. */
function toSubmission(claim: Claim): SignedSubmission {
  const types = claim.jobs.map(({ type }) => type).toSorted();
  const config = Object.fromEntries(
    types.flatMap((type) => (type in claim.config ? [[type, claim.config[type]]] : [])),
  );
  return {
    mediaId: claim.mediaId,
    types,
    config: Object.keys(config).length > 0 ? config : null,
    // Echoed by some of VOD's events: it names the request and the attempt even when the answer to this call is lost.
    extend: `${claim.requestId}.${claim.number}`,
    nonce: claim.nonce,
    signedAt: claim.signedAt,
  };
}

function eventFor(attempt: number, type: JobType, outcome: SubmitOutcome): JobEvent {
  switch (outcome.outcome) {
    case 'accepted': {
      const job = outcome.jobs.find((accepted) => accepted.type === type);
      return job
        ? { type: 'accepted', attempt, vodJobId: job.vodJobId, vodRequestId: outcome.requestId }
        : { type: 'outcome_unknown', attempt, cause: `VOD's answer does not list ${type}` };
    }
    case 'refused':
      return {
        type: 'refused',
        attempt,
        code: outcome.code,
        message: outcome.message,
        vodRequestId: outcome.requestId,
      };
    case 'busy':
      return { type: 'throttled', attempt, code: outcome.code, retryAfterMs: outcome.retryAfterMs };
    case 'blocked':
      return { type: 'blocked', attempt, code: outcome.code, message: outcome.message };
    case 'not_sent':
      return { type: 'not_sent', attempt, cause: outcome.cause };
    case 'unknown':
      return { type: 'outcome_unknown', attempt, cause: outcome.cause };
  }
}

function answerFor({ requestId, number }: Claim, outcome: SubmitOutcome): SubmissionAnswer {
  return {
    requestId,
    number,
    outcome: outcome.outcome,
    vodRequestId: 'requestId' in outcome ? outcome.requestId : null,
    code: 'code' in outcome ? outcome.code : null,
    message: 'message' in outcome ? outcome.message : 'cause' in outcome ? outcome.cause : null,
  };
}

function isTakenJobId(error: unknown): boolean {
  return (error as { constraint?: unknown } | null)?.constraint === 'job_vod_job_id';
}
