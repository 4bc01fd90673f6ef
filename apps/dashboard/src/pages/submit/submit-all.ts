import { ApiError, Unreachable, type Submitted } from '@app/client';
import { inLanes } from '../../actions/in-lanes';
import { mistakesOf, type Mistakes } from './settings';

/** Requests under way. A browser opens six connections to a server at most, and the live stream has one. */
const LANES = 4;

/** Pauses before a row is tried again. Its key, made of what is asked for, makes that safe. */
const TRY_AGAIN_MS = [500, 1_000, 2_000, 4_000];

export interface Tally {
  made: number;
  /** Asked for before with the same settings, or open for the same client. */
  here: number;
  refused: { mediaId: string; error: unknown }[];
  /** When the oldest of these requests came. */
  since: string | null;
}

export const nothingDone: Tally = { made: 0, here: 0, refused: [], since: null };

export function doneIn({ made, here, refused }: Tally): number {
  return made + here + refused.length;
}

/** Why it ended before all was sent; nothing of what is left was begun, or its key makes it safe to send again. */
export type Interruption =
  { by: 'stop' } | { by: 'settings'; mistakes: Mistakes; error: ApiError } | { by: 'error'; error: unknown };

interface Sending {
  submit: (mediaId: string) => Promise<Submitted>;
  /** What is under way is still waited for: it counts. */
  signal: AbortSignal;
  onTally: (tally: Tally) => void;
  pause?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/**
 * Sends one request a media, several at the same time. The first goes alone: what the api doesn't take in the settings it says of that one,
 * and nothing else has been sent.
 */
export async function submitAll(
  media: string[],
  before: Tally,
  { submit, signal, onTally, pause = pauseFor }: Sending,
): Promise<{ left: string[]; interruption: Interruption | null }> {
  const tally: Tally = { ...before, refused: [...before.refused] };
  const left = new Set(media);
  const stop = new AbortController();
  const ended = AbortSignal.any([signal, stop.signal]);
  let interruption: Interruption | null = null;

  async function sendOne(mediaId: string): Promise<void> {
    try {
      count(tally, await withPatience(() => submit(mediaId), pause, ended));
    } catch (error) {
      if (signal.aborted) return;
      interruption ??= interruptionBy(error);
      if (interruption) return stop.abort();
      tally.refused.push({ mediaId, error });
    }
    left.delete(mediaId);
    onTally({ ...tally });
  }

  const [first, ...others] = media;
  if (first !== undefined) await sendOne(first);
  if (!ended.aborted) await inLanes(others, LANES, ended, sendOne);
  if (signal.aborted && left.size > 0) interruption = { by: 'stop' };
  return { left: [...left], interruption };
}

function count(tally: Tally, { replayed, deduplicated, createdAt }: Submitted): void {
  if (replayed || deduplicated) tally.here += 1;
  else tally.made += 1;
  if (tally.since === null || createdAt < tally.since) tally.since = createdAt;
}

/** null: it is the trouble of one media, and the others go on. */
function interruptionBy(error: unknown): Interruption | null {
  if (!(error instanceof ApiError)) return { by: 'error', error };
  const mistakes = mistakesOf(error);
  if (mistakes) return { by: 'settings', mistakes, error };
  return [400, 422].includes(error.status) ? null : { by: 'error', error };
}

async function withPatience<T>(
  work: () => Promise<T>,
  pause: NonNullable<Sending['pause']>,
  ended: AbortSignal,
): Promise<T> {
  for (const ms of TRY_AGAIN_MS) {
    try {
      return await work();
    } catch (error) {
      if (!passes(error) || ended.aborted) throw error;
      await pause(ms, ended);
      if (ended.aborted) throw error;
    }
  }
  return work();
}

/** Trouble that goes by: an api that restarts, a store or a network that is away. */
function passes(error: unknown): boolean {
  return error instanceof Unreachable || (error instanceof ApiError && [429, 502, 503, 504].includes(error.status));
}

function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}
