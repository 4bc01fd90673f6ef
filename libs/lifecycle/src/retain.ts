import { setTimeout as pause } from 'node:timers/promises';
import type { Signals } from '@app/observability';
import {
  isOver,
  isOverdue,
  type DeliveryRetention,
  type Dropped,
  type Month,
  type MonthStore,
  type RetainedTable,
  type RetentionLimits,
  type RetentionReads,
  type RetentionStore,
} from '@app/persistence';
import type { Clock } from './parts';

/** How long things are kept, in milliseconds; null for ever. */
export interface RetentionSettings {
  /**
   * Jobs that are over, with all that belongs to them, since the last of their request was over; events of no job, since they came;
   * deliveries, since they were over.
   */
  recordsMs: number | null;
  /** Bodies of events, since they came. */
  eventBodiesMs: number | null;
  /** Idempotency keys and JobIds of what was dropped, since it was over. */
  keysMs: number | null;
}

export type RetainOutcome = { outcome: 'done' | 'stopped'; dropped: Dropped } | { outcome: 'elsewhere' };

interface RetainParts extends Pick<Clock, 'now'> {
  store: RetentionStore;
  reads: RetentionReads;
  months: MonthStore;
  deliveries: DeliveryRetention;
  signals: Signals;
}

interface RetainOptions {
  /** Ends the run after the batch that is under way. */
  stop?: AbortSignal;
  /** Rests after each batch for as long as that took: whoever works at the same time has half of the way at least. */
  gently?: boolean;
}

/** Drops what has been kept for as long as the settings say. What is open or held stays, and whatever it needs. */
export class Retain {
  constructor(
    private readonly deps: RetainParts,
    private readonly settings: RetentionSettings,
  ) {}

  /** What a run would drop now; nothing is changed. */
  plan(): Promise<Required<Dropped>> {
    return this.deps.months.all().then((months) => this.deps.reads.plan(this.limits(), months));
  }

  /** For how long the oldest thing has been there that should be gone. */
  behindMs(): Promise<number> {
    return this.deps.months.all().then((months) => this.deps.reads.behindMs(this.limits(), months));
  }

  /** Once an hour whoever asks, of any number of processes. */
  async runIfDue(everyMs: number, options: RetainOptions): Promise<RetainOutcome> {
    return (await this.deps.store.isDue(everyMs)) ? this.run(options) : { outcome: 'elsewhere' };
  }

  /** One run from the beginning to the end, unless another one is under way. What one leaves undone, the next one does. */
  async run(options: RetainOptions = {}): Promise<RetainOutcome> {
    const ran = await this.deps.store.alone(() => this.runAlone(options));
    return ran ?? { outcome: 'elsewhere' };
  }

  private async runAlone({ stop, gently = false }: RetainOptions): Promise<RetainOutcome> {
    const total: Dropped = {};
    const begun = performance.now();
    let complete = false;
    try {
      let batchBegun = performance.now();
      for await (const dropped of this.batches()) {
        this.count(dropped, total);
        if (stop?.aborted) break;
        if (gently)
          await pause(performance.now() - batchBegun, undefined, { ...(stop && { signal: stop }) }).catch(() => {});
        batchBegun = performance.now();
      }
      complete = !stop?.aborted;
    } finally {
      await this.deps.store.noteRun({ complete, jobs: (total.job ?? 0) > 0 });
      this.deps.signals.emit('retention.ran', { dropped: total, complete, ms: Math.round(performance.now() - begun) });
    }
    return { outcome: complete ? 'done' : 'stopped', dropped: total };
  }

  private async *batches(): AsyncGenerator<Dropped> {
    const { recordsBefore, eventBodiesBefore, keysBefore } = this.limits();
    await this.deps.months.makeAhead(this.deps.now());
    if (recordsBefore !== null) {
      const months = await this.deps.months.all();
      yield* this.records(
        recordsBefore,
        months.filter((month) => !isOverdue(month, recordsBefore)),
      );
      for (const month of months.filter((each) => isOver(each, recordsBefore))) yield* this.month(month, recordsBefore);
      yield* this.events(recordsBefore);
      yield* this.deliveries(recordsBefore);
    }
    yield await this.deps.deliveries.dropSecrets();
    if (eventBodiesBefore !== null) yield* this.bodies(eventBodiesBefore);
    if (keysBefore !== null) yield* this.keys(keysBefore);
  }

  /** Walk after walk until one drops nothing: a request that shared a job kept that job's request until it went itself. */
  private async *records(overBefore: Date, months: Month[]): AsyncGenerator<Dropped> {
    for (let found = true; found;) {
      found = false;
      let after;
      do {
        const { dropped, next } = await this.deps.store.dropRecords(
          { overBefore, now: this.deps.now(), months },
          after,
        );
        after = next ?? undefined;
        found ||= (dropped.request ?? 0) > 0;
        yield dropped;
      } while (after);
    }
  }

  /** At once, as soon as no job of it is left. Should one stay for longer, what the others have left goes without it. */
  private async *month(month: Month, overBefore: Date): AsyncGenerator<Dropped> {
    const dropped = await this.deps.months.drop(month);
    if (dropped !== null) yield { [month.table]: dropped };
    if (dropped !== null || !isOverdue(month, overBefore)) return;
    for (let after: string | undefined = month.low; after !== undefined;) {
      const { rows, next }: { rows: number; next: string | null } = await this.deps.months.sweep(month, after);
      after = next ?? undefined;
      yield { [month.table]: rows };
    }
  }

  private async *events(cameBefore: Date): AsyncGenerator<Dropped> {
    for (let after: string | null = '00000000-0000-0000-0000-000000000000'; after !== null;) {
      const { dropped, next }: { dropped: Dropped; next: string | null } = await this.deps.store.dropEvents(
        cameBefore,
        after,
      );
      after = next;
      yield dropped;
    }
  }

  private async *bodies(cameBefore: Date): AsyncGenerator<Dropped> {
    for (let more = true; more;) {
      const { dropped, done } = await this.deps.store.emptyBodies(cameBefore, this.deps.now());
      more = !done;
      yield dropped;
    }
  }

  private async *keys(overBefore: Date): AsyncGenerator<Dropped> {
    for (let more = true; more;) {
      const { dropped, done } = await this.deps.store.dropKeys(overBefore);
      more = !done;
      yield dropped;
    }
  }

  private async *deliveries(overBefore: Date): AsyncGenerator<Dropped> {
    for (let more = true; more;) {
      const { dropped, done } = await this.deps.deliveries.dropDeliveries(overBefore);
      more = !done;
      yield dropped;
    }
    yield await this.deps.deliveries.dropEndpoints(overBefore);
  }

  private count(dropped: Dropped, total: Dropped): void {
    for (const [table, rows] of Object.entries(dropped) as [RetainedTable, number][]) {
      if (rows === 0) continue;
      total[table] = (total[table] ?? 0) + rows;
      this.deps.signals.emit('retention.dropped', { table, rows });
    }
  }

  private limits(): RetentionLimits {
    const { recordsMs, eventBodiesMs, keysMs } = this.settings;
    const ago = (ms: number | null) => (ms === null ? null : new Date(this.deps.now().getTime() - ms));
    return { recordsBefore: ago(recordsMs), eventBodiesBefore: ago(eventBodiesMs), keysBefore: ago(keysMs) };
  }
}
