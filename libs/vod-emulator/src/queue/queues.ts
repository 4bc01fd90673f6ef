import { hash } from '../chance';
import type { QueueAttributes } from './attributes';
import { HostedQueue } from './hosted-queue';

export interface QueuesOptions {
  regions: readonly string[];
  /** These are there in every region from the start. `{region}` in a name is filled in. */
  names: readonly string[];
  clock: () => number;
}

/** All queues, by region. An account has one emulator, so its id plays no part. */
export class Queues {
  readonly #byRegion: ReadonlyMap<string, Map<string, HostedQueue>>;
  #messages = 0;

  constructor(private readonly options: QueuesOptions) {
    this.#byRegion = new Map(options.regions.map((region) => [region, new Map()]));
    for (const region of options.regions) {
      for (const name of options.names) this.create(region, name.replaceAll('{region}', region));
    }
  }

  get regions(): readonly string[] {
    return this.options.regions;
  }

  find(region: string, name: string): HostedQueue | undefined {
    return this.#byRegion.get(region)?.get(name);
  }

  /** By region, and within a region by name. */
  list(region?: string): HostedQueue[] {
    const regions = region === undefined ? this.options.regions : [region];
    return regions.flatMap((one) =>
      [...(this.#byRegion.get(one)?.values() ?? [])].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    );
  }

  /** Replaces nothing: who creates has looked whether it is there. */
  create(region: string, name: string, given: Partial<QueueAttributes> = {}): HostedQueue {
    const queues = this.#byRegion.get(region);
    if (!queues) throw new RangeError(`expected one of the regions ${this.regions.join(', ')}, got ${region}`);
    const place = `${region}/${name}`;
    const identity = {
      name,
      idPrefix: [place, `${place} `].map((text) => hash(text).toString(16).padStart(8, '0').toUpperCase()).join(''),
      nextSerial: () => ++this.#messages,
    };
    const queue = new HostedQueue(region, identity, given, this.options.clock);
    queues.set(name, queue);
    return queue;
  }

  delete(queue: HostedQueue): void {
    this.#byRegion.get(queue.region)?.delete(queue.name);
    queue.close();
  }

  /** Hands out what has become visible because somebody set the clock forward. */
  look(): void {
    for (const queue of this.list()) queue.look();
  }

  /** Ends all waiting. */
  stop(): void {
    for (const queue of this.list()) queue.close();
  }
}
