import { createHash } from 'node:crypto';
import type { EventSignature, EventSource } from '@app/domain';
import type { Signals } from '@app/observability';
import type { EventStore, Notice } from '@app/persistence';
import { parseEvent, parseEventHead, type VodEvent } from '@app/vod/callback';
import { v7 as uuidv7 } from 'uuid';
import type { Allowance } from './notice-budget';

export { NoticeBudget, noticeLimits, type Allowance, type Pair } from './notice-budget';
export { Strangers } from './strangers';

/** A body as it came in, read to its end but kept only up to a limit. */
export interface ReceivedBody {
  head: Buffer;
  size: number;
  sha256: string;
}

/** An event of VOD is a few kilobytes; one with a long transcript some hundreds. */
export const KEEP_BYTES = 1024 * 1024;

/** Of a body that is too much, this is kept: enough to see what it was. */
export const HEAD_BYTES = 4 * 1024;

/** What a way in knows about a notice of VOD. */
export interface Arrival {
  source: EventSource;
  /** '*' when the way in serves several regions. */
  region: string;
  signature: EventSignature;
  body: ReceivedBody;
  receivedAt: Date;
}

/**
 * Keeps a notice of VOD, whichever way it came in: stores it and announces it. VOD doesn't sign the body, so nothing here
 * believes it.
 */
export class Receive {
  constructor(
    private readonly events: EventStore,
    private readonly signals: Signals,
  ) {}

  /**
   * Resolves after the commit. The same notice may be given again when that failed, or took too long: it is stored once (and
   * may be counted twice, when it is over a limit).
   *
   * @param allowance `over`: it is stored only if it is about a job that we know, and counted else
   * @returns `fresh`: false for a copy of a notice that was here before
   */
  async keep(notice: Notice, allowance: Allowance = 'whole'): Promise<{ fresh: boolean }> {
    const { kept, fresh } =
      allowance === 'over' ? await this.events.storeOver(notice) : { kept: true, ...(await this.events.store(notice)) };
    const { region, signature, eventType } = notice;
    const verdict = kept ? (fresh ? notice.verdict : 'duplicate') : 'over_limit';
    this.signals.emit('event.received', { region, verdict, signature, eventType: eventType || null });
    return { fresh };
  }
}

/** A body that is all there, as it may be kept. */
export function bodyOf(bytes: Buffer): ReceivedBody {
  const head = bytes.length <= KEEP_BYTES ? bytes : Buffer.from(bytes.subarray(0, HEAD_BYTES));
  return { head, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/** The notice with as much of its body as may be kept. It was read whole: its JobId may come last. */
export function keptOf(notice: Notice, allowance: Allowance): Notice {
  if (allowance === 'whole') return notice;
  return { ...notice, body: Buffer.from(notice.body.subarray(0, HEAD_BYTES)) };
}

/** Reads what can be read from the body. Never throws: whatever came is kept. */
export function toNotice({ body, ...arrival }: Arrival): Notice {
  const isWhole = body.size === body.head.length;
  const event = isWhole ? parseEvent(body.head) : parseEventHead(body.head, body.size);
  return {
    ...arrival,
    ...fieldsOf(event),
    ...conclude(event, arrival.signature),
    id: uuidv7(),
    body: body.head,
    bodySize: body.size,
    bodyHash: body.sha256,
  };
}

type Fields = Pick<Notice, 'eventType' | 'vodJobId' | 'mediaId' | 'status' | 'eventTime' | 'extend'>;

function fieldsOf(event: VodEvent): Fields {
  const nothing = { eventType: '', vodJobId: '', mediaId: null, status: '', eventTime: null, extend: null };
  switch (event.kind) {
    case 'completion': {
      const { eventType, jobId, mediaId, status, eventTime, extend } = event;
      return { eventType, vodJobId: jobId, mediaId, status, eventTime, extend };
    }
    case 'other': {
      const { eventType, jobId, mediaId } = event;
      return { ...nothing, eventType, vodJobId: jobId ?? '', mediaId };
    }
    case 'unreadable':
      return nothing;
  }
}

/**
 * An end of a job is matched even when its signature is bad: it makes no more than a known job due, and a read decides.
 * Anything else with a bad signature has nothing that speaks for it, nor has what isn't an event in a queue of events.
 */
function conclude(event: VodEvent, signature: EventSignature): Pick<Notice, 'verdict' | 'reason'> {
  if (event.kind === 'completion') return { verdict: 'received', reason: null };
  switch (signature) {
    case 'valid':
    case 'unchecked':
      return { verdict: 'ignored', reason: event.reason };
    case 'unneeded':
      return { verdict: event.kind === 'unreadable' ? 'rejected' : 'ignored', reason: event.reason };
    default:
      return { verdict: 'rejected', reason: `signature ${signature}; ${event.reason}` };
  }
}
