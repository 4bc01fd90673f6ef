/** How often a waiting call looks by itself, in case a wake-up was lost. */
const LOOK_AGAIN_MS = 2_000;

/** Calls that wait for a job to be over. Woken by NOTIFY, so a wait costs a timer and not a poll of the database. */
export class WaitingRoom {
  private readonly waiting = new Map<string, Set<() => void>>();

  /** Ids that have just settled, comma-separated; '' after a reconnect: anything may have. */
  wake(payload: string): void {
    const ids = payload === '' ? [...this.waiting.keys()] : payload.split(',');
    for (const id of ids) this.waiting.get(id)?.forEach((wake) => wake());
  }

  /** Looks until `isOver`, or until `waitMs` have passed; answers what it saw last. */
  async until<T>(id: string, waitMs: number, look: () => Promise<T>, isOver: (seen: T) => boolean): Promise<T> {
    const end = performance.now() + waitMs;
    for (;;) {
      // Listening before looking: what happens in between must not be missed.
      const nudge = this.next(id, Math.min(LOOK_AGAIN_MS, end - performance.now()));
      try {
        const seen = await look();
        if (isOver(seen) || performance.now() >= end) return seen;
        await nudge.happened;
      } finally {
        nudge.forget();
      }
    }
  }

  private next(id: string, ms: number): { happened: Promise<void>; forget: () => void } {
    const others = this.waiting.get(id) ?? new Set();
    this.waiting.set(id, others);
    let wake = () => {};
    const happened = new Promise<void>((resolve) => (wake = resolve));
    const timer = setTimeout(wake, Math.max(ms, 0));
    others.add(wake);
    return {
      happened,
      forget: () => {
        clearTimeout(timer);
        others.delete(wake);
        if (others.size === 0) this.waiting.delete(id);
      },
    };
  }
}
