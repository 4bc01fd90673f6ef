// So many items may be gone before the rest is moved: moving a handful isn't worth it.
const SLACK = 1024;

/** First in, first out. An array's own `shift` moves everything that stays, which a long queue can't afford. */
export class Fifo<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  get first(): T | undefined {
    return this.#items[this.#head];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    // Half of it is empty: by now the move costs no more than filling that half did.
    if (this.#head > SLACK && this.#head > this.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
  }

  /** Drops what isn't needed any more, once that is more than what is. `needed` is how many are. */
  tidy(needed: number, isNeeded: (item: T) => boolean): void {
    if (this.length <= 2 * needed + SLACK) return;
    this.#items = [...this].filter(isNeeded);
    this.#head = 0;
  }

  *[Symbol.iterator](): Generator<T> {
    for (let i = this.#head; i < this.#items.length; i++) yield this.#items[i] as T;
  }
}
