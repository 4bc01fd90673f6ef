import { createHash, timingSafeEqual } from 'node:crypto';

export type CallbackVerdict =
  | { verdict: 'valid' }
  | { verdict: 'missing' }
  | { verdict: 'malformed' }
  /** Signed with our key, but too long ago (positive skew) or ahead of our clock (negative). */
  | { verdict: 'stale'; skewMs: number }
  | { verdict: 'mismatch' };

/**
 * X-VOD-SIGNATURE as VOD computes it: MD5 over URL, Unix seconds and key, in lower-case hex. The body isn't part of it,
 * so a valid signature says who called, not that what they say is true. See docs/vod.md, "Callback signature".
 */
export function signCallback(url: string, timestamp: string | number, key: string): string {
  return md5(url, timestamp, key).toString('hex');
}

/**
 * @param input.urls every URL registered at VOD, byte for byte; behind a proxy the server can't know which one was signed
 * @param input.keys the current key and, while it is being rotated, the old one
 */
export function verifyCallback(input: {
  timestamp: string | undefined;
  signature: string | undefined;
  urls: readonly string[];
  keys: readonly string[];
  nowMs: number;
  toleranceMs: number;
}): CallbackVerdict {
  const { timestamp, signature } = input;
  if (!timestamp || !signature) return { verdict: 'missing' };
  // guard: signature-formed
  if (!/^\d{10}$/.test(timestamp) || !/^[0-9a-f]{32}$/i.test(signature)) return { verdict: 'malformed' };
  // Before the clock: "stale" then means that the sender holds our key and somebody's clock is off.
  // guard: signature-matches
  if (!matchesAny(Buffer.from(signature, 'hex'), timestamp, input.urls, input.keys)) return { verdict: 'mismatch' };
  const skewMs = input.nowMs - Number(timestamp) * 1000;
  // guard: signature-in-time
  return Math.abs(skewMs) <= input.toleranceMs ? { verdict: 'valid' } : { verdict: 'stale', skewMs };
}

/** Tries every pair even after a match, so that the time taken doesn't tell which one it was. */
function matchesAny(given: Buffer, timestamp: string, urls: readonly string[], keys: readonly string[]): boolean {
  let matched = false;
  for (const url of urls) {
    for (const key of keys) {
      if (timingSafeEqual(md5(url, timestamp, key), given)) matched = true;
    }
  }
  return matched;
}

function md5(url: string, timestamp: string | number, key: string): Buffer {
  return createHash('md5').update(`${url}|${timestamp}|${key}`, 'utf8').digest();
}
