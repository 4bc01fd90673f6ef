/**
 * The pause between two looks, not a wait: the condition decides how long it takes. Whoever waits long looks less often,
 * as looking takes processor time from what it waits for.
 */
const LOOK_EVERY_MS = { min: 20, max: 250, ofTheWait: 0.1 };

/** How long a condition may stay false before the test is told that it never came true. Generous: machines differ. */
const PATIENCE_MS = 60_000;

/** Looks until `look` answers something truthy, and answers that. Fails with what it saw last. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T> | T,
  patienceMs = PATIENCE_MS,
): Promise<NonNullable<T>> {
  const { min, max, ofTheWait } = LOOK_EVERY_MS;
  const begun = performance.now();
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    const waitedMs = performance.now() - begun;
    if (waitedMs > patienceMs)
      throw new Error(`never came true within ${patienceMs} ms: ${what}; seen last: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => {
      setTimeout(resolve, Math.min(Math.max(waitedMs * ofTheWait, min), max));
    });
  }
}
