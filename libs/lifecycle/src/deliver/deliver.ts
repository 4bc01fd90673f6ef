import type { AttemptOutcome, PauseReason } from '@app/domain';
import type { Next } from '@app/loop';
import type { Posted } from '@app/outbound';
import type { Attempt, ClaimedDelivery, Then } from '@app/persistence';
import type { StepParts } from '../parts';
import { bodyOf, headersOf, resultFor } from './message';
import { nextTryMs, retryAfterMs } from './schedule';

/**
 * In hand at the same time: of all endpoints, of one of them, and of one that answers quickly. What is slow or dead keeps its own places
 * busy and no others; the last quarter is for endpoints that have none in hand, however many are slow.
 */
const IN_HAND = { all: 64, more: 48, ofOne: 4, ofQuick: 16 };

/** Who takes a delivery within this is quick: so many calls of it as are allowed then are over before anybody waits for their places. */
const QUICK_MS = 1_000;

/** How long a dead worker's deliveries wait: far longer than one takes, with its deadline of ten seconds. */
const LEASE_MS = 60_000;

/** Of an answer so much is kept, in bytes. */
const HEAD_MAX = 2_048;

/** Sends what is due to whoever wants to be told, and says what came of it. At least once: who dies in between leaves it to be sent again. */
export class Deliver {
  /** Places that are taken, by endpoint. */
  private readonly open = new Map<string, number>();
  private readonly quick = new Set<string>();
  /** Until what came of them is kept. */
  private readonly sending = new Set<Promise<void>>();

  constructor(
    private readonly deps: Pick<
      StepParts,
      'deliveries' | 'attempts' | 'reads' | 'outbound' | 'signals' | 'now' | 'chance'
    >,
  ) {}

  /**
   * Begins as many deliveries as there is room for, and does not wait for them.
   *
   * @param done is called when there is room again; `failed` when what came of one could not be kept
   */
  async run(done: () => void, failed: (error: unknown) => void): Promise<Next> {
    const room = IN_HAND.all - this.sending.size;
    if (room === 0) return { again: 'when_woken' };
    const roomForMore = Math.max(IN_HAND.more - this.sending.size, 0);
    const caps = { room, roomForMore, ofOne: IN_HAND.ofOne };
    const claimed = await this.deps.deliveries.claim(LEASE_MS, caps, this.known());
    for (const delivery of claimed) {
      const sending = this.deliver(delivery, done)
        .catch(failed)
        .finally(() => {
          this.sending.delete(sending);
          done();
        });
      this.sending.add(sending);
    }
    return { again: 'when_woken' };
  }

  /** Resolves when nothing is in hand any more. */
  async idle(): Promise<void> {
    while (this.sending.size > 0) await Promise.all(this.sending);
  }

  private known() {
    return [...new Set([...this.open.keys(), ...this.quick])].map((endpointId) => ({
      endpointId,
      count: this.open.get(endpointId) ?? 0,
      most: this.quick.has(endpointId) ? IN_HAND.ofQuick : IN_HAND.ofOne,
    }));
  }

  private async deliver(delivery: ClaimedDelivery, done: () => void): Promise<void> {
    const { endpointId } = delivery;
    const leave = this.enter(endpointId);
    try {
      const begun = performance.now();
      const posted = await this.post(delivery);
      const durationMs = Math.round(performance.now() - begun);
      const follows = this.follows(delivery, posted, durationMs);
      const isDelivered = follows.state === 'delivered';
      if (isDelivered && durationMs < QUICK_MS) this.quick.add(endpointId);
      else this.quick.delete(endpointId);
      if (isDelivered) {
        leave(); // the next one may go there while it is kept that this one has arrived; after a failure not before it rests
        done();
      }
      const attempt: Attempt = { ...attemptOf(posted), durationMs };
      this.tell(delivery, attempt, follows, await this.deps.attempts.note(delivery, attempt, follows));
    } finally {
      leave();
    }
  }

  /** Takes one of an endpoint's places. Answers how to leave it; once, however often that is called. */
  private enter(endpointId: string): () => void {
    this.open.set(endpointId, (this.open.get(endpointId) ?? 0) + 1);
    let isIn = true;
    return () => {
      if (!isIn) return;
      isIn = false;
      const left = (this.open.get(endpointId) ?? 1) - 1;
      if (left > 0) this.open.set(endpointId, left);
      else this.open.delete(endpointId);
    };
  }

  private tell(delivery: ClaimedDelivery, attempt: Attempt, follows: Then, paused: PauseReason | null): void {
    const { id: deliveryId, endpointId, client, type, happenedAt } = delivery;
    const { outcome, status, error, durationMs: ms } = attempt;
    const host = hostOf(delivery.url);
    const which = { deliveryId, endpointId, client, host, type };
    const isFirst = delivery.attempts === 0 && follows.state === 'delivered';
    const sinceMs = isFirst ? Math.max(this.deps.now().getTime() - happenedAt.getTime(), 0) : null;
    const { signals } = this.deps;
    signals.emit('delivery.tried', { ...which, outcome, status, error, ms, sinceMs });
    if (follows.state === 'failed') signals.emit('delivery.failed', which);
    if (paused === 'gone' || paused === 'failing') {
      signals.emit('endpoint.paused', { endpointId, client, host, reason: paused });
    }
  }

  private async post(delivery: ClaimedDelivery): Promise<Posted> {
    if (delivery.secrets.length === 0) return { outcome: 'broken', error: 'its endpoint has no secret' };
    const body = bodyOf(delivery, await resultFor(delivery, this.deps.reads));
    const headers = headersOf(delivery, body, this.deps.now());
    return this.deps.outbound.post({ url: delivery.url, headers, body });
  }

  private follows({ tries, triedForMs }: ClaimedDelivery, posted: Posted, durationMs: number): Then {
    const isAnswer = posted.outcome === 'answered';
    if (isAnswer && isTaken(posted.status)) return { state: 'delivered' };
    const askedMs = isAnswer ? retryAfterMs(posted.retryAfter, this.deps.now()) : 0;
    const soFarMs = triedForMs + durationMs;
    const inMs = nextTryMs({ tries, triedForMs: soFarMs, askedMs, chance: this.deps.chance() });
    const isGone = isAnswer && posted.status === 410;
    // Too many, or out of order: that is about the receiver and not about this message.
    const restMs = isAnswer && (posted.status === 429 || posted.status === 503) ? askedMs : 0;
    return { state: inMs === null ? 'failed' : 'waiting', inMs, isGone, restMs };
  }
}

function isTaken(status: number): boolean {
  return status >= 200 && status < 300;
}

function attemptOf(posted: Posted): Omit<Attempt, 'durationMs'> {
  if (posted.outcome !== 'answered')
    return { outcome: posted.outcome, status: null, error: posted.error, answerHead: null };
  const { status, head } = posted;
  const outcome = outcomeOf(status);
  const error = outcome === 'delivered' ? null : `it answered with ${status}`;
  return { outcome, status, error, answerHead: head.subarray(0, HEAD_MAX).toString() };
}

function outcomeOf(status: number): AttemptOutcome {
  if (isTaken(status)) return 'delivered';
  return status >= 300 && status < 400 ? 'redirected' : 'answered';
}

/** All that a log needs of a URL: the rest of it may be a secret. */
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : '';
}
