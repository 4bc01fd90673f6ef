import { sqlState } from '@app/postgres';

/**
 * Group commit. Calls that arrive while a batch is under way wait and go together in the next one: an idle system
 * adds no delay, a busy one pays one transaction for many calls. Nobody is answered before the commit.
 */
export class Gather<I, O> {
  private waiting: { item: I; resolve: (out: O) => void; reject: (error: unknown) => void }[] = [];
  private under = 0;

  constructor(
    /** Runs a batch in one transaction; answers in the order of its items. */
    private readonly run: (items: I[]) => Promise<O[]>,
    private readonly limits: { batch: number; lanes: number; bytes?: { max: number; of: (item: I) => number } },
  ) {}

  add(item: I): Promise<O> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      // A turn of the event loop lets the calls of one burst find each other.
      if (this.waiting.length === 1) setImmediate(() => this.pump());
    });
  }

  private pump(): void {
    while (this.waiting.length > 0 && this.under < this.limits.lanes) {
      const batch = this.waiting.splice(0, this.sizeOfNext());
      this.under += 1;
      void this.flush(batch).finally(() => {
        this.under -= 1;
        this.pump();
      });
    }
  }

  /** How many go together next. One that is larger than a batch may be goes alone. */
  private sizeOfNext(): number {
    const { batch, bytes } = this.limits;
    if (!bytes) return batch;
    let sum = 0;
    const overfull = this.waiting.slice(0, batch).findIndex(({ item }) => {
      sum += bytes.of(item);
      return sum > bytes.max; // guard: batch-bytes
    });
    return overfull < 0 ? batch : Math.max(overfull, 1);
  }

  private async flush(batch: typeof this.waiting): Promise<void> {
    try {
      const outs = await this.run(batch.map(({ item }) => item));
      batch.forEach(({ resolve }, i) => resolve(outs[i] as O));
    } catch (error) {
      // Bad data of one caller must not fail its neighbours. Trouble with the connection concerns all of them.
      if (batch.length > 1 && isAboutTheData(error)) {
        for (const one of batch) await this.flush([one]);
      } else {
        for (const { reject } of batch) reject(error);
      }
    }
  }
}

/** SQLSTATE classes 21 (cardinality), 22 (data) and 23 (constraint): the statement's content, not the store. */
function isAboutTheData(error: unknown): boolean {
  return /^2[123]/.test(sqlState(error) ?? '');
}

/** The violated constraint or unique index, null for anything else. */
export function violatedConstraint(error: unknown): string | null {
  if (!sqlState(error)?.startsWith('23')) return null;
  return (error as { constraint?: string }).constraint ?? null;
}
