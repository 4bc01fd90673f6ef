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
  /** Runs in a row that met trouble. */
  private failures = 0;

  /** @param region whose events are in the queue; `*` when they are those of several */
  constructor(
    private readonly parts: ConsumeParts,
    private readonly region: string,
  ) {}

  /** One poll, and what is to be done with its messages. `stop` ends the wait, and nothing that was taken. */
  async run(stop: AbortSignal): Promise<Next> {
    const askedAt = this.parts.now().getTime();
    const received = await this.parts.queue.receive(stop);
    switch (received.outcome) {
      case 'stopped':
        return { again: 'when_woken' };
      case 'failed':
        return this.restAfter(faultOf('receive', received));
      case 'empty':
        this.isWell('receive');
        this.failures = 0;
        this.tell({ taken: 0, kept: 0, deleted: 0, ageMs: 0 });
        return this.parts.now().getTime() - askedAt < FLOOR_MS
          ? { again: FLOOR_MS * (1 + this.parts.chance()) }
          : { again: 'now' };
      case 'messages':
        this.isWell('receive');
        return this.take(received.messages);
    }
  }

  /** What keeps events from being taken, and has done so for that long; null when nothing does. */
  stuckFor(ms: number): string | null {
    const now = this.parts.now().getTime();
    for (const [doing, { sinceMs, lastMs, code }] of this.troubles) {
      if (now - lastMs < OVER_MS && now - sinceMs >= ms) return `${this.region}: cannot ${doing}: ${code}`;
    }
    return null;
  }

  private async take(messages: readonly QueueMessage[]): Promise<Next> {
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
    if (!lost) this.isWell('keep');
    if (deleted?.outcome === 'deleted') this.isWell('delete');
    if (lost) return this.restAfter(notStored(lost.reason));
    if (deleted?.outcome === 'failed') return this.restAfter(faultOf('delete', deleted));
    this.failures = 0;
    return { again: 'now' };
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

  private restAfter(failure: Failure): Next {
    const now = this.parts.now().getTime();
    const before = this.troubles.get(failure.doing);
    const sinceMs = before && now - before.lastMs < OVER_MS ? before.sinceMs : now;
    this.troubles.set(failure.doing, { sinceMs, lastMs: now, code: failure.code });
    this.parts.signals.emit('event_queue.failed', { region: this.region, ...failure });
    const { firstMs, mostMs } = failure.mend === null ? soon : slowly;
    const most = Math.min(firstMs * 2 ** this.failures, mostMs);
    this.failures += 1;
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
