import { createHash } from 'node:crypto';
import { Agenda } from './agenda';
import type { QueueAttributes } from './attributes';
import { Fifo } from './fifo';

/** `active`: can be received; `inactive`: received and not deleted; `delayed`: not before its time; `gone`: deleted, or too old. */
export type MessageState = 'active' | 'inactive' | 'delayed' | 'gone';

export interface Message {
  readonly id: string;
  readonly body: string;
  /** Of the body as it is stored, in capitals. */
  readonly bodyMd5: string;
  /** 1 comes first, 16 last. */
  readonly priority: number;
  /** Milliseconds since 1970, as all times here. */
  readonly enqueuedAt: number;
  /** Where the ids of the message and its handles come from. */
  readonly serial: number;
  state: MessageState;
  visibleAt: number;
  firstDequeuedAt: number | undefined;
  dequeueCount: number;
  /** The newest, which is the only one that is worth something, and only until the message is visible. */
  receiptHandle: string | undefined;
  handedOut: number;
}

export interface PutOptions {
  priority?: number | undefined;
  /** In place of the queue's own. */
  delaySeconds?: number | undefined;
}

export interface Identity {
  name: string;
  /** 16 hex digits that begin the ids of this queue's messages. */
  idPrefix: string;
  /** Counts messages over all queues, so that no two share an id. */
  nextSerial: () => number;
}

const USUAL_PRIORITY = 8;
const LOWEST_PRIORITY = 16;
/** Serials in SMQ's samples start here. */
const FIRST_SERIAL = 0x2_0000_0000;

/**
 * The messages of a queue and who may see them when (docs/vod.md, "SMQ"). Time is an argument: a message is visible from
 * `visibleAt` on, and its handle is worth something before that.
 */
export class MessageQueue {
  readonly #lines = Array.from({ length: LOWEST_PRIORITY }, () => new Fifo<Message>());
  readonly #arrivals = new Fifo<Message>();
  readonly #hidden = new Agenda<Message>();
  readonly #handles = new Map<string, Message>();
  readonly #counts = { active: 0, inactive: 0, delayed: 0 };

  constructor(
    private readonly identity: Identity,
    public attributes: QueueAttributes,
  ) {}

  put(body: string, { priority = USUAL_PRIORITY, delaySeconds }: PutOptions, now: number): Message {
    const { idPrefix, nextSerial } = this.identity;
    const serial = FIRST_SERIAL + nextSerial();
    const delayMs = (delaySeconds ?? this.attributes.DelaySeconds) * 1000;
    const message: Message = {
      id: `${idPrefix}-2-${hex(now)}-${hex(serial)}`,
      body,
      bodyMd5: createHash('md5').update(body).digest('hex').toUpperCase(),
      priority,
      enqueuedAt: now,
      serial,
      state: 'gone',
      visibleAt: now,
      firstDequeuedAt: undefined,
      dequeueCount: 0,
      receiptHandle: undefined,
      handedOut: 0,
    };
    this.#arrivals.push(message);
    if (delayMs > 0) this.#hide(message, 'delayed', now + delayMs);
    else this.#show(message);
    return message;
  }

  /** Hands out at most so many messages and hides them from everybody else. */
  receive(count: number, now: number): Message[] {
    this.#settle(now);
    const received: Message[] = [];
    while (received.length < count) {
      const message = this.#takeActive();
      if (!message) break;
      message.firstDequeuedAt ??= now;
      message.dequeueCount++;
      this.#hide(message, 'inactive', now + this.attributes.VisibilityTimeout * 1000);
      received.push(message);
    }
    return received;
  }

  /** What a receive would hand out. Nothing changes. */
  peek(count: number, now: number): Message[] {
    this.#settle(now);
    const seen: Message[] = [];
    for (const line of this.#lines) {
      for (const message of line) {
        if (seen.length === count) return seen;
        if (message.state === 'active') seen.push(message);
      }
    }
    return seen;
  }

  /** Whether this is the newest handle of a message that isn't visible yet. */
  isValid(handle: string, now: number): boolean {
    this.#settle(now);
    return this.#handles.has(handle);
  }

  /** False when the handle is worth nothing. */
  delete(handle: string, now: number): boolean {
    this.#settle(now);
    const message = this.#handles.get(handle);
    if (message) this.#remove(message);
    return message !== undefined;
  }

  /** Hides a message until so long from now, by a new handle. Undefined when the old one is worth nothing. */
  changeVisibility(handle: string, seconds: number, now: number): Message | undefined {
    this.#settle(now);
    const message = this.#handles.get(handle);
    if (message) this.#hide(message, 'inactive', now + seconds * 1000);
    return message;
  }

  /** Ends the invisible time of a message that was received. */
  release(message: Message, now: number): void {
    message.visibleAt = now;
    this.#hidden.add(now, message);
  }

  /** Answers how many messages went. */
  purge(): number {
    const { active, inactive, delayed } = this.#counts;
    for (const message of this.#arrivals) this.#leave(message, 'gone');
    for (const structure of [...this.#lines, this.#arrivals, this.#hidden, this.#handles]) structure.clear();
    return active + inactive + delayed;
  }

  counts(now: number): { active: number; inactive: number; delayed: number } {
    this.#settle(now);
    return { ...this.#counts };
  }

  /** In the order of their arrival. */
  *messages(now: number): Generator<Message> {
    this.#settle(now);
    for (const message of this.#arrivals) if (message.state !== 'gone') yield message;
  }

  /** When the next message becomes visible by itself. */
  nextVisibleAt(now: number): number | undefined {
    this.#settle(now);
    return this.#hidden.first?.at;
  }

  /** Brings everything to the state of this moment. */
  #settle(now: number): void {
    const tooOld = now - this.attributes.MessageRetentionPeriod * 1000;
    for (
      let first = this.#arrivals.first;
      first && (first.state === 'gone' || first.enqueuedAt <= tooOld);
      first = this.#arrivals.first
    ) {
      this.#arrivals.shift();
      this.#remove(first);
    }
    for (let next = this.#hidden.first; next; next = this.#hidden.first) {
      const isHidden = isHiddenUntil(next.what, next.at);
      if (isHidden && next.at > now) break;
      this.#hidden.takeFirst();
      if (isHidden) this.#show(next.what);
    }
  }

  #takeActive(): Message | undefined {
    for (const line of this.#lines) {
      while (line.length > 0) {
        const message = line.shift();
        if (message?.state === 'active') return message;
      }
    }
    return undefined;
  }

  #show(message: Message): void {
    this.#leave(message, 'active');
    this.#lineOf(message).push(message);
  }

  #hide(message: Message, state: 'inactive' | 'delayed', until: number): void {
    this.#leave(message, state);
    message.visibleAt = until;
    message.receiptHandle = receiptHandle(message, ++message.handedOut);
    this.#handles.set(message.receiptHandle, message);
    this.#hidden.add(until, message);
  }

  #remove(message: Message): void {
    if (message.state === 'gone') return;
    this.#leave(message, 'gone');
    // What is gone stays in these until its turn comes, which for a message at the back may be never.
    const { active, inactive, delayed } = this.#counts;
    this.#arrivals.tidy(active + inactive + delayed, ({ state }) => state !== 'gone');
    this.#hidden.tidy(inactive + delayed, isHiddenUntil);
    this.#lineOf(message).tidy(active, ({ state }) => state === 'active');
  }

  /** From one state to another. Whatever the message was, its handle is worth nothing from here on. */
  #leave(message: Message, next: MessageState): void {
    if (message.state !== 'gone') this.#counts[message.state]--;
    if (next !== 'gone') this.#counts[next]++;
    message.state = next;
    if (message.receiptHandle !== undefined) this.#handles.delete(message.receiptHandle);
    message.receiptHandle = undefined;
  }

  #lineOf({ priority }: Message): Fifo<Message> {
    const line = this.#lines[priority - 1];
    if (!line) throw new RangeError(`a priority from 1 to ${LOWEST_PRIORITY} was expected, got ${priority}`);
    return line;
  }
}

function isHiddenUntil({ state, visibleAt }: Message, at: number): boolean {
  return (state === 'inactive' || state === 'delayed') && visibleAt === at;
}

/** The form of those in SMQ's samples: `1-` and the base64 of four numbers, none of whose characters needs an escape but `=`. */
function receiptHandle({ serial, visibleAt }: Message, nth: number): string {
  return `1-${Buffer.from(`${serial}-${Math.floor(visibleAt / 1000)}-2-${nth}`).toString('base64')}`;
}

function hex(value: number): string {
  return value.toString(16).toUpperCase();
}
