const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** After the nth failure; after the last of them all that follow. */
const GAPS = [5 * SECOND, MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR];

/** So long after the first try there is one more, and then no other. */
const GIVE_UP_MS = 3 * DAY;

/** What a receiver may ask for at most. */
const ASKED_MAX = DAY;

/** Gaps are up to a tenth shorter or longer, so that what failed together does not come back together. */
const SPREAD = 0.1;

/** Where a delivery stands when a try has failed. */
export interface Standing {
  /** Failures before this one. */
  tries: number;
  /** Since the first try. */
  triedForMs: number;
  /** In how long the receiver asked to be tried again. */
  askedMs: number;
  /** In [0, 1). */
  chance: number;
}

/** In how many milliseconds a delivery that has just failed is tried again; null when it has been tried for long enough. */
export function nextTryMs({ tries, triedForMs, askedMs, chance }: Standing): number | null {
  const leftMs = GIVE_UP_MS - triedForMs;
  if (leftMs <= 0) return null;
  const gap = GAPS[Math.min(tries, GAPS.length - 1)] ?? DAY;
  const spread = gap * (1 - SPREAD + 2 * SPREAD * chance);
  return Math.round(Math.max(Math.min(spread, leftMs), askedMs));
}

/** What Retry-After says, in milliseconds from now: seconds, or a date. 0 for what can't be read, and a day at most. */
export function retryAfterMs(header: string | null, now: Date): number {
  const text = header?.trim() ?? '';
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * SECOND : Date.parse(text) - now.getTime();
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), ASKED_MAX);
}
