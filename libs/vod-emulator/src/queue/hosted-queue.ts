import { type QueueAttributes, attributes } from './attributes';
import { type Identity, type Message, MessageQueue, type PutOptions } from './message-queue';

/** A client that waits for messages. */
interface Poll {
  count: number;
  /** Ends the wait with these messages, or with none. */
  end: (messages: Message[]) => void;
}

/** What setTimeout takes at most. Waiting longer is waiting several times. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A queue in its region, at this time, with those who wait for its messages. */
export class HostedQueue {
  readonly name: string;
  readonly createdAt: number;
  modifiedAt: number;
  readonly #messages: MessageQueue;
  /** The longest waiting first. */
  readonly #polls = new Set<Poll>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    readonly region: string,
    identity: Identity,
    given: Partial<QueueAttributes>,
    private readonly clock: () => number,
  ) {
    this.name = identity.name;
    this.#messages = new MessageQueue(identity, attributes(given));
    this.createdAt = clock();
    this.modifiedAt = this.createdAt;
  }

  get attributes(): Readonly<QueueAttributes> {
    return this.#messages.attributes;
  }

  get polls(): number {
    return this.#polls.size;
  }

  change(given: Partial<QueueAttributes>): void {
    this.#messages.attributes = { ...this.#messages.attributes, ...given };
    this.modifiedAt = this.clock();
  }

  put(body: string, options: PutOptions = {}): Message {
    const message = this.#messages.put(body, options, this.clock());
    this.look();
    return message;
  }

  /** What there is. */
  receive(count: number): Message[] {
    return this.#messages.receive(count, this.clock());
  }

  /**
   * Waits for what comes next, as long as that takes by the machine's own clock: the emulator's may stand still or jump.
   * None: nothing came in time, the client has gone, or the queue has.
   */
  poll(count: number, waitMs: number, whenGone: (act: () => void) => void): Promise<Message[]> {
    return new Promise((resolve) => {
      const end = (messages: Message[]) => {
        clearTimeout(timer);
        this.#polls.delete(poll);
        if (this.#polls.size === 0) clearTimeout(this.#timer);
        resolve(messages);
      };
      const poll = { count, end };
      const timer = setTimeout(() => end([]), waitMs);
      this.#polls.add(poll);
      // Perhaps it has gone already.
      whenGone(() => end([]));
      this.look();
    });
  }

  peek(count: number): Message[] {
    return this.#messages.peek(count, this.clock());
  }

  isValid(handle: string): boolean {
    return this.#messages.isValid(handle, this.clock());
  }

  delete(handle: string): boolean {
    return this.#messages.delete(handle, this.clock());
  }

  changeVisibility(handle: string, seconds: number): Message | undefined {
    const message = this.#messages.changeVisibility(handle, seconds, this.clock());
    this.look();
    return message;
  }

  release(messages: readonly Message[]): void {
    for (const message of messages) this.#messages.release(message, this.clock());
    this.look();
  }

  purge(): number {
    return this.#messages.purge();
  }

  counts(): { active: number; inactive: number; delayed: number } {
    return this.#messages.counts(this.clock());
  }

  /** In the order of their arrival. */
  messages(): Generator<Message> {
    return this.#messages.messages(this.clock());
  }

  /** Ends all waiting. */
  close(): void {
    clearTimeout(this.#timer);
    for (const { end } of this.#polls) end([]);
  }

  /** Hands out what may have become visible, by a message that came or by time that has passed. */
  look(): void {
    for (const { count, end } of this.#polls) {
      const messages = this.receive(count);
      if (messages.length === 0) break;
      end(messages);
    }
    clearTimeout(this.#timer);
    const now = this.clock();
    const next = this.#polls.size > 0 ? this.#messages.nextVisibleAt(now) : undefined;
    // At least a millisecond: a clock that stands still would otherwise be asked without end.
    if (next !== undefined) {
      this.#timer = setTimeout(() => this.look(), Math.min(Math.max(next - now, 1), LONGEST_TIMER_MS));
    }
  }
}
