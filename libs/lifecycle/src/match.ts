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
    const regions = rematch || performance.now() < this.handsOnFrom ? [] : await this.regionsWithTime();
    const { taken, leased } = await this.deps.events.match(BATCH, { handOn: { regions, most: HAND_ON } });
    await this.handOn(leased);
    const late = rematch ? (await this.deps.events.match(BATCH, { rematch: true })).taken : 0;
    return { again: Math.max(taken, late) === BATCH ? 'now' : 'when_woken' };
  }

  private async regionsWithTime(): Promise<string[]> {
    const loads = this.options.regions.map(async (region) => {
      const { waiting, active } = await this.deps.queues.load('collect', region);
      return waiting === 0 && active < READS_AT_ONCE ? [region] : [];
    });
    return (await this.orTrouble(settleAll(loads), [])).flat();
  }

  private async handOn(jobs: readonly JobRow[]): Promise<void> {
    const regions = [...new Set(jobs.map(({ region }) => region))];
    const handed = regions.map((region) => {
      const here = jobs.filter((job) => job.region === region);
      const batches = readableTogether(here).map((batch) => ({ jobIds: idsOf(batch.jobs) }));
      return handOver(this.deps, 'collect', region, batches, { jobIds: idsOf(here) });
    });
    await this.orTrouble(settleAll(handed), []);
  }

  /** Matching goes on without the queue store. Dispatch takes what is due, meets the same trouble, and tells of it. */
  private async orTrouble<T>(asked: Promise<T>, instead: T): Promise<T> {
    try {
      return await asked;
    } catch {
      this.handsOnFrom = performance.now() + AFTER_TROUBLE_MS;
      return instead;
    }
  }
}

const idsOf = (jobs: readonly { id: string }[]) => jobs.map(({ id }) => id);
