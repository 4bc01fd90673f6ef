import { setTimeout as pause } from 'node:timers/promises';
import { Loop, type Next } from '@app/loop';
import type { ChangeReads, News, Position } from '@app/persistence';

/** One look in so long at most: what happens within it is sent together. Short for an eye, long for a server. */
const TICK_MS = 50;

/** How often it looks without being woken, as a wake-up may get lost. */
const POLL_MS = 2_000;

/** Lines sent together at most: an import of thousands must not become one piece of memory. */
const BATCH = 500;

/** What became visible between two looks, and what came after it: who holds a batch has all that follows within reach. */
export class Batch {
  next: Batch | null = null;

  constructor(
    readonly position: Position,
    readonly news: readonly News[],
  ) {}
}

/**
 * What happens to jobs, sent to whoever is there: one query for all of them when NOTIFY says that something has changed, none
 * while nobody listens. Who comes with a position of the past catches up by queries of its own and then follows from exactly
 * the batch at which those ended.
 */
export class ChangeFeed {
  private readonly loop: Loop;
  private readonly subscriptions = new Set<Subscription>();
  private askers: { resolve: () => void; reject: (error: unknown) => void }[] = [];
  private looking: Promise<void> | null = null;
  private latest: Batch | null = null;
  /** The latest batch that ends at a snapshot, and not amid what it shows. */
  private whole: Batch | null = null;

  constructor(
    private readonly reads: ChangeReads,
    onError: (error: unknown) => void,
  ) {
    this.loop = new Loop(() => this.run(), { pollMs: POLL_MS, onError });
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  wake(): void {
    this.loop.wake();
  }

  /** @param fresh waits for a look that begins now: somebody else may have shown the caller more than this feed has seen */
  async subscribe({ fresh = false } = {}): Promise<Subscription> {
    const subscription = new Subscription(this);
    this.subscriptions.add(subscription);
    try {
      if (fresh || !this.whole) await this.nextLook(); // guard: feed-catches-up
      subscription.holdFromHere();
      return subscription;
    } catch (error) {
      this.drop(subscription);
      throw error;
    }
  }

  /** Resolves when the look under way, if there is one, has told what it saw. */
  async quiet(): Promise<void> {
    await this.looking?.catch(() => undefined);
  }

  get listeners(): number {
    return this.subscriptions.size;
  }

  drop(subscription: Subscription): void {
    this.subscriptions.delete(subscription);
  }

  /** Where those who come now begin. */
  get present(): Batch {
    if (!this.whole) throw new Error('nobody has subscribed to the feed');
    return this.whole;
  }

  private nextLook(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.askers.push({ resolve, reject });
      this.loop.wake();
    });
  }

  private async run(): Promise<Next> {
    if (this.subscriptions.size === 0) {
      this.latest = this.whole = null;
      return { again: 'when_woken' };
    }
    const asking = this.askers;
    this.askers = [];
    this.looking = this.lookAtAll();
    try {
      await this.looking;
      for (const { resolve } of asking) resolve();
    } catch (error) {
      for (const { reject } of asking) reject(error);
      throw error;
    } finally {
      this.looking = null;
    }
    await pause(TICK_MS);
    return { again: 'when_woken' };
  }

  private async lookAtAll(): Promise<void> {
    do this.publish(await this.look());
    while (this.latest !== this.whole);
  }

  private async look(): Promise<Batch> {
    if (!this.latest) return new Batch(await this.reads.now(), []);
    const { news, position } = await this.reads.after(this.latest.position, { limit: BATCH });
    return new Batch(position, news);
  }

  private publish(batch: Batch): void {
    if (this.latest) this.latest.next = batch;
    this.latest = batch;
    if (!batch.position.partly) this.whole = batch;
    for (const subscription of this.subscriptions) subscription.deliver();
  }
}

/** Somebody's place at the feed. Until they follow, it keeps what comes meanwhile. */
export class Subscription {
  private at: Batch | null = null;
  private take: ((batch: Batch) => void) | null = null;

  constructor(private readonly feed: ChangeFeed) {}

  /** Lets go of what it has kept, and answers from where on it keeps: whoever follows has to have had all until there. */
  holdFromHere(): Position {
    this.at = this.feed.present;
    return this.at.position;
  }

  /** Where somebody is who has taken all that they were given. */
  get position(): Position {
    return (this.at ?? this.feed.present).position;
  }

  /** Gives every batch since, at once, and from now on each as it comes. */
  follow(take: (batch: Batch) => void): void {
    this.take = take;
    this.deliver();
  }

  deliver(): void {
    while (this.take && this.at?.next) {
      this.at = this.at.next;
      this.take(this.at);
    }
  }

  end(): void {
    this.take = null;
    this.feed.drop(this);
  }
}
