import type { Next } from '@app/loop';
import type { JobRow } from '@app/persistence';
import { readableTogether } from '@app/vod';
import { handOver } from './hand-over';
import type { StepParts } from './parts';
import { settleAll } from './settle-all';

/** Events matched in one transaction: bounds how long their jobs stay locked. */
const BATCH = 200;

/** With so many reads under way here, what is to be read gathers to whole batches instead. */
const READS_AT_ONCE = 4;

/** So many jobs are handed on by one turn at most: of a burst, the rest gathers too. */
const HAND_ON = 50;

/** After trouble with the queue store nothing is handed on for so long: a store that hangs would keep every turn waiting. */
const AFTER_TROUBLE_MS = 10_000;

/**
 * Matches the events that VOD has sent to the jobs that they are about, and hands these jobs on to be read. A job is not
 * settled by this: the read does that. Where the readers are busy the jobs are due instead, and dispatch takes them.
 */
export class Match {
  private handsOnFrom = 0;

  constructor(
    private readonly deps: Pick<StepParts, 'events' | 'queues' | 'alarms' | 'signals'>,
    private readonly options: { regions: readonly string[] },
  ) {}

  /**
   * `rematch` also takes up events that found no job before; for the slow poll, not for every wake-up. In an idle system it
   * finds nothing, and asks no queue for that.
   */
  async run({ rematch }: { rematch: boolean }): Promise<Next> {
    const regions = rematch || performance.now() < this.handsOnFrom ? [] : this.regionsWithTime();
    const { taken, leased } = await this.deps.events.match(BATCH, { handOn: { regions, most: HAND_ON } });
    await this.handOn(leased);
    const late = rematch ? (await this.deps.events.match(BATCH, { rematch: true })).taken : 0;
    return { again: Math.max(taken, late) === BATCH ? 'now' : 'when_woken' };
  }

  private regionsWithTime(): string[] {
    return this.options.regions.filter((region) => this.deps.queues.underWayHere('collect', region) < READS_AT_ONCE);
  }

  private async handOn(jobs: readonly JobRow[]): Promise<void> {
    const regions = [...new Set(jobs.map(({ region }) => region))];
    const handed = regions.map((region) => {
      const here = jobs.filter((job) => job.region === region);
      const batches = readableTogether(here).map((batch) => ({ jobIds: idsOf(batch.jobs) }));
      return handOver(this.deps, 'collect', region, batches, { jobIds: idsOf(here) });
    });
    try {
      await settleAll(handed);
    } catch {
      // Matching goes on without the queue store. Dispatch takes what is due, meets the same trouble, and tells of it.
      this.handsOnFrom = performance.now() + AFTER_TROUBLE_MS;
    }
  }
}

const idsOf = (jobs: readonly { id: string }[]) => jobs.map(({ id }) => id);
