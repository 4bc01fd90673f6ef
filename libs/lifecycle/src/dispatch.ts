import { jobTypes } from '@app/domain';
import type { Signals } from '@app/observability';
import type { AlarmStore, CircuitStore, DueCounts, JobStore } from '@app/persistence';
import { READ_BATCH, type Payload, type Queues } from '@app/queue';
import { readableTogether } from '@app/vod';
import type { Turn } from './loop';

export interface DispatchOptions {
  regions: readonly string[];
  /** Requests that may wait in BullMQ, per region. The backlog waits in Postgres, where it keeps its order. */
  window: number;
  /** Jobs at VOD at once, per region and type; 0 is no cap. */
  maxInFlight: number;
}

/** Jobs taken by one statement: bounds how long their rows stay locked. */
const TAKE = 500;

/** How long a part of a batch waits for more while a read is under way. Below what anybody would call a delay. */
const LINGER_MS = 25;

/** Alarms that ring within this are answered together. */
const GATHER_MS = 50;

/** How soon to look again while the window is full. */
const WINDOW_FULL_MS = 100;

/**
 * Takes the alarms that ring and hands each job to the step that its state calls for. The only way into BullMQ: what
 * BullMQ loses rings again.
 */
export class Dispatch {
  private readonly heldSince = new Map<string, number>();

  constructor(
    private readonly alarms: AlarmStore,
    private readonly circuits: CircuitStore,
    private readonly jobs: JobStore,
    private readonly queues: Queues,
    private readonly signals: Signals,
    private readonly options: DispatchOptions,
  ) {}

  /** Jobs wait to be read together: a reader that has just finished is worth another turn. */
  get isHolding(): boolean {
    return this.heldSince.size > 0;
  }

  async turn(): Promise<Turn> {
    const ringing = await this.alarms.ringing(this.options.regions);
    const turns = this.options.regions.flatMap((region) => {
      const due = (...states: string[]) => countOf(ringing, region, states);
      const reads = due('processing', 'finished');
      return [
        due('queued') > 0 && (circuitOf(ringing, region) ? this.toProbe(region) : this.toSubmit(region)),
        due('submitting') > 0 && this.leaseOver(region),
        due('unconfirmed') > 0 && this.toRecover(region),
        reads > 0 && this.toCollect(region, reads),
      ].filter((turn) => turn !== false);
    });
    // One region's trouble, or a queue store that is away, holds up nothing else.
    const outcomes = await Promise.allSettled(turns);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
    const turn = soonest(outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : [])));
    return turn.again === 'now' ? turn : soonest([turn, await this.nextAlarm()]);
  }

  /** An alarm that is set wakes nobody when it rings: whoever turns this has to be there by then. */
  private async nextAlarm(): Promise<Turn> {
    const ms = await this.alarms.untilNext(this.options.regions);
    return { again: ms === null ? 'when_woken' : Math.max(ms, GATHER_MS) };
  }

  private async toSubmit(region: string): Promise<Turn> {
    const { waiting } = await this.queues.load('submit', region);
    const room = Math.min(this.options.window - waiting, await this.roomAtVod(region, waiting));
    if (room <= 0) return { again: WINDOW_FULL_MS };
    const limit = Math.min(room, TAKE);
    const requestIds = await this.alarms.takeQueued(region, limit);
    await this.hand(
      'submit',
      region,
      requestIds.map((requestId) => ({ requestId })),
      { requestIds },
    );
    // A request has a job of each type at most: fewer requests than this cannot have been all that `limit` jobs allowed.
    return { again: requestIds.length * jobTypes.length >= limit ? 'now' : 'when_woken' };
  }

  /** The account cannot submit: everything waits here, and one request now and then finds out whether it can again. */
  private async toProbe(region: string): Promise<Turn> {
    if (!(await this.circuits.takeProbe(region))) return { again: 'when_woken' };
    const requestIds = await this.alarms.takeProbe(region);
    await this.hand(
      'submit',
      region,
      requestIds.map((requestId) => ({ requestId, probe: true })),
      { requestIds },
    );
    return { again: 'when_woken' };
  }

  /** With a cap, the backlog waits here: the claim enforces it exactly, and would send every other job back. */
  private async roomAtVod(region: string, waiting: number): Promise<number> {
    const { maxInFlight } = this.options;
    if (maxInFlight === 0) return Infinity;
    return maxInFlight - waiting - (await this.alarms.leastInFlight(region, jobTypes.length));
  }

  /**
   * A read of ten costs as much as a read of one, and VOD counts calls. So whole batches go at once, and what is left
   * goes when no reader is busy, or soon when one is; while batches wait in line, one more in line helps nobody.
   */
  private async toCollect(region: string, due: number): Promise<Turn> {
    const { waiting, active } = await this.queues.load('collect', region);
    const whole = due - (due % READ_BATCH);
    const now = performance.now();
    const heldMs = now - (this.heldSince.get(region) ?? now);
    const hold = waiting > 0 || (active > 0 && heldMs < LINGER_MS);
    const limit = Math.min(hold ? whole : due, TAKE);
    if (hold && whole < due) this.heldSince.set(region, now - heldMs);
    else this.heldSince.delete(region);

    if (limit > 0) {
      const taken = await this.alarms.takeReads(region, limit);
      const idsOf = (jobs: { id: string }[]) => jobs.map(({ id }) => id);
      const batches = readableTogether(taken).map(({ jobs }) => ({ jobIds: idsOf(jobs) }));
      await this.hand('collect', region, batches, { jobIds: idsOf(taken) });
    }
    if (limit < due && !hold) return { again: 'now' };
    return { again: hold ? LINGER_MS : 'when_woken' };
  }

  /** The worker that claimed these has not come back. What its attempt may have cost depends on whether it was sent. */
  private async leaseOver(region: string): Promise<Turn> {
    const jobs = await this.alarms.takeIn(region, 'submitting', TAKE);
    await Promise.all(
      jobs.map(({ id, attempt, sent }) =>
        this.jobs.apply(
          id,
          sent
            ? { type: 'outcome_unknown', attempt, cause: 'the worker stopped before it stored the answer' }
            : { type: 'never_sent', attempt },
        ),
      ),
    );
    return { again: jobs.length === TAKE ? 'now' : 'when_woken' };
  }

  private async toRecover(region: string): Promise<Turn> {
    const jobs = await this.alarms.takeIn(region, 'unconfirmed', TAKE);
    const jobIds = jobs.map(({ id }) => id);
    await this.hand(
      'recover',
      region,
      jobIds.map((jobId) => ({ jobId })),
      { jobIds },
    );
    return { again: jobs.length === TAKE ? 'now' : 'when_woken' };
  }

  private async hand<K extends 'submit' | 'collect' | 'recover'>(
    kind: K,
    region: string,
    payloads: Payload<K>[],
    taken: Parameters<AlarmStore['giveBack']>[0],
  ): Promise<void> {
    if (payloads.length === 0) return;
    try {
      await this.queues.add(kind, region, payloads);
    } catch (error) {
      await this.alarms.giveBack(taken);
      throw error;
    }
    this.signals.emit('dispatch.handed', { queue: kind, region, jobs: payloads.length });
  }
}

function countOf(ringing: DueCounts[], region: string, states: string[]): number {
  return ringing
    .filter((due) => due.region === region && states.includes(due.state))
    .reduce((sum, due) => sum + due.jobs, 0);
}

function circuitOf(ringing: DueCounts[], region: string): boolean {
  return ringing.some((due) => due.region === region && due.probeAt !== null);
}

function soonest(turns: Turn[]): Turn {
  if (turns.some(({ again }) => again === 'now')) return { again: 'now' };
  const pauses = turns.flatMap(({ again }) => (typeof again === 'number' ? [again] : []));
  return { again: pauses.length > 0 ? Math.min(...pauses) : 'when_woken' };
}
