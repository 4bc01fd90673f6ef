/** Pages read at the same time. An api has ten connections to Postgres, and whoever looks at what is new needs one of them. */
const AT_ONCE = 2;

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
 * has had the fewest pages goes first.
 */
export class Replays {
  /** By key, in the order in which it is their turn. */
  private readonly waiting = new Map<string, Waiting[]>();
  private reading = 0;

  /** `ready`: resolves when what happens now has been told, which goes before what is past. */
  constructor(
    private readonly ready: () => Promise<unknown>,
    private readonly atOnce = AT_ONCE,
  ) {}

  /** Reads a page when it is its turn; null when the client is gone by then. */
  async page<T>(replay: Replay, read: () => Promise<T>): Promise<T | null> {
    await this.turn(replay);
    try {
      if (!replay.isWanted()) return null;
      await this.ready();
      replay.pages += 1;
      return await read();
    } finally {
      this.reading -= 1;
      this.next();
    }
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
