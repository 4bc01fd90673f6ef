/**
 * Does the work for every item, as many at a time as `width` says by then, begun in order. After the first failure, or when
 * it is stopped, nothing more is begun; what went wrong is thrown when what was under way has ended, so that whoever
 * counts knows all of it.
 */
export async function inLanes<T>(
  items: readonly T[],
  width: () => number,
  work: (item: T) => Promise<void>,
  stop?: AbortSignal,
): Promise<void> {
  const failures: unknown[] = [];
  const waiting = items.values();
  let [begun, underWay] = [0, 0];
  await new Promise<void>((ended) => {
    const goesOn = () => begun < items.length && failures.length === 0 && !stop?.aborted;
    const go = () => {
      while (underWay < width() && goesOn()) {
        begun += 1;
        underWay += 1;
        void work(waiting.next().value as T)
          .catch((error: unknown) => failures.push(error))
          .finally(() => {
            underWay -= 1;
            go();
          });
      }
      if (underWay === 0) ended();
    };
    go();
  });
  if (failures.length > 0) throw failures[0];
  if (stop?.aborted && begun < items.length) throw stop.reason;
}
