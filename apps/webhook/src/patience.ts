import { setTimeout as pause } from 'node:timers/promises';

/** VOD waits 5 s for its answer. Shorter than that by what the way back and a busy machine may take. */
const PATIENCE_MS = 4_000;
const RETRY_MS = 150;

/**
 * Waits for a database that is away for a moment: VOD asks three times within seconds and then never again. Throws what the
 * last try threw.
 */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await within(giveUpAt - performance.now(), work());
    } catch (error) {
      if (performance.now() + RETRY_MS >= giveUpAt) throw error;
      await pause(RETRY_MS);
    }
  }
}

/** A database that hangs, rather than refusing, must not use up VOD's patience either. The work may still succeed. */
async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const late = pause(Math.max(ms, 0), undefined, { ref: false }).then(() => {
    throw new Error(`the event could not be stored within ${PATIENCE_MS} ms`);
  });
  return Promise.race([work, late]);
}
