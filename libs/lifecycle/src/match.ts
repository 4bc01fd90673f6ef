import type { Next } from '@app/loop';
import type { JobRow } from '@app/persistence';
import { catalogue, readableTogether } from '@app/vod';
import type { StepParts } from './parts';

/** Events matched in one transaction: bounds how long their jobs stay locked. */
const BATCH = 200;

/** Of those that wait for their job, so many are looked at by each slow look: some milliseconds. */
const LOOKED_AT = 500;

/**
 * Matches the events that VOD has sent to the jobs that they are about, and has these jobs read here, in whole batches, as
 * far as there is room. A job is not settled by this: the read does that. The others are due, gather, and dispatch takes them.
 */
export class Match {
  /** How far the look for foreign events has come; null at its beginning. */
  private foreignTo: string | null = null;

  constructor(
    private readonly deps: Pick<StepParts, 'events' | 'queues' | 'signals'>,
    private readonly options: { regions: readonly string[] },
  ) {}

  /**
   * `rematch` also takes up events that found no job before, and some of those that wait for one: surely somebody else's are told
   * apart. For the slow poll, not for every wake-up. In an idle system it finds nothing.
   */
  async run({ rematch }: { rematch: boolean }): Promise<Next> {
    const { taken, leased } = await this.deps.events.match(BATCH, { handsOn: this.roomHere() });
    this.read(leased);
    const late = rematch ? (await this.deps.events.match(BATCH, { rematch: true })).taken : 0;
    if (rematch) this.foreignTo = (await this.deps.events.tellForeignApart(LOOKED_AT, this.foreignTo)).next;
    return { again: Math.max(taken, late) === BATCH ? 'now' : 'when_woken' };
  }

  /** Says of one job after the other whether it goes into a read that this process has room for. */
  private roomHere(): (job: JobRow) => boolean {
    const room = new Map(this.options.regions.map((region) => [region, this.deps.queues.roomHere('collect', region)]));
    const jobs = new Map<string, number>();
    return ({ region, type }) => {
      const { operation, atOnce } = catalogue[type].read;
      const before = jobs.get(`${region} ${operation}`) ?? 0;
      if (before % atOnce === 0) {
        const left = room.get(region) ?? 0;
        if (left === 0) return false;
        room.set(region, left - 1);
      }
      jobs.set(`${region} ${operation}`, before + 1);
      return true;
    };
  }

  /** Nothing waits for these reads. Whatever becomes of them, their jobs are due again after the lease. */
  private read(jobs: readonly JobRow[]): void {
    for (const region of new Set(jobs.map((job) => job.region))) {
      const here = jobs.filter((job) => job.region === region);
      const batches = readableTogether(here).map((batch) => ({ jobIds: batch.jobs.map(({ id }) => id) }));
      this.deps.queues.start('collect', region, batches);
      this.deps.signals.emit('dispatch.handed', { queue: 'collect', region, jobs: here.length });
    }
  }
}
