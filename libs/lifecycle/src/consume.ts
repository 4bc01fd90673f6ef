import type { Next } from '@app/loop';
import { withoutSecrets, type SignalMap, type Signals } from '@app/observability';
import { remedies, type EventQueue, type QueueFault, type QueueMessage } from '@app/vod';
import type { Clock } from './parts';
import { bodyOf, toNotice, type Receive } from './receive';

export interface ConsumeParts extends Clock {
  queue: EventQueue;
  receive: Receive;
  signals: Signals;
}

type Failure = Omit<SignalMap['event_queue.failed'], 'region'>;

/** After trouble that goes away by itself, and after such that waits for a person, who wants to see soon that it is mended. */
const soon = { firstMs: 500, mostMs: 30_000 };
const slowly = { firstMs: 5_000, mostMs: 60_000 };

/**
 * SMQ answers an empty queue at once when too many wait for it, and bills each answer: who has not waited this long has not been
 * let wait, and rests for once to twice the time.
 */
const FLOOR_MS = 1_000;

/** What a poll brings at most: then there is probably more. */
const FULL = 16;

/** Batches at the same time. What they store goes into one commit, and the way to SMQ and back costs no time. */
const MOST_BATCHES = 4;

/** Trouble that has not come again for so long is over, though nothing has shown it: a message that was not deleted may be another worker's now. */
const OVER_MS = 180_000;

/**
 * Takes VOD's events from a queue of SMQ: the other way in, beside the webhook. A message is deleted after its commit and never
 * before. Whatever comes between, it comes again and is a copy then.
 *
 * What comes this way has no limit, unlike what strangers can bring to the webhook: nobody writes to the queue but whom its owner lets,
 * and it waits in the queue, not here, when Postgres is slow.
 */
export class Consume {
  private readonly troubles = new Map<Failure['doing'], { sinceMs: number; lastMs: number; code: string }>();
  /** Batches that are being stored and deleted. */
  private readonly underWay = new Set<Promise<void>>();
  /** Since the last rest. */
  private failure: Failure | null = null;
  /** Rests in a row. */
  private rests = 0;

  /** @param region whose events are in the queue; `*` when they are those of several */
  constructor(
    private readonly parts: ConsumeParts,
    private readonly region: string,
  ) {}

  /**
   * One poll, and what is to be done with its messages. While there is more than a poll can bring, the next are taken as these are
   * being stored. `stop` ends the wait, and nothing that was taken.
   */
  async run(stop: AbortSignal): Promise<Next> {
    const askedAt = this.parts.now().getTime();
    const received = await this.parts.queue.receive(stop);
    switch (received.outcome) {
      case 'stopped':
        return { again: 'when_woken' };
      case 'failed':
        this.fail(faultOf('receive', received));
        return this.settled('now');
      case 'empty': {
        this.isWell('receive');
        this.tell({ taken: 0, kept: 0, deleted: 0, ageMs: 0 });
        const wasLetWait = this.parts.now().getTime() - askedAt >= FLOOR_MS;
        return this.settled(wasLetWait ? 'now' : FLOOR_MS * (1 + this.parts.chance()));
      }
      case 'messages': {
        this.isWell('receive');
        const { messages } = received;
        const batch: Promise<void> = this.take(messages)
          .catch((error: unknown) => this.fail(notStored(error))) // the next poll may be long: nobody waits for this one then
          .finally(() => this.underWay.delete(batch));
        this.underWay.add(batch);
        const isMore = messages.length === FULL && this.underWay.size < MOST_BATCHES && this.failure === null;
        return isMore ? { again: 'now' } : this.settled('now');
      }
    }
  }

  /** Resolves when all that was taken is stored and deleted, as far as it can be. */
  async finish(): Promise<void> {
    await Promise.all(this.underWay);
  }

  /** What keeps events from being taken, and has done so for that long; null when nothing does. */
  stuckFor(ms: number): string | null {
    const now = this.parts.now().getTime();
    for (const [doing, { sinceMs, lastMs, code }] of this.troubles) {
      if (now - lastMs < OVER_MS && now - sinceMs >= ms) return `${this.region}: cannot ${doing}: ${code}`;
    }
    return null;
  }

  private async take(messages: readonly QueueMessage[]): Promise<void> {
    const receivedAt = this.parts.now();
    const stored = await Promise.allSettled(messages.map(({ body }) => this.keep(body, receivedAt)));
    const kept = messages.filter((_, i) => stored[i]?.status === 'fulfilled'); // guard: deleted-when-kept
    const deleted = kept.length === 0 ? null : await this.parts.queue.delete(kept.map(({ receipt }) => receipt));
    this.tell({
      taken: messages.length,
      kept: kept.length,
      deleted: deleted?.outcome === 'deleted' ? deleted.deleted : 0,
      ageMs: ageOfNewest(messages, receivedAt),
    });
    const lost = stored.find((each) => each.status === 'rejected');
    if (lost) this.fail(notStored(lost.reason));
    else this.isWell('keep');
    if (deleted?.outcome === 'failed') this.fail(faultOf('delete', deleted));
    else if (deleted) this.isWell('delete');
  }

  private async keep(body: Buffer, receivedAt: Date): Promise<void> {
    const { region } = this;
    await this.parts.receive.keep(
      toNotice({ source: 'queue', region, signature: 'unneeded', body: bodyOf(body), receivedAt }),
    );
  }

  private tell(polled: Omit<SignalMap['event_queue.polled'], 'region'>): void {
    this.parts.signals.emit('event_queue.polled', { region: this.region, ...polled });
  }

  private fail(failure: Failure): void {
    const now = this.parts.now().getTime();
    const before = this.troubles.get(failure.doing);
    const sinceMs = before && now - before.lastMs < OVER_MS ? before.sinceMs : now;
    this.troubles.set(failure.doing, { sinceMs, lastMs: now, code: failure.code });
    this.failure ??= failure;
    this.parts.signals.emit('event_queue.failed', { region: this.region, ...failure });
  }

  /** When all that was taken is dealt with: a rest after trouble, or else what would be next. */
  private async settled(next: 'now' | number): Promise<Next> {
    await this.finish();
    const { failure } = this;
    this.failure = null;
    if (failure === null) {
      this.rests = 0;
      return { again: next };
    }
    const { firstMs, mostMs } = failure.mend === null ? soon : slowly;
    const most = Math.min(firstMs * 2 ** this.rests, mostMs);
    this.rests += 1;
    return { again: most * (0.5 + this.parts.chance() / 2) };
  }

  private isWell(doing: Failure['doing']): void {
    const trouble = this.troubles.get(doing);
    if (!trouble) return;
    this.troubles.delete(doing);
    const afterMs = this.parts.now().getTime() - trouble.sinceMs;
    this.parts.signals.emit('event_queue.recovered', { region: this.region, doing, afterMs });
  }
}

function faultOf(doing: Failure['doing'], { trouble, code, message, requestId }: QueueFault): Failure {
  return { doing, trouble, code, message, requestId, mend: remedies[trouble] };
}

/** Postgres's code says most; whether it is away is asked by a check of its own. */
function notStored(reason: unknown): Failure {
  const { code, message } = reason as { code?: unknown; message?: unknown };
  return {
    doing: 'keep',
    trouble: 'not_stored',
    code: typeof code === 'string' ? code : 'NotStored',
    message: withoutSecrets(String(message)).slice(0, 300),
    requestId: null,
    mend: null,
  };
}

/** By two clocks: SMQ's may be ahead of ours. */
function ageOfNewest(messages: readonly QueueMessage[], now: Date): number {
  const newest = Math.max(...messages.map(({ enqueuedAt }) => enqueuedAt?.getTime() ?? 0));
  return newest === 0 ? 0 : Math.max(now.getTime() - newest, 0);
}
