import type { JobEvent, JobType } from '@app/domain';
import type { Claim, SubmissionAnswer } from '@app/persistence';
import type { SignedSubmission, SubmitOutcome } from '@app/vod';

/**
 * Some of VOD's events echo Extend: it names the request and the attempt even when the answer to the call is lost.
 */
export function extendOf({ requestId, number }: { requestId: string; number: number }): string {
  return `${requestId}.${number}`;
}

/** The same claim always gives the same call, so that it can be sent again byte for byte. */
export function toSubmission(claim: Claim): SignedSubmission {
  const types = claim.jobs.map(({ type }) => type).toSorted();
  const config = Object.fromEntries(
    types.flatMap((type) => (type in claim.config ? [[type, claim.config[type]]] : [])),
  );
  return {
    mediaId: claim.mediaId,
    types,
    config: Object.keys(config).length > 0 ? config : null,
    extend: extendOf(claim),
    nonce: claim.nonce,
    signedAt: claim.signedAt,
  };
}

/** What the outcome of a call means for the job of one of its types. */
export function eventFor(attempt: number, type: JobType, outcome: SubmitOutcome): JobEvent {
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

/** The outcome for the submission's own row. */
export function answerFor({ requestId, number }: Claim, outcome: SubmitOutcome): SubmissionAnswer {
  return {
    requestId,
    number,
    outcome: outcome.outcome,
    vodRequestId: 'requestId' in outcome ? outcome.requestId : null,
    code: 'code' in outcome ? outcome.code : null,
    message: 'message' in outcome ? outcome.message : 'cause' in outcome ? outcome.cause : null,
  };
}

/** Two rows with one of VOD's JobIds: the second is refused by Postgres. */
export function isTakenJobId(error: unknown): boolean {
  return (error as { constraint?: unknown } | null)?.constraint === 'job_vod_job_id';
}
