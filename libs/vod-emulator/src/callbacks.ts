import { type Telling, eventOfJob } from './event-body';
import type { Recipients } from './recipients';
import { RingBuffer } from './ring-buffer';
import type { Settings } from './settings';
import type { OutgoingEvent, Target, Transport } from './transport';
import type { Addressed, VodEvent } from './vod-event';

export interface CallbackAttempt {
  eventType: string;
  /** Of an event about a job. */
  jobId?: string;
  mediaId: string;
  region: string;
  /** Posted to an URL, or written into a queue. */
  via: Target['type'];
  attempt: number;
  at: string;
  /** The HTTP status, when there was an answer. */
  status?: number;
  /** Why there was none: `timeout` or the code of the network error. Never an URL. */
  error?: string;
  ms: number;
  /** The fault that made the event, or changed it. */
  fault?: string;
}

export interface CallbackOptions {
  settings: () => Settings;
  clock: () => number;
  keep: number;
  recipients: Recipients;
  transport: Transport;
  /** Between two attempts, about a second (docs/vod.md, "Retries"). */
  retryGapMs?: number | undefined;
}

/** One event on its way to one target. */
interface Errand {
  event: VodEvent;
  outgoing: OutgoingEvent;
  target: Target;
  attempt: number;
  /** Called after the attempt, and when there will be none. */
  tried: () => void;
}

const ATTEMPTS = 3;
// As many sockets as attempts under way. A receiver that hangs holds each for five seconds; the rest waits in line.
export const CONCURRENCY = 48;

/** Tells the receivers that something happened, by VOD's rules: three attempts for each, then the event is gone. */
export class Callbacks {
  readonly journal: RingBuffer<CallbackAttempt>;
  readonly counts = { delivered: 0, dropped: 0 };
  readonly #retries = new Set<NodeJS.Timeout>();
  #line: Errand[] = [];
  #underWay = 0;
  #stopped = false;

  constructor(private readonly options: CallbackOptions) {
    this.journal = new RingBuffer(options.keep);
  }

  /** Waiting in line, under way, or waiting for the next attempt. */
  get open(): number {
    return this.#line.length + this.#underWay + this.#retries.size;
  }

  /** Whether an event would go anywhere. */
  isHeard(event: Addressed): boolean {
    return this.options.recipients.of(event).length > 0;
  }

  /** Sends the event of a job. Settles when its first attempts are over. */
  send(telling: Telling): Promise<void> {
    const { settings, clock } = this.options;
    return this.tell(eventOfJob(telling, settings(), clock()));
  }

  /** Every event passes here, on the way to its first attempts. Settles when they are over. */
  async tell(event: VodEvent): Promise<void> {
    const targets = this.options.recipients.of(event);
    const { region, signing } = event;
    const outgoing = { region, body: Buffer.from(JSON.stringify(event.body)), ...(signing && { signing }) };
    await Promise.all(
      targets.map(
        (target) => new Promise<void>((tried) => this.#enqueue({ event, outgoing, target, attempt: 1, tried })),
      ),
    );
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#retries) clearTimeout(timer);
    this.#retries.clear();
    for (const { tried } of this.#line) tried();
    this.#line = [];
    this.options.transport.stop();
  }

  #enqueue(errand: Errand): void {
    if (this.#stopped) return errand.tried();
    this.#line.push(errand);
    this.#next();
  }

  #next(): void {
    while (this.#underWay < CONCURRENCY) {
      const errand = this.#line.shift();
      if (!errand) return;
      this.#underWay++;
      void this.#attempt(errand).then(() => {
        this.#underWay--;
        errand.tried();
        this.#next();
      });
    }
  }

  async #attempt(errand: Errand): Promise<void> {
    const { event, outgoing, target, attempt } = errand;
    const startedAt = this.options.clock();
    const started = performance.now();
    const { delivered, ...outcome } = await this.options.transport.deliver(outgoing, target);
    if (this.#stopped) return;

    const { eventType, jobId, mediaId, region, fault } = event;
    this.journal.push({
      eventType,
      ...(jobId !== undefined && { jobId }),
      mediaId,
      region,
      via: target.type,
      attempt,
      at: new Date(startedAt).toISOString(),
      ...outcome,
      ms: Math.round(performance.now() - started),
      ...(fault !== undefined && { fault }),
    });
    if (delivered) this.counts.delivered++;
    else if (attempt < ATTEMPTS) this.#retryLater({ ...errand, attempt: attempt + 1 });
    else this.counts.dropped++;
  }

  #retryLater(errand: Errand): void {
    const timer = setTimeout(() => {
      this.#retries.delete(timer);
      this.#enqueue(errand);
    }, this.options.retryGapMs ?? 1000);
    this.#retries.add(timer);
  }
}
