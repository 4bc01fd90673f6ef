/** A burst is drawn once: what comes within this time after the first goes along with it. */
const BATCH_MS = 100;

export interface Batches<T> {
  add: (item: T) => void;
  drop: () => void;
}

/** The first item of a quiet time goes on at once, what follows it at most ten times a second. */
export function inBatches<T>(onBatch: (items: T[]) => void): Batches<T> {
  let waiting: T[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    timer = undefined;
    if (waiting.length === 0) return;
    const items = waiting;
    waiting = [];
    timer = setTimeout(flush, BATCH_MS);
    onBatch(items);
  };
  return {
    add: (item) => {
      waiting.push(item);
      // Not at once: what the same packet brings belongs to the same batch.
      timer ??= setTimeout(flush);
    },
    drop: () => {
      clearTimeout(timer);
      waiting = [];
    },
  };
}
