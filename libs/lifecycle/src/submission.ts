import { setTimeout as pause } from 'node:timers/promises';
import type { JobEvent, JobType } from '@app/domain';
import {
  isTakenJobId,
  type Change,
  type Claim,
  type JobStore,
  type SubmissionAnswer,
  type Verdict,
} from '@app/persistence';
import type { SignedSubmission, SubmitOutcome } from '@app/vod';

/**
 * Some of VOD's events echo Extend: it names the request and the attempt even when the answer to the call is lost.
 */
export function extendOf({ requestId, number }: { requestId: string; number: number }): string {
  return `${requestId}.${number}`;
}

/** As long as it gets: what is sent along with it has to leave so much room. */
export const longestExtend = extendOf({ requestId: 'f'.repeat(36), number: 2 ** 31 - 1 });

/** Whether an event's Extend has the form of ours: then it is about the attempt that it names and no other. */
export function isOurExtend(extend: string | null): boolean {
  return /^[0-9a-f-]{36}\.\d+$/.test(extend ?? '');
}

/** The same claim always gives the same call, so that it can be sent again byte for byte. */
export function toSubmission(claim: Claim): SignedSubmission {
  const types = claim.jobs.map(({ type }) => type).toSorted();
  const config = Object.fromEntries(
    types.flatMap((type) => (type in claim.config ? [[type, claim.config[type]]] : [])),
  );
  return {
    operation: claim.operation,
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

/** The answer to a paid call is worth waiting for a database that is away; a lost one costs a person's time. */
const STORE_TRIES_MS = [100, 250, 500, 1_000, 2_000, 4_000, 8_000];

/** Stores what a call has brought: the changes of its jobs and its own row. Verdicts in the order of the changes. */
export async function storeAnswer(
  jobs: JobStore,
  claim: Claim,
  changes: Change[],
  answer: SubmissionAnswer,
): Promise<Verdict[]> {
  for (const waitMs of [...STORE_TRIES_MS, null]) {
    try {
      return await jobs.applyTogether(changes, answer);
    } catch (error) {
      if (isTakenJobId(error)) return storeTakenJobId(jobs, claim, changes, answer);
      if (waitMs === null) throw error; // guard: answer-outlasts-outage
      await pause(waitMs);
    }
  }
  return [];
}

/**
 * VOD named a JobId that another row has. Which of the two it belongs to is for the recovery to find out; the other
 * jobs of this answer keep theirs.
 */
async function storeTakenJobId(
  jobs: JobStore,
  claim: Claim,
  changes: Change[],
  answer: SubmissionAnswer,
): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const change of changes) {
    try {
      verdicts.push(...(await jobs.applyTogether([change])));
    } catch (error) {
      if (!isTakenJobId(error) || change.event.type !== 'accepted') throw error;
      const cause = `VOD answered with the JobId ${change.event.vodJobId}, which belongs to another job`;
      verdicts.push(await jobs.apply(change.jobId, { type: 'outcome_unknown', attempt: claim.number, cause }));
    }
  }
  const message = 'VOD answered with a JobId that belongs to another job';
  await jobs.applyTogether([], { ...answer, message });
  return verdicts;
}
