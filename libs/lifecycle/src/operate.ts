import { statesFor, type JobEvent, type JobState } from '@app/domain';
import { isTakenJobId, type HistoryRow, type JobReads, type JobRow, type JobStore } from '@app/persistence';

/** What goes with everything that a person does. */
export interface ActionNote {
  reason?: string | undefined;
  /** Of the job as the person saw it: nothing is done to one that has moved on since. */
  version?: number | undefined;
}

/** What a person decides about a job that is held. Paying again is always a person's decision, never a guess of ours. */
export type Resolution = ActionNote &
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
  /** Until when there was one, if that is still known. */
  | { outcome: 'no_such_job'; keptUntil: Date | null };

type OperatorEvent = Extract<
  JobEvent,
  { type: 'canceled' | 'retried' | 'refetched' | 'adopted' | 'resubmitted' | 'given_up' }
>;

/** What people do to jobs. It goes through the same door as everything else, with their name and their reason. */
export class Operate {
  constructor(
    private readonly jobs: JobStore,
    private readonly reads: JobReads,
  ) {}

  /** Takes back what is not sent yet. Each of these: @param actor name of the person's API key */
  cancel(jobId: string, note: ActionNote, actor: string): Promise<OperateOutcome> {
    return this.take(jobId, { type: 'canceled', ...noteOf(note) }, actor);
  }

  /** A new attempt, which is paid if it succeeds. */
  retry(jobId: string, note: ActionNote, actor: string): Promise<OperateOutcome> {
    return this.take(jobId, { type: 'retried', ...noteOf(note) }, actor);
  }

  /** Reads the result of the same VOD job again. Never pays. */
  refetch(jobId: string, note: ActionNote, actor: string): Promise<OperateOutcome> {
    return this.take(jobId, { type: 'refetched', ...noteOf(note) }, actor);
  }

  resolve(jobId: string, resolution: Resolution, actor: string): Promise<OperateOutcome> {
    return this.take(jobId, eventOf(resolution), actor);
  }

  private async take(jobId: string, event: OperatorEvent, actor: string): Promise<OperateOutcome> {
    try {
      const verdict = await this.jobs.apply(jobId, event, actor);
      switch (verdict.outcome) {
        case 'moved':
          return { outcome: 'done', job: verdict.job };
        case 'no_such_job':
          return await this.missing(jobId);
        case 'ignored': {
          const [history, job] = await Promise.all([this.reads.history(jobId), this.reads.job(jobId)]);
          if (!job) return await this.missing(jobId);
          if (isDoneAlready(history, event, actor)) return { outcome: 'done', job }; // guard: click-once
          const states = statesFor(event.type);
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

  private async missing(jobId: string): Promise<OperateOutcome> {
    return { outcome: 'no_such_job', keptUntil: await this.reads.keptUntil(jobId) };
  }
}

/**
 * A click that comes twice: by an impatient hand, or because its answer was lost. With the version that the person saw, the
 * next line of the history says for ever whether it was theirs; without, what they did has to be the last of any person.
 */
function isDoneAlready(history: HistoryRow[], event: OperatorEvent, actor: string): boolean {
  const { version } = event;
  const line =
    version === undefined
      ? history.findLast((each) => each.actor !== null)
      : history.find((each) => each.version === version + 1);
  return (
    line?.actor === actor && // guard: own-click-only
    line.event === event.type &&
    (event.type !== 'adopted' || line.detail['candidate'] === event.candidate)
  );
}

function eventOf({ reason, version, ...resolution }: Resolution): OperatorEvent {
  const note = noteOf({ reason, version });
  switch (resolution.action) {
    case 'adopt':
      return { type: 'adopted', candidate: resolution.vodJobId, ...note };
    case 'resubmit':
      return { type: 'resubmitted', ...note };
    case 'fail':
      return { type: 'given_up', ...note };
  }
}

/** What was left out is not said, rather than said to be undefined. */
function noteOf({ reason, version }: ActionNote): { reason?: string; version?: number } {
  return { ...(reason === undefined ? {} : { reason }), ...(version === undefined ? {} : { version }) };
}
