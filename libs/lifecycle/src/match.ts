import type { Next } from '@app/loop';
import type { JobRow } from '@app/persistence';
import { readableTogether } from '@app/vod';
import { handOver } from './hand-over';
import type { StepParts } from './parts';
import { settleAll } from './settle-all';

/** Events matched in one transaction: bounds how long their jobs stay locked. */
const BATCH = 200;

/** So few reads leave time for another at once. With more of them, what is to be read gathers to whole batches. */
const READS_AT_ONCE = 2;

/**
 * Matches the events that VOD has sent to the jobs that they are about, and hands these jobs on to be read. A job is not
 * settled by this: the read does that. Where the readers are busy the jobs are due instead, and dispatch takes them.
 */
export class Match {
  constructor(
    private readonly deps: Pick<StepParts, 'events' | 'queues' | 'alarms' | 'signals'>,
    private readonly options: { regions: readonly string[] },
  ) {}

  /**
   * `rematch` also takes up events that found no job before; for the slow poll, not for every wake-up. In an idle system it
   * finds nothing, and asks no queue for that.
   */
  async run({ rematch }: { rematch: boolean }): Promise<Next> {
    const handOn = rematch ? [] : await this.regionsWithTime();
    const { taken, leased } = await this.deps.events.match(BATCH, { handOn });
    await this.handOn(leased);
    const late = rematch ? (await this.deps.events.match(BATCH, { rematch: true })).taken : 0;
    return { again: Math.max(taken, late) === BATCH ? 'now' : 'when_woken' };
  }

  /** None when the queue store is away: a match does not need it. */
  private async regionsWithTime(): Promise<string[]> {
    const { regions } = this.options;
    const loads = await Promise.allSettled(regions.map((region) => this.deps.queues.load('collect', region)));
    return regions.filter((_region, i) => {
      const load = loads[i];
      return load?.status === 'fulfilled' && load.value.waiting === 0 && load.value.active < READS_AT_ONCE;
    });
  }

  private async handOn(jobs: readonly JobRow[]): Promise<void> {
    const regions = [...new Set(jobs.map(({ region }) => region))];
    await settleAll(
      regions.map((region) => {
        const here = jobs.filter((job) => job.region === region);
        const batches = readableTogether(here).map((batch) => ({ jobIds: idsOf(batch.jobs) }));
        return handOver(this.deps, 'collect', region, batches, { jobIds: idsOf(here) });
      }),
    );
  }
}

const idsOf = (jobs: readonly { id: string }[]) => jobs.map(({ id }) => id);
