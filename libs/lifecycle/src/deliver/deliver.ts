import type { AttemptOutcome } from '@app/domain';
import type { Next } from '@app/loop';
import type { Posted } from '@app/outbound';
import type { Attempt, ClaimedDelivery, Then } from '@app/persistence';
import type { StepParts } from '../parts';
import { bodyOf, headersOf, resultFor } from './message';
import { nextTryMs, retryAfterMs } from './schedule';

/**
 * In hand at the same time: of all endpoints, and of one of them. What is slow or dead keeps its own places busy and no others; the last
 * quarter is for endpoints that have none in hand, however many are slow.
 */
const IN_HAND = { all: 64, more: 48, ofOne: 4 };

/** How long a dead worker's deliveries wait: far longer than one takes, with its deadline of ten seconds. */
const LEASE_MS = 60_000;

/** Of an answer so much is kept, in bytes. */
const HEAD_MAX = 2_048;

/** Sends what is due to whoever wants to be told, and says what came of it. At least once: who dies in between leaves it to be sent again. */
export class Deliver {
  private readonly inHand = new Map<string, number>();
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
   * @param done is called when one is over and there is room again; `failed` when what came of one could not be kept
   */
  async run(done: () => void, failed: (error: unknown) => void): Promise<Next> {
    const room = IN_HAND.all - this.sending.size;
    if (room === 0) return { again: 'when_woken' };
    const inHand = [...this.inHand].map(([endpointId, count]) => ({ endpointId, count }));
    const roomForMore = Math.max(IN_HAND.more - this.sending.size, 0);
    const caps = { room, roomForMore, ofOne: IN_HAND.ofOne };
    const claimed = await this.deps.deliveries.claim(LEASE_MS, caps, inHand);
    for (const delivery of claimed) this.begin(delivery, done, failed);
    return { again: 'when_woken' };
  }

  /** Resolves when nothing is in hand any more. */
  async idle(): Promise<void> {
    while (this.sending.size > 0) await Promise.all(this.sending);
  }

  private begin(delivery: ClaimedDelivery, done: () => void, failed: (error: unknown) => void): void {
    const { endpointId } = delivery;
    this.inHand.set(endpointId, (this.inHand.get(endpointId) ?? 0) + 1);
    const sending = this.deliver(delivery)
      .catch(failed)
      .finally(() => {
        this.sending.delete(sending);
        const left = (this.inHand.get(endpointId) ?? 1) - 1;
        if (left > 0) this.inHand.set(endpointId, left);
        else this.inHand.delete(endpointId);
        done();
      });
    this.sending.add(sending);
  }

  private async deliver(delivery: ClaimedDelivery): Promise<void> {
    const { id, endpointId, client, type, url } = delivery;
    const begun = performance.now();
    const posted = await this.post(delivery);
    const durationMs = Math.round(performance.now() - begun);
    const attempt: Attempt = { ...attemptOf(posted), durationMs };
    const then = this.follows(delivery, posted, durationMs);
    const paused = await this.deps.attempts.note(delivery, attempt, then);
    const { outcome, status, error } = attempt;
    const [first, told] = [delivery.attempts === 0, then.state === 'delivered'];
    const sinceMs = first && told ? Math.max(this.deps.now().getTime() - delivery.happenedAt.getTime(), 0) : null;
    const host = hostOf(url);
    this.deps.signals.emit('delivery.tried', {
      deliveryId: id,
      endpointId,
      client,
      host,
      type,
      outcome,
      status,
      error,
      ms: durationMs,
      sinceMs,
    });
    if (then.state === 'failed')
      this.deps.signals.emit('delivery.failed', { deliveryId: id, endpointId, client, host, type });
    if (paused === 'gone' || paused === 'failing')
      this.deps.signals.emit('endpoint.paused', { endpointId, client, host, reason: paused });
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
