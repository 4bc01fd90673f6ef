/** What one turn says about the next: at once, after some milliseconds, or when somebody wakes it. */
export type Turn = { again: 'now' | 'when_woken' | number };

/**
 * A loop that turns when it is woken, one turn at a time, and every `pollMs` besides: a lost wake-up costs time, never
 * work. A turn that throws is told about and tried again after the same pause.
 */
export class Loop {
  private timer: NodeJS.Timeout | null = null;
  private turning: Promise<void> | null = null;
  private woken = false;
  private stopped = true;

  constructor(
    private readonly turn: () => Promise<Turn>,
    private readonly options: { pollMs: number; onError: (error: unknown) => void },
  ) {}

  start(): void {
    this.stopped = false;
    this.wake();
  }

  /** Never throws and never waits. Wakes during a turn make one more turn. */
  wake(): void {
    if (this.stopped) return;
    this.woken = true;
    this.turning ??= this.run().finally(() => {
      this.turning = null;
      // A wake between the last turn and this line must not be lost.
      if (this.woken) this.wake();
    });
  }

  /** Resolves when the turn under way is over. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.woken = false;
    if (this.timer) clearTimeout(this.timer);
    await this.turning;
  }

  private async run(): Promise<void> {
    if (this.timer) clearTimeout(this.timer);
    let pauseMs = this.options.pollMs;
    while (this.woken && !this.stopped) {
      this.woken = false;
      pauseMs = this.options.pollMs;
      try {
        const { again } = await this.turn();
        if (again === 'now') this.woken = true;
        else if (again !== 'when_woken') pauseMs = Math.min(again, pauseMs);
      } catch (error) {
        this.options.onError(error);
      }
    }
    if (!this.stopped) this.timer = setTimeout(() => this.wake(), pauseMs);
  }
}
