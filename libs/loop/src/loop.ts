/** What one run says about the next: at once, after some milliseconds, or when somebody wakes the loop. */
export type Next = { again: 'now' | 'when_woken' | number };

/**
 * Runs when it is woken, one run at a time, and every `pollMs` besides: a lost wake-up costs time, never work. A run that
 * throws is reported and tried again after the same pause.
 */
export class Loop {
  private timer: NodeJS.Timeout | null = null;
  private running: Promise<void> | null = null;
  private woken = false;
  private stopped = true;

  constructor(
    private readonly run: () => Promise<Next>,
    private readonly options: { pollMs: number; onError: (error: unknown) => void },
  ) {}

  start(): void {
    this.stopped = false;
    this.wake();
  }

  /** Never throws and never waits. Any number of wakes during a run make one more run. */
  wake(): void {
    if (this.stopped) return;
    this.woken = true;
    this.running ??= this.runWhileWoken().finally(() => {
      this.running = null;
      // A wake between the last run and this line must not be lost.
      if (this.woken) this.wake();
    });
  }

  /** Resolves when the run under way is over. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.woken = false;
    if (this.timer) clearTimeout(this.timer);
    await this.running;
  }

  private async runWhileWoken(): Promise<void> {
    if (this.timer) clearTimeout(this.timer);
    let pauseMs = this.options.pollMs;
    while (this.woken && !this.stopped) {
      this.woken = false;
      pauseMs = this.options.pollMs;
      try {
        const { again } = await this.run();
        if (again === 'now') this.woken = true;
        else if (again !== 'when_woken') pauseMs = Math.min(again, pauseMs);
      } catch (error) {
        this.options.onError(error);
      }
    }
    if (!this.stopped) this.timer = setTimeout(() => this.wake(), pauseMs);
  }
}
