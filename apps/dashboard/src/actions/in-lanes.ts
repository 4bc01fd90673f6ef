/** Does `work` to each item, a few at a time and in their order; stops taking new ones when `signal` says so. */
export async function inLanes<T>(items: T[], lanes: number, signal: AbortSignal, work: (item: T) => Promise<void>) {
  const waiting = [...items];
  const lane = async () => {
    for (let item = waiting.shift(); item !== undefined && !signal.aborted; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
