import type { JobEvent } from '@app/domain';
import type { Change, Door, Verdict } from './door';
import type { SubmissionAnswer } from './write-statement';
import type { EventMatcher } from './event.matcher';
import { Gather } from './gather';

/** What happens to jobs: a single change, or several that are committed together or not at all. */
export class JobStore {
  private readonly commits = new Gather((entries: Entry[]) => this.commitAll(entries), { batch: 100, lanes: 2 });

  constructor(
    private readonly door: Door,
    private readonly events: EventMatcher,
  ) {}

  /**
   * Applies an event to one job. One that the table does not know in the job's state is ignored, and that is a verdict.
   * Throws when VOD's JobId in it belongs to another row (constraint job_vod_job_id).
   */
  async apply(jobId: string, event: JobEvent, actor?: string): Promise<Verdict> {
    const [verdict] = await this.commits.add({ changes: [{ jobId, event, ...(actor ? { actor } : {}) }] });
    return verdict as Verdict;
  }

  /** The same for several jobs, and the answer to their submission, in one transaction. Verdicts in order. */
  applyTogether(changes: Change[], answer?: SubmissionAnswer): Promise<Verdict[]> {
    return this.commits.add({ changes, ...(answer ? { answer } : {}) });
  }

  private async commitAll(entries: Entry[]): Promise<Verdict[][]> {
    const changes = entries.flatMap((entry) => entry.changes);
    let overtaken = Promise.resolve<string[]>([]);
    const verdicts = await this.door.commit((batch) => {
      batch.answers.push(...entries.flatMap(({ answer }) => answer ?? []));
      overtaken = this.events.findOvertaken(batch.tx, changes);
      return this.events.applyWithEarlyEvents(batch, changes);
    });
    await this.events.matchOvertaken(await overtaken);
    return entries.map((entry) => verdicts.splice(0, entry.changes.length));
  }
}

interface Entry {
  changes: Change[];
  answer?: SubmissionAnswer;
}
