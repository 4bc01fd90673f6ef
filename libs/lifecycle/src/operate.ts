import { statesFor, type JobEvent, type JobState } from '@app/domain';
import type { JobRow, JobStore } from '@app/persistence';
import { isTakenJobId } from './submission';

/** What a person decides about a job that is held. Paying again is always a person's word, never a guess of ours. */
export type Resolution =
  /** VOD has it under this JobId. The read that follows confirms it, or holds the job again. */
  | { action: 'adopt'; vodJobId: string; reason?: string | undefined }
  /** Submit it once more, and pay for that. */
  | { action: 'resubmit'; reason?: string | undefined }
  | { action: 'fail'; reason?: string | undefined };

export type OperateOutcome =
  | { outcome: 'done'; job: JobRow }
  | { outcome: 'wrong_state'; state: JobState; states: JobState[] }
  | { outcome: 'job_id_taken' }
  | { outcome: 'no_such_job' };

/** What people do to jobs. It goes through the same door as everything else, with their name and their reason. */
export class Operate {
  constructor(private readonly jobs: JobStore) {}

  /** @param actor name of the person's API key */
  resolve(jobId: string, resolution: Resolution, actor: string): Promise<OperateOutcome> {
    return this.take(jobId, eventOf(resolution), actor);
  }

  private async take(jobId: string, event: JobEvent, actor: string): Promise<OperateOutcome> {
    try {
      const verdict = await this.jobs.apply(jobId, event, actor);
      switch (verdict.outcome) {
        case 'moved':
          return { outcome: 'done', job: verdict.job };
        case 'ignored':
          return { outcome: 'wrong_state', state: verdict.state, states: statesFor(event.type) };
        case 'no_such_job':
          return verdict;
      }
    } catch (error) {
      if (isTakenJobId(error)) return { outcome: 'job_id_taken' };
      throw error;
    }
  }
}

function eventOf({ reason, ...resolution }: Resolution): JobEvent {
  const why = reason === undefined ? {} : { reason };
  switch (resolution.action) {
    case 'adopt':
      return { type: 'adopted', candidate: resolution.vodJobId, ...why };
    case 'resubmit':
      return { type: 'resubmitted', ...why };
    case 'fail':
      return { type: 'given_up', ...why };
  }
}
