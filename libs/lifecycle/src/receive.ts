import { setTimeout as pause } from 'node:timers/promises';
import type { Signals } from '@app/observability';
import { EventStore, type Notification } from '@app/persistence';
import { parseEvent, parseEventHead, verifyCallback, type CallbackVerdict, type VodEvent } from '@app/vod/callback';
import { v7 as uuidv7 } from 'uuid';

/** A body as it came in, read to its end but kept only up to a limit. */
export interface ReceivedBody {
  head: Buffer;
  size: number;
  sha256: string;
}

export interface Received {
  /** Where it came in: the region whose callback URL was called, or '*' when one URL serves several. */
  region: string;
  timestamp: string | undefined;
  signature: string | undefined;
  path: string;
  remoteAddress: string | null;
  /** Reads the body; not called for a caller that is refused. */
  readBody: () => Promise<ReceivedBody>;
}

export interface ReceiveOptions {
  /** The URLs registered at VOD, by region, byte for byte. */
  urls: ReadonlyMap<string, string>;
  keys: readonly string[];
  /** `required`: what is not signed changes nothing. `hint`: it is kept, and only makes a known job due. */
  auth: 'required' | 'hint';
  toleranceMs: number;
}

/** `refused` is 401. Whatever else happens is 200, because telling VOD to try again would not help, or a throw: 503. */
export type ReceiveOutcome = { outcome: 'stored'; fresh: boolean } | { outcome: 'refused'; reason: string };

/** VOD waits 5 s for its answer. Shorter than that by what the way back and a busy machine may take. */
const PATIENCE_MS = 4_000;
const RETRY_MS = 150;

/**
 * Takes one notification of VOD: checks the signature against the URL that we issued, stores the event, and only then
 * lets it be answered with 200. VOD signs the URL and the time, not the body, so nothing here believes the body.
 */
export class Receive {
  constructor(
    private readonly events: EventStore,
    private readonly signals: Signals,
    private readonly options: ReceiveOptions,
    private readonly now: () => Date = () => new Date(),
  ) {}

  async receive(received: Received): Promise<ReceiveOutcome> {
    const checked = this.checkSignature(received);
    const signature = checked.verdict;
    // guard: unsigned-changes-nothing
    if (checked.verdict !== 'valid' && this.options.auth === 'required') {
      const { region, path, remoteAddress } = received;
      this.signals.emit('event.refused', {
        reason: checked.verdict,
        why: whyRefused(checked),
        region,
        path,
        remoteAddress,
      });
      return { outcome: 'refused', reason: checked.verdict };
    }
    const notification = this.toNotification(received.region, await received.readBody(), signature);
    const { fresh } = await this.store(notification);
    this.signals.emit('event.received', {
      region: received.region,
      verdict: fresh ? (notification.ignored === null ? 'received' : 'ignored') : 'duplicate',
      signature,
      eventType: notification.eventType || null,
    });
    return { outcome: 'stored', fresh };
  }

  private checkSignature({ timestamp, signature }: Received): Checked {
    const { urls, keys, toleranceMs } = this.options;
    if (keys.length === 0) return { verdict: 'unchecked' };
    return verifyCallback({
      timestamp,
      signature,
      urls: [...urls.values()],
      keys,
      nowMs: this.now().getTime(),
      toleranceMs,
    });
  }

  /** Waits for a database that is away for a moment: VOD asks three times within seconds and then never again. */
  private async store(notification: Notification): Promise<{ fresh: boolean }> {
    const giveUpAt = performance.now() + PATIENCE_MS;
    for (;;) {
      try {
        return await within(giveUpAt - performance.now(), this.events.store(notification));
      } catch (error) {
        if (performance.now() + RETRY_MS >= giveUpAt) throw error;
        await pause(RETRY_MS);
      }
    }
  }

  private toNotification(region: string, body: ReceivedBody, signature: Notification['signature']): Notification {
    const whole = body.size === body.head.length;
    const event: VodEvent = whole ? parseEvent(body.head) : parseEventHead(body.head, body.size);
    const common = {
      id: uuidv7(),
      receivedAt: this.now(),
      region,
      source: 'http' as const,
      signature,
      body: body.head,
      bodySize: body.size,
      bodyHash: body.sha256,
    };
    const nothing = { eventType: '', vodJobId: '', mediaId: null, status: '', eventTime: null, extend: null };
    switch (event.kind) {
      case 'completion':
        return {
          ...common,
          eventType: event.eventType,
          vodJobId: event.jobId,
          mediaId: event.mediaId,
          status: event.status,
          eventTime: event.eventTime,
          extend: event.extend,
          ignored: null,
        };
      case 'other':
        return {
          ...common,
          ...nothing,
          eventType: event.eventType,
          vodJobId: event.jobId ?? '',
          mediaId: event.mediaId,
          ignored: event.reason,
        };
      case 'unreadable':
        return { ...common, ...nothing, ignored: event.reason };
    }
  }
}

type Checked = CallbackVerdict | { verdict: 'unchecked' };

/** For the log: the caller is told no more than the verdict. */
function whyRefused(checked: Exclude<Checked, { verdict: 'valid' }>): string {
  switch (checked.verdict) {
    case 'missing':
      return 'it carries no signature: AuthSwitch is off at VOD, or the caller is not VOD';
    case 'malformed':
      return 'its signature or its time does not look like one of VOD';
    case 'mismatch':
      return 'it is signed with a key that VOD_CALLBACK_KEYS does not name, or for another URL than VOD_CALLBACK_URL, byte for byte';
    case 'stale': {
      const seconds = Math.round(Math.abs(checked.skewMs) / 1000);
      return `it was signed ${seconds} s ${checked.skewMs > 0 ? 'ago' : 'ahead of our clock'}, more than VOD_CALLBACK_TOLERANCE allows`;
    }
    case 'unchecked':
      return 'VOD_CALLBACK_KEYS is empty, and VOD_CALLBACK_AUTH wants a signature';
  }
}

/** A database that hangs, rather than refusing, must not use up VOD's patience either. The insert may still succeed. */
async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const late = pause(Math.max(ms, 0), undefined, { ref: false }).then(() => {
    throw new Error(`the event could not be stored within ${PATIENCE_MS} ms`);
  });
  return Promise.race([work, late]);
}
