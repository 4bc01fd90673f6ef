import type { ChangeFeed } from './change-feed';

/** Calls that wait for a job to be over. Woken by the feed, so a wait costs a timer and not a poll of the database. */
export class WaitingRoom {
  constructor(private readonly feed: ChangeFeed) {}

  /** Looks until `isOver`, until `waitMs` have passed, or until whoever waits is `gone`; answers what it saw last. */
  async until<T>(
    id: string,
    waitMs: number,
    look: () => Promise<T>,
    isOver: (seen: T) => boolean,
    gone: AbortSignal,
  ): Promise<T> {
    const end = performance.now() + waitMs;
    const first = await look();
    if (isOver(first) || waitMs === 0 || gone.aborted) return first;

    // Listening before looking again: what happens in between must not be missed.
    const subscription = await this.feed.subscribe();
    let wake = () => {};
    let changed = false;
    subscription.follow(({ news }) => {
      if (!news.some(({ job }) => job.id === id)) return;
      changed = true;
      wake();
    });
    const leave = () => wake();
    gone.addEventListener('abort', leave); // guard: gone-waits-no-longer
    try {
      for (;;) {
        changed = false;
        const seen = await look();
        const leftMs = end - performance.now();
        if (isOver(seen) || leftMs <= 0 || gone.aborted) return seen;
        if (!changed) await new Promise<void>((resolve) => (wake = afterAtMost(leftMs, resolve)));
        if (gone.aborted) return seen;
      }
    } finally {
      gone.removeEventListener('abort', leave);
      subscription.end();
      wake();
    }
  }
}

/** Calls `resolve` once: when it is called itself, or when the time is over. */
function afterAtMost(ms: number, resolve: () => void): () => void {
  const timer = setTimeout(resolve, ms);
  return () => {
    clearTimeout(timer);
    resolve();
  };
}
