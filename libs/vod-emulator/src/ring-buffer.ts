/** Remembers the newest `capacity` items. A benchmark runs for hours against one emulator, so nothing here may grow for ever. */
export class RingBuffer<T> {
  readonly #items: T[] = [];
  #total = 0;

  constructor(readonly capacity: number) {}

  /** How many were ever pushed, the forgotten ones included. */
  get total(): number {
    return this.#total;
  }

  /** Answers the item that had to make room, if one had to. */
  push(item: T): T | undefined {
    const slot = this.#total++ % this.capacity;
    const displaced = this.#items[slot];
    this.#items[slot] = item;
    return displaced;
  }

  newestFirst(): T[] {
    const newest = this.#total % this.capacity;
    return [...this.#items.slice(newest), ...this.#items.slice(0, newest)].toReversed();
  }
}
