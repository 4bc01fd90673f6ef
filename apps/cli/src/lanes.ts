/** Does the work for every item, at most `width` at a time, begun in order. The first failure ends it. */
export async function inLanes<T>(items: readonly T[], width: number, work: (item: T) => Promise<void>): Promise<void> {
  const waiting = items.map((item) => ({ item }));
  const lane = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await work(next.item);
  };
  try {
    await Promise.all(Array.from({ length: width }, lane));
  } finally {
    waiting.length = 0;
  }
}
