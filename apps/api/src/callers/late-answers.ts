import type { ServerResponse } from 'node:http';
import { whenGone } from './gone';

/** How long an answer is kept back, and how many are at most: some kilobytes each. */
const LATE_MS = 1_000;
const MOST = 1_000;

/**
 * Answers that are given late. Who is refused at once asks again at once, and then refusing takes a core; who waits for an answer
 * doesn't ask meanwhile.
 */
export class LateAnswers {
  private waiting = 0;

  constructor(
    private readonly lateMs = LATE_MS,
    private readonly most = MOST,
  ) {}

  /** Answers by and by, unless the caller hangs up before. Where too many wait already it hangs up itself: that costs less than an answer. */
  give(response: ServerResponse, answer: () => void): void {
    // guard: late-answers-bounded
    if (this.waiting >= this.most) return void response.destroy();
    this.waiting += 1;
    const gone = whenGone(response);
    const due = setTimeout(() => end(answer), this.lateMs);
    const end = (then?: () => void) => {
      clearTimeout(due);
      gone.removeEventListener('abort', hungUp);
      this.waiting -= 1;
      then?.();
    };
    const hungUp = () => end();
    gone.addEventListener('abort', hungUp, { once: true });
  }
}
