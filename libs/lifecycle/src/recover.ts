import { isPast, type AlarmRules } from '@app/domain';
import type { JobReads, JobStore } from '@app/persistence';
import type { Payload } from '@app/queue';

/**
 * Looks at a submission whose outcome is unknown. It may have been billed, so it is never sent again on a guess: an
 * event or the grace period decides, and after that a person.
 */
export class Recover {
  constructor(
    private readonly jobs: JobStore,
    private readonly reads: JobReads,
    private readonly rules: AlarmRules,
    private readonly now: () => Date = () => new Date(),
  ) {}

  async recover({ jobId }: Payload<'recover'>): Promise<void> {
    const job = await this.reads.job(jobId);
    if (job?.state !== 'unconfirmed') return;
    const graceOver = isPast(this.now(), job.submittedAt, this.rules.recoverGraceMs);
    await this.jobs.apply(
      jobId,
      graceOver
        ? { type: 'undecidable', reason: 'nothing proved within the grace period that VOD has it, or that it has not' }
        : { type: 'looked', note: 'no event of VOD names it yet' },
    );
  }
}
