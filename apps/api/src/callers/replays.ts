import { setTimeout as pause } from 'node:timers/promises';

/** Pages read at the same time. An api has ten connections to Postgres, and whoever looks at what is new needs one of them. */
const AT_ONCE = 2;

/**
 * How long a rest follows each page, in the time that the page took: while others wait, and otherwise. Pages of a hundred clients would
 * follow each other without an end and take the machine from those who work on it.
 */
const REST = { ofMany: 5, ofFew: 1, mostMs: 1_000 };

/** A client that catches up with what it has missed. */
export interface Replay {
  client: string;
  /** Pages that it was given. */
  pages: number;
  isWanted: () => boolean;
}

interface Waiting {
  replay: Replay;
  go: () => void;
}

/**
 * The past is read a page at a time, a few of them at once, whatever number of clients want it: a hundred that come back to the
 * beginning of the history must not stand before one that missed a minute. So the keys take turns; of those of one key, whoever
 * has had the fewest pages goes first. And after each page there is a rest.
 */
export class Replays {
  /** By key, in the order in which it is their turn. */
  private readonly waiting = new Map<string, Waiting[]>();
  private reading = 0;

  /** `ready`: resolves when what happens now has been told, which goes before what is past. */
  constructor(
    private readonly ready: () => Promise<unknown>,
    private readonly atOnce = AT_ONCE,
    private readonly rest: (ms: number) => Promise<unknown> = pause,
  ) {}

  /** Reads a page and puts it into words when it is its turn; null when the client is gone by then. */
  async page<T>(replay: Replay, read: () => Promise<T>): Promise<T | null> {
    await this.turn(replay);
    if (!replay.isWanted()) {
      this.leave();
      return null;
    }
    let began = performance.now();
    try {
      await this.ready();
      replay.pages += 1;
      began = performance.now();
      return await read();
    } finally {
      void this.restAfter(performance.now() - began);
    }
  }

  private async restAfter(tookMs: number): Promise<void> {
    const times = this.waiting.size > 0 ? REST.ofMany : REST.ofFew;
    await this.rest(Math.min(tookMs * times, REST.mostMs)); // guard: replays-rest
    this.leave();
  }

  private leave(): void {
    this.reading -= 1;
    this.next();
  }

  private turn(replay: Replay): Promise<void> {
    return new Promise((go) => {
      const ofKey = this.waiting.get(replay.client) ?? [];
      ofKey.push({ replay, go });
      this.waiting.set(replay.client, ofKey);
      this.next();
    });
  }

  private next(): void {
    // guard: replays-few-at-once
    while (this.reading < this.atOnce) {
      const chosen = this.choose();
      if (!chosen) return;
      this.reading += 1;
      chosen.go();
    }
  }

  private choose(): Waiting | undefined {
    for (const [client, ofKey] of this.waiting) {
      const fewest = ofKey.reduce((least, each) => (each.replay.pages < least.replay.pages ? each : least));
      ofKey.splice(ofKey.indexOf(fewest), 1);
      this.waiting.delete(client);
      if (ofKey.length > 0) this.waiting.set(client, ofKey); // the last of the keys now
      return fewest;
    }
    return undefined;
  }
}
