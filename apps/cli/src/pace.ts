import { setTimeout as pause } from 'node:timers/promises';
import { ApiError, Unreachable } from '@app/client';

/** Calls under way at first, and at most: the api takes up to 100 that wait for it in one transaction, two at a time. */
const FIRST = 16;
const MOST = 200;

/** Pauses before a call is made again, where the api names none. */
const PAUSES_MS = [500, 1_000, 2_000, 4_000];

/** An api that has taken calls is waited for: it restarts, or its database changes its master. */
const PATIENCE_MS = 60_000;

/** A rest that the api asks for is no longer than this. */
const REST_AT_MOST_MS = 60_000;

/** How many calls are under way: more while the api takes them, fewer when it wants a rest, none while it has it. */
export class Pace {
  private width = FIRST;
  /** From here on it grows slowly: twice as many were too many. */
  private cautious = MOST;
  private restUntil = 0;
  private rests = 0;
  private hasTold = false;
  private takenAt = -Infinity;

  constructor(
    private readonly onRest: (error: Error) => void = () => {},
    private readonly clock = {
      now: Date.now,
      pause: (ms: number, stop?: AbortSignal): Promise<void> => pause(ms, undefined, stop && { signal: stop }),
    },
    private readonly patienceMs?: number,
  ) {}

  readonly lanes = (): number => Math.floor(this.width);

  /** Makes a call until it is answered, as long as it makes sense. Only for calls that are done once however often they are made. */
  async untilTaken<T>(call: () => Promise<T>, stop?: AbortSignal): Promise<T> {
    let begun: number | undefined;
    for (let tries = 0; ; tries += 1) {
      await this.turn(stop);
      begun ??= this.clock.now();
      const { rests } = this;
      try {
        const answer = await call();
        this.taken();
        return answer;
      } catch (error) {
        if (!isPassing(error) || !this.isPatient(tries, begun)) throw error;
        this.rest(error, tries, rests === this.rests);
      }
    }
  }

  private async turn(stop?: AbortSignal): Promise<void> {
    for (let left = this.left(); left > 0; left = this.left()) {
      await this.clock.pause(left, stop).catch(() => {});
      if (stop?.aborted) throw stop.reason;
    }
  }

  private left(): number {
    return this.restUntil - this.clock.now();
  }

  private taken(): void {
    this.takenAt = this.clock.now();
    this.hasTold = false;
    this.width = Math.min(MOST, this.width + (this.width < this.cautious ? 1 : 1 / this.width));
  }

  private rest(error: ApiError | Unreachable, tries: number, isFirst: boolean): void {
    const pauseMs = (error instanceof ApiError && error.retryAfterMs) || PAUSES_MS[tries] || PAUSES_MS.at(-1) || 0;
    // Those that were under way together are told the same, and count once.
    if (isFirst) {
      this.rests += 1;
      if (!this.hasTold) this.onRest(error);
      this.hasTold = true;
      this.width = this.cautious = Math.max(1, this.width / 2);
    }
    this.restUntil = Math.max(this.restUntil, this.clock.now() + Math.min(pauseMs, REST_AT_MOST_MS));
  }

  /** An api that has never taken a call is asked a few times only, and no longer than one was told to wait. */
  private isPatient(tries: number, begun: number): boolean {
    const now = this.clock.now();
    const { patienceMs } = this;
    if (tries < PAUSES_MS.length && (patienceMs === undefined || now - begun < patienceMs)) return true;
    return now - this.takenAt < (patienceMs ?? PATIENCE_MS);
  }
}

/** Trouble that goes by: an api that restarts or has enough to do, a store that is away. */
function isPassing(error: unknown): error is ApiError | Unreachable {
  return error instanceof Unreachable || (error instanceof ApiError && [429, 502, 503, 504].includes(error.status));
}
