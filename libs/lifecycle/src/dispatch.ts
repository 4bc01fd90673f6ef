import { readableStates, type JobState } from '@app/domain';
import type { Next } from '@app/loop';
import { AHEAD_MS, type Alarms } from '@app/persistence';
import { READ_BATCH } from '@app/queue';
import { readableTogether } from '@app/vod';
import { handOver } from './hand-over';
import type { StepParts } from './parts';
import { settleAll } from './settle-all';

export interface DispatchOptions {
  regions: readonly string[];
  /**
   * Entries that may wait in BullMQ to submit what is next, per region. Which jobs these are is decided when an entry is worked:
   * the backlog waits in Postgres, where it keeps its order.
   */
  lots: number;
  /** Jobs at VOD at once, per region and type; 0 is no cap. */
  maxInFlight: number;
}

/** So many jobs are taken by one statement: this bounds how long their rows stay locked. */
const TAKE = 500;

/** A part of a batch waits so long for more while a read is under way. Nobody would call it a delay. */
const LINGER_MS = 25;

/** Alarms that are due within this are answered together. */
const GATHER_MS = 50;

/** So many reads wait in line at most: what is read after its lease is over would be due, and in line, once more. */
const READS_IN_LINE = 200;

/** Soon again: the claim may not have been made yet, and what is handed on has another alarm than at the look. */
const handedOn: Next = { again: 200 };

/** While no more may wait in BullMQ, or be at VOD, dispatch looks again after this. */
const FULL_MS = 100;

/** With so much of what is reserved still to come, another claim would be for a few calls only. */
const REFILL_MS = AHEAD_MS / 2;

/**
 * Takes what is due and hands each job to the step that its state calls for. What BullMQ loses is due again after its lease.
 */
export class Dispatch {
  private readonly heldSince = new Map<string, number>();
  /** While VOD's limit has no call for any queued job of a region. What becomes queued meanwhile waits for the same. */
  private readonly spentUntil = new Map<string, number>();

  constructor(
    private readonly deps: Pick<StepParts, 'alarms' | 'circuits' | 'jobs' | 'queues' | 'signals' | 'now'>,
    private readonly options: DispatchOptions,
  ) {}

  /** Some jobs wait to be read together: a reader that has just finished is worth another run. */
  get isHolding(): boolean {
    return this.heldSince.size > 0;
  }

  async run(): Promise<Next> {
    const { regions } = this.options;
    const alarms = await this.deps.alarms.look(regions, TAKE);
    const parts = regions.flatMap((region) => this.partsOf(region, alarms));
    const later = this.pauseUntil(alarms.filter(({ due }) => due === 0));
    // One region's trouble, or a queue store that is away, keeps nothing else from being handed on.
    return soonest([later, ...(await settleAll(parts))]);
  }

  private partsOf(region: string, alarms: readonly Alarms[]): Promise<Next>[] {
    const here = alarms.filter((each) => each.region === region && each.due > 0);
    const due = (...states: JobState[]) =>
      sum(here.filter(({ state }) => states.includes(state)).map((each) => each.due));
    const isOpen = here.some(({ probeAt }) => probeAt !== null);
    const freeInMs = here.find(({ state }) => state === 'queued')?.freeInMs ?? 0;
    const reads = due(...readableStates);
    return [
      due('queued') > 0 && (isOpen ? this.toProbe(region) : this.toSubmit(region, freeInMs)),
      due('submitting') > 0 && this.leaseOver(region),
      due('unconfirmed') > 0 && this.toRecover(region),
      reads > 0 && this.toCollect(region, reads),
    ].filter((part) => part !== false);
  }

  /** An alarm wakes nobody when it becomes due: the loop has to be there by then. */
  private pauseUntil(alarms: readonly Alarms[]): Next {
    if (alarms.length === 0) return { again: 'when_woken' };
    const first = Math.min(...alarms.map(({ firstAt }) => firstAt.getTime()));
    return { again: Math.max(first - this.deps.now().getTime(), GATHER_MS) };
  }

  /**
   * Lets the most urgent be claimed: here when there is room, else by whoever is free. Whoever has claimed several wakes dispatch, so that
   * one claim follows the other; an entry that gets lost costs the wait for the next look.
   */
  private async toSubmit(region: string, freeInMs: number): Promise<Next> {
    const spentMs = (this.spentUntil.get(region) ?? 0) - performance.now();
    if (freeInMs > REFILL_MS && spentMs > 0) return { again: spentMs };
    // Jobs of one operation don't wait for the limit of another, though more urgent ones do.
    const ms = freeInMs > REFILL_MS ? ((await this.deps.alarms.freeInMs(region, TAKE)) ?? 0) : freeInMs;
    if (ms > REFILL_MS) {
      // Not for long, as those of another operation may come in at any time.
      this.spentUntil.set(region, performance.now() + Math.min(ms - REFILL_MS, REFILL_MS));
      return { again: ms - REFILL_MS };
    }
    if ((await this.roomAtVod(region)) <= 0) return { again: FULL_MS };
    const rest = this.deps.queues.startHere('submit', region, [{ next: true }]);
    if (rest.length === 0) return handedOn;
    const { waiting } = await this.deps.queues.load('submit', region);
    if (waiting >= this.options.lots) return { again: FULL_MS };
    await this.deps.queues.add('submit', region, rest);
    return handedOn;
  }

  /** While the account cannot submit, everything waits here, and one request now and then finds out whether it can again. */
  private async toProbe(region: string): Promise<Next> {
    if (!(await this.deps.circuits.takeProbe(region))) return { again: 'when_woken' };
    const requestIds = await this.deps.alarms.takeProbe(region);
    await handOver(
      this.deps,
      'submit',
      region,
      requestIds.map((requestId) => ({ requestId, probe: true })),
    );
    return handedOn;
  }

  /** The claim enforces the cap exactly. While nothing fits under it, there is nothing to claim. */
  private async roomAtVod(region: string): Promise<number> {
    const { maxInFlight } = this.options;
    if (maxInFlight === 0) return Infinity;
    return maxInFlight - (await this.deps.alarms.leastInFlight(region, TAKE));
  }

  /**
   * A read of ten costs as much as a read of one, and VOD counts calls. So whole batches go at once, and what is left goes
   * when no reader is busy, or soon when one is. While batches wait in line, one more in line helps nobody.
   */
  private async toCollect(region: string, due: number): Promise<Next> {
    const { waiting, active } = await this.readsUnderWay(region, due);
    const whole = due - (due % READ_BATCH);
    const now = performance.now();
    const heldMs = now - (this.heldSince.get(region) ?? now);
    const hold = waiting > 0 || (active > 0 && heldMs < LINGER_MS);
    const limit = Math.min(hold ? whole : due, TAKE, Math.max(READS_IN_LINE - waiting, 0));
    if (hold && whole < due) this.heldSince.set(region, now - heldMs);
    else this.heldSince.delete(region);

    if (limit > 0) {
      const batches = readableTogether(await this.deps.alarms.takeReads(region, limit));
      const payloads = batches.map(({ jobs }) => ({ jobIds: jobs.map(({ id }) => id) }));
      await handOver(this.deps, 'collect', region, payloads);
    }
    if (limit < due && !hold) return { again: 'now' };
    return { again: hold ? LINGER_MS : handedOn.again };
  }

  /** What this process has room for needs no look at the line, and goes on while the queue store is away. */
  private async readsUnderWay(region: string, due: number): Promise<{ waiting: number; active: number }> {
    const { queues } = this.deps;
    const active = queues.underWayHere('collect', region);
    if (queues.roomHere('collect', region) * READ_BATCH >= due) return { waiting: 0, active };
    const line = await queues.load('collect', region);
    return { waiting: line.waiting, active: active + line.active };
  }

  /** The worker that claimed these has not come back. What its attempt may have cost depends on whether it was sent. */
  private async leaseOver(region: string): Promise<Next> {
    const jobs = await this.deps.alarms.takeIn(region, 'submitting', TAKE);
    await Promise.all(
      jobs.map(({ id, attempt, sent }) =>
        this.deps.jobs.apply(
          id,
          sent
            ? { type: 'outcome_unknown', attempt, cause: 'the worker stopped before it stored the answer' }
            : { type: 'never_sent', attempt },
        ),
      ),
    );
    return jobs.length === TAKE ? { again: 'now' } : handedOn;
  }

  private async toRecover(region: string): Promise<Next> {
    const jobs = await this.deps.alarms.takeIn(region, 'unconfirmed', TAKE);
    await handOver(
      this.deps,
      'recover',
      region,
      jobs.map(({ id }) => ({ jobId: id })),
    );
    return jobs.length === TAKE ? { again: 'now' } : handedOn;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function soonest(nexts: Next[]): Next {
  if (nexts.some(({ again }) => again === 'now')) return { again: 'now' };
  const pauses = nexts.flatMap(({ again }) => (typeof again === 'number' ? [again] : []));
  return { again: pauses.length > 0 ? Math.min(...pauses) : 'when_woken' };
}
