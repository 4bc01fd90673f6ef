import { setTimeout as pause } from 'node:timers/promises';
import type { Signals } from '@app/observability';
import type { PaceStore } from '@app/persistence';
import { queueName, type QueueKind } from '@app/queue';

const SECOND_MS = 1_000;

/** Where VOD allows many calls a second, so many milliseconds of them are reserved by one statement. What isn't used is lost. */
const TOGETHER_MS = 50;

/** Later than that a call may meet those that follow a second behind it, as VOD counts. */
const LATE_MS = 8;

/** Where so many a second are allowed, no call is so late that it mattered. */
const DENSE_GAP_MS = 5;

/** A reserved call: when it may start, by the clock of `performance`, and how far the next one is behind it. */
export interface Slot {
  at: number;
  gapMs: number;
}

/** Calls that are reserved and not made yet. */
interface Reserved {
  left: number;
  nextAt: number;
  gapMs: number;
  /** Unused until then, they are lost: others' calls start after that. */
  until: number;
}

const none: Reserved = { left: 0, nextAt: 0, gapMs: 0, until: 0 };

/** When this process may call VOD. What all processes together may is in the table `pace`. */
export class Pacer {
  private readonly reserved = new Map<string, Promise<Reserved>>();
  private readonly pausedUntil = new Map<string, number>();

  constructor(
    private readonly pace: PaceStore,
    private readonly signals: Signals,
  ) {}

  /** Reserves one call, and resolves when it may start. Throws when Postgres is away: nothing is called then. */
  async turn(region: string, operation: string): Promise<Slot> {
    const key = `${region} ${operation}`;
    const before = this.reserved.get(key) ?? Promise.resolve(none);
    // One after the other: what one reserves for several is there for the next.
    const taken = before.catch(() => none).then((block) => this.takeFrom(block, region, operation));
    this.reserved.set(key, taken);
    const { nextAt, gapMs } = await taken;
    return this.until(region, operation, { at: nextAt - gapMs, gapMs });
  }

  /** Waits for the moment of a reserved call. When VOD has asked for fewer calls in the meantime, it takes another turn. */
  async until(region: string, operation: string, slot: Slot): Promise<Slot> {
    await at(slot.at);
    const pausedUntil = this.pausedUntil.get(`${region} ${operation}`) ?? 0;
    return pausedUntil > performance.now() ? this.turn(region, operation) : slot;
  }

  /**
   * A call leaves now. VOD counts sliding seconds: one that leaves late, because what is committed before it took long, would be one too many
   * for those a second behind it. So all that is not reserved yet starts as much later. Never throws, and nothing waits for it.
   */
  leaves(region: string, operation: string, { at: moment, gapMs }: Slot): void {
    const lateMs = performance.now() - moment;
    if (lateMs <= LATE_MS || gapMs < DENSE_GAP_MS) return;
    this.pace.delay(region, operation, Math.min(lateMs, SECOND_MS)).catch(() => undefined);
  }

  /** VOD has asked for fewer calls: no process starts another of this operation within so many milliseconds. */
  async pause(kind: QueueKind, region: string, operation: string, ms: number, code: string): Promise<void> {
    const key = `${region} ${operation}`;
    this.pausedUntil.set(key, Math.max(this.pausedUntil.get(key) ?? 0, performance.now() + ms));
    this.reserved.delete(key);
    await this.pace.pause(region, operation, ms);
    const untilMs = Date.now() + ms;
    this.signals.emit('queue.closed', { queue: queueName(kind, region), kind, region, untilMs, code });
  }

  private async takeFrom(block: Reserved, region: string, operation: string): Promise<Reserved> {
    const now = performance.now();
    if (block.left > 0 && now < block.until) {
      return { ...block, left: block.left - 1, nextAt: Math.max(block.nextAt, now) + block.gapMs };
    }
    const calls = Math.max(Math.floor(TOGETHER_MS / (block.gapMs || TOGETHER_MS)), 1);
    const { startInMs, gapMs } = await this.pace.reserve(region, operation, calls);
    const startAt = performance.now() + startInMs;
    return { left: calls - 1, nextAt: startAt + gapMs, gapMs, until: startAt + calls * gapMs };
  }
}

/** Resolves at a moment, by the clock of `performance`. */
async function at(moment: number): Promise<void> {
  const ms = moment - performance.now();
  if (ms > 0) await pause(ms);
}
