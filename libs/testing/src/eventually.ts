/** The pause between two looks, not a wait: the condition decides how long it takes. */
const LOOK_EVERY_MS = 20;

/** How long a condition may stay false before the test is told that it never came true. Generous: machines differ. */
const PATIENCE_MS = 60_000;

/** Looks until `look` answers something truthy, and answers that. Fails with what it saw last. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T> | T,
  patienceMs = PATIENCE_MS,
): Promise<NonNullable<T>> {
  const end = performance.now() + patienceMs;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (performance.now() > end)
      throw new Error(`never came true within ${patienceMs} ms: ${what}; seen last: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => {
      setTimeout(resolve, LOOK_EVERY_MS);
    });
  }
}
