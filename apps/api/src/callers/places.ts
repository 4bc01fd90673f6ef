import type { ServerResponse } from 'node:http';
import type { Signals, SignalMap } from '@app/observability';
import { tooMany } from '../problems';

/** After so long there may be one again. Streams last for hours and waits for up to a minute: sooner would only be noise. */
const RETRY_AFTER_S = 5;

type Release = () => void;

interface Most {
  perKey: number;
  inAll: number;
}

/** Places for what lasts: a connection, memory and a part of every tick each. */
export class Places {
  private readonly taken = new Map<string, number>();
  private inAll = 0;

  constructor(
    private readonly limit: SignalMap['caller.limited']['limit'],
    private readonly most: Most,
    private readonly signals: Pick<Signals, 'emit'>,
  ) {}

  /** Answers how to give the place back, which counts once; throws when there is none. */
  take(client: string): Release {
    const taken = this.taken.get(client) ?? 0;
    // guard: places-per-key, places-in-all
    if (taken >= this.most.perKey || this.inAll >= this.most.inAll) throw this.full(client, taken);
    this.taken.set(client, taken + 1);
    this.inAll += 1;
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      this.inAll -= 1;
      const left = (this.taken.get(client) ?? 0) - 1;
      if (left > 0) this.taken.set(client, left);
      else this.taken.delete(client);
    };
  }

  /** For as long as there is somebody to answer. */
  takeFor(client: string, response: ServerResponse): void {
    const release = this.take(client);
    if (response.destroyed) release();
    else response.once('close', release);
  }

  private full(client: string, taken: number): Error {
    const { limit, most } = this;
    this.signals.emit('caller.limited', { client, limit });
    const why =
      taken >= most.perKey
        ? `this key has as many ${limit} open as it may: ${most.perKey}`
        : `as many ${limit} are open in all as may be: ${most.inAll}`;
    return tooMany(why, RETRY_AFTER_S);
  }
}

/** Exports hold some 500 kB each, and read page after page. */
const EXPORTS = { perKey: 20, inAll: 60 };

/** What may last at the same time. */
export class CallerPlaces {
  readonly streams: Places;
  readonly waits: Places;
  readonly exports: Places;

  /** In all there may be twice as many as one key may have: a key that takes all it may leaves as many to the others. */
  constructor({ streams, waits }: { streams: number; waits: number }, signals: Pick<Signals, 'emit'>) {
    this.streams = new Places('streams', { perKey: streams, inAll: 2 * streams }, signals);
    this.waits = new Places('waits', { perKey: waits, inAll: 2 * waits }, signals);
    this.exports = new Places('exports', EXPORTS, signals);
  }
}
