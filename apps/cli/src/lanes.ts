/**
 * Does the work for every item, at most `width` at a time, begun in order. After the first failure nothing more is begun;
 * it is thrown when what was under way has ended, so that whoever counts knows all of it.
 */
export async function inLanes<T>(items: readonly T[], width: number, work: (item: T) => Promise<void>): Promise<void> {
  const waiting = items.map((item) => ({ item }));
  const failures: unknown[] = [];
  const lane = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      try {
        await work(next.item);
      } catch (error) {
        failures.push(error);
        waiting.length = 0;
      }
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
  if (failures.length > 0) throw failures[0];
}
