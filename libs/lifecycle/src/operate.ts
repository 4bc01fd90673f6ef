import { statesFor, type JobEvent, type JobState } from '@app/domain';
import { isTakenJobId, type HistoryRow, type JobReads, type JobRow, type JobStore } from '@app/persistence';

/** What goes with everything that a person does. */
export interface Word {
  reason?: string | undefined;
  /** Of the job as the person saw it: nothing is done to one that has moved on since. */
  version?: number | undefined;
}

/** What a person decides about a job that is held. Paying again is always a person's word, never a guess of ours. */
export type Resolution = Word &
  (
    | /** VOD has it under this JobId. The read that follows confirms it, or holds the job again. */
      { action: 'adopt'; vodJobId: string }
      /** Submit it once more, and perhaps pay twice. */
    | { action: 'resubmit' }
    | { action: 'fail' }
  );

export type OperateOutcome =
  /** Also when it had been done before: the same click twice does it once. */
  | { outcome: 'done'; job: JobRow }
  | { outcome: 'wrong_state'; state: JobState; states: JobState[] }
  /** It is not any more what the person has seen. */
  | { outcome: 'moved_on'; job: JobRow; states: JobState[] }
  /** VOD never had it, so it has no result that could be read again. */
  | { outcome: 'nothing_to_read'; states: JobState[] }
  | { outcome: 'job_id_taken' }
  | { outcome: 'no_such_job' };

type Deed = Extract<JobEvent, { type: 'canceled' | 'retried' | 'refetched' | 'adopted' | 'resubmitted' | 'given_up' }>;

/** What people do to jobs. It goes through the same door as everything else, with their name and their reason. */
export class Operate {
  constructor(
    private readonly jobs: JobStore,
    private readonly reads: JobReads,
  ) {}

  /** Takes back what is not sent yet. Each of these: @param actor name of the person's API key */
  cancel(jobId: string, word: Word, actor: string): Promise<OperateOutcome> {
    return this.take(jobId, { type: 'canceled', ...said(word) }, actor);
  }

  /** A new attempt, which is paid if it succeeds. */
  retry(jobId: string, word: Word, actor: string): Promise<OperateOutcome> {
    return this.take(jobId, { type: 'retried', ...said(word) }, actor);
  }

  /** Reads the result of the same VOD job again. Never pays. */
  refetch(jobId: string, word: Word, actor: string): Promise<OperateOutcome> {
    return this.take(jobId, { type: 'refetched', ...said(word) }, actor);
  }

  resolve(jobId: string, resolution: Resolution, actor: string): Promise<OperateOutcome> {
    return this.take(jobId, deedOf(resolution), actor);
  }

  private async take(jobId: string, deed: Deed, actor: string): Promise<OperateOutcome> {
    try {
      const verdict = await this.jobs.apply(jobId, deed, actor);
      switch (verdict.outcome) {
        case 'moved':
          return { outcome: 'done', job: verdict.job };
        case 'no_such_job':
          return verdict;
        case 'ignored': {
          const [history, job] = await Promise.all([this.reads.history(jobId), this.reads.job(jobId)]);
          if (!job) return { outcome: 'no_such_job' };
          if (isDoneAlready(history, deed, actor)) return { outcome: 'done', job }; // guard: click-once
          const states = statesFor(deed.type);
          if (verdict.reason === 'nothing_to_read') return { outcome: 'nothing_to_read', states };
          if (verdict.reason === 'older_look') return { outcome: 'moved_on', job, states };
          return { outcome: 'wrong_state', state: verdict.state, states };
        }
      }
    } catch (error) {
      if (isTakenJobId(error)) return { outcome: 'job_id_taken' };
      throw error;
    }
  }
}

/**
 * A click that comes twice: by an impatient hand, or because its answer was lost. With the version that the person saw, the
 * next line of the history says for ever whether it was theirs; without, their deed has to be the last of any person.
 */
function isDoneAlready(history: HistoryRow[], deed: Deed, actor: string): boolean {
  const { version } = deed;
  const line =
    version === undefined
      ? history.findLast((each) => each.actor !== null)
      : history.find((each) => each.version === version + 1);
  return (
    line?.actor === actor && // guard: own-click-only
    line.event === deed.type &&
    (deed.type !== 'adopted' || line.detail['candidate'] === deed.candidate)
  );
}

function deedOf({ reason, version, ...resolution }: Resolution): Deed {
  const word = said({ reason, version });
  switch (resolution.action) {
    case 'adopt':
      return { type: 'adopted', candidate: resolution.vodJobId, ...word };
    case 'resubmit':
      return { type: 'resubmitted', ...word };
    case 'fail':
      return { type: 'given_up', ...word };
  }
}

/** What was left out is not said, rather than said to be undefined. */
function said({ reason, version }: Word): { reason?: string; version?: number } {
  return { ...(reason === undefined ? {} : { reason }), ...(version === undefined ? {} : { version }) };
}
