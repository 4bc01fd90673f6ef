import type { EventMatcher } from '@app/persistence';
import type { Turn } from './loop';

/** Events matched in one transaction: bounds how long their jobs stay locked. */
const BATCH = 200;

/**
 * Matches the events that VOD has sent to the jobs that they are about, and makes those jobs due. A job is not settled
 * by this: the read that follows does that.
 */
export class Match {
  constructor(private readonly events: EventMatcher) {}

  /** `rematch` also takes up events that found no job before; for the slow poll, not for every wake-up. */
  async turn({ rematch }: { rematch: boolean }): Promise<Turn> {
    const { taken } = await this.events.match(BATCH, { rematch: false });
    const late = rematch ? (await this.events.match(BATCH, { rematch: true })).taken : 0;
    return { again: Math.max(taken, late) === BATCH ? 'now' : 'when_woken' };
  }
}
