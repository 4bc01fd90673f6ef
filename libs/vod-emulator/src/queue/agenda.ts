interface Entry<T> {
  at: number;
  /** Of equal times the first that was added comes first. */
  order: number;
  what: T;
}

const SLACK = 1024;

/** What is to happen when, the next first: a binary heap. Nothing is taken out before its time; who asks looks whether it still holds. */
export class Agenda<T> {
  #entries: Entry<T>[] = [];
  #added = 0;

  get first(): { at: number; what: T } | undefined {
    return this.#entries[0];
  }

  add(at: number, what: T): void {
    const entry = { at, order: this.#added++, what };
    let place = this.#entries.push(entry) - 1;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = this.#entries[above];
      if (!parent || isBefore(parent, entry)) break;
      this.#entries[place] = parent;
      place = above;
    }
    this.#entries[place] = entry;
  }

  takeFirst(): void {
    const last = this.#entries.pop();
    if (!last || this.#entries.length === 0) return;
    let place = 0;
    for (;;) {
      const [left, right] = [this.#entries[2 * place + 1], this.#entries[2 * place + 2]];
      const next = left && right && isBefore(right, left) ? right : left;
      if (!next || isBefore(last, next)) break;
      this.#entries[place] = next;
      place = 2 * place + (next === left ? 1 : 2);
    }
    this.#entries[place] = last;
  }

  clear(): void {
    this.#entries = [];
  }

  /** Drops what doesn't hold any more, once that is more than what does. `needed` is how many do. */
  tidy(needed: number, isNeeded: (what: T, at: number) => boolean): void {
    if (this.#entries.length <= 2 * needed + SLACK) return;
    // A sorted array is a heap.
    this.#entries = this.#entries
      .filter(({ what, at }) => isNeeded(what, at))
      .toSorted((one, other) => (isBefore(one, other) ? -1 : 1));
  }
}

function isBefore<T>(one: Entry<T>, other: Entry<T>): boolean {
  return one.at === other.at ? one.order < other.order : one.at < other.at;
}
