import { setTimeout as pause } from 'node:timers/promises';

/** Waits until `look` answers true; says what it waited for when that takes too long. */
export async function until(
  what: string,
  look: () => Promise<boolean> | boolean,
  { everyMs = 20, patienceMs = 120_000 } = {},
): Promise<void> {
  const end = performance.now() + patienceMs;
  while (!(await look())) {
    if (performance.now() > end) throw new Error(`not within ${patienceMs / 1000} s: ${what}`);
    await pause(everyMs);
  }
}
