import type { Signals } from '@app/observability';
import { catalog, queueKinds, queueName, type Payload, type QueueKind } from './catalog';
import { openStore, type BullQueue, type BullWorker, type QueueStore, type QueueStoreOptions } from './store';

/** Works one kind of queue. A throw is logged and forgotten: what it worked on is due again. */
export type Processor = {
  [K in QueueKind]: { queue: K; process(region: string, payload: Payload<K>): Promise<void> };
}[QueueKind];

export interface QueuesOptions {
  store: QueueStoreOptions;
  regions: readonly string[];
  signals: Signals;
  /** When what was put on a queue is due again. By default that of `LEASE`. */
  leaseMs?: number;
  /** Told about a processor that threw. */
  onFailure: (failure: { queue: string; error: Error }) => void;
  /**
   * The database's name for itself. Redis has one keyspace for all who share it, and an entry that another deployment takes
   * is not in its database.
   */
  installation: string;
}

/** A worker that is asked to stop finishes what it has; longer than this it is not waited for. */
const CLOSE_GRACE_MS = 15_000;

/** How long BullMQ may take to record steps that are over. */
const RECORDING_MS = 1_000;

/** A longer one would only keep what a dead worker held. */
const LOCK_MS = 10_000;

/** A store answers within milliseconds; one that hangs is treated like one that is gone. */
const ANSWER_MS = 5_000;

/** What this process does for one queue. */
interface Lane {
  readonly underWay: Set<Promise<void>>;
  work(payload: unknown): Promise<void>;
}

/** The queues between dispatch and the steps that call VOD. Whatever they hold can be thrown away. */
export class Queues {
  private readonly store: QueueStore;
  private readonly queues = new Map<string, BullQueue>();
  private workers: BullWorker[] = [];
  private readonly lanes = new Map<string, Lane>();
  private isWorking = false;
  private closing: Promise<void> | undefined;
  private evictionPolicy: string | null | undefined;

  constructor(private readonly options: QueuesOptions) {
    this.store = openStore(options.store, prefixOf(options.installation), {
      onTrouble: (error) => this.trouble(error),
      onReady: () => options.signals.emit('store.recovered', { store: this.store.kind }),
      onEviction: (policy) => this.eviction(policy),
    });
    for (const kind of queueKinds) {
      for (const region of options.regions) {
        const queue = this.store.queue(queueName(kind, region));
        queue.on('error', (error) => this.trouble(error));
        this.queues.set(queueName(kind, region), queue);
      }
    }
  }

  get storeKind(): 'redis' | 'postgres' {
    return this.store.kind;
  }

  /** Puts work on a queue in one go. Throws when the store is away. */
  async add<K extends QueueKind>(kind: K, region: string, payloads: Payload<K>[]): Promise<void> {
    if (payloads.length === 0) return;
    const { payload: schema, id } = catalog[kind];
    await this.ask(
      (queue) =>
        queue.addBulk(
          payloads.map((payload) => {
            const jobId = (id as ((payload: Payload<K>) => string | null) | null)?.(payload);
            return {
              name: kind,
              data: schema.parse(payload),
              opts: { ...(jobId ? { jobId } : {}), removeOnComplete: true as const, removeOnFail: true as const },
            };
          }),
        ),
      kind,
      region,
    );
  }

  /** How much is on a queue: waiting for a worker, and under way. */
  async load(kind: QueueKind, region: string): Promise<{ waiting: number; active: number }> {
    const counts = await this.ask((queue) => queue.getJobCounts('wait', 'active'), kind, region);
    return { waiting: (counts['wait'] ?? 0) + (counts['waiting'] ?? 0), active: counts['active'] ?? 0 };
  }

  /** How many steps of a queue this process has under way. */
  underWayHere(kind: QueueKind, region: string): number {
    return this.lanes.get(queueName(kind, region))?.underWay.size ?? 0;
  }

  /** How many more of a queue this process would start by itself. */
  roomHere(kind: QueueKind, region: string): number {
    return this.isWorking ? Math.max(catalog[kind].startsHere - this.underWayHere(kind, region), 0) : 0;
  }

  /**
   * Works here and at once what this process has room for, and answers the rest. To the store and back is the longest way a job
   * goes, and whoever has found the work is as good as any other.
   */
  startHere<K extends QueueKind>(kind: K, region: string, payloads: Payload<K>[]): Payload<K>[] {
    const room = this.roomHere(kind, region);
    this.start(kind, region, payloads.slice(0, room));
    return payloads.slice(room);
  }

  /** The same for all of it: for whoever has asked for room before it had the work. */
  start<K extends QueueKind>(kind: K, region: string, payloads: readonly Payload<K>[]): void {
    const name = queueName(kind, region);
    for (const payload of payloads) {
      const lane = this.lanes.get(name);
      if (!lane) throw new Error(`nobody works ${name} here`);
      lane.work(payload).catch((error: unknown) => this.options.onFailure({ queue: name, error: asError(error) }));
    }
  }

  /** Starts to work: every kind of queue in every region by exactly one processor, or not at all. */
  async work(processors: readonly Processor[]): Promise<void> {
    assertComplete(processors);
    this.workers = processors.flatMap((processor) =>
      this.options.regions.map((region) => this.workerFor(processor, region)),
    );
    await this.store.assertUsable();
    // On Postgres BullMQ looks at its schema once, and for ever keeps what it found: one that was away at that moment would
    // leave queues that refuse everything in a process that is ready. Better not to start, as without our own tables.
    if (this.store.kind === 'postgres') {
      await Promise.all([...this.queues.values(), ...this.workers].map((each) => each.waitUntilReady()));
    }
    for (const worker of this.workers) {
      // Resolves when the worker is closed; its errors come as events.
      void worker.run().catch((error: unknown) => this.trouble(asError(error)));
    }
    this.isWorking = this.workers.length > 0; // or it was stopped meanwhile
  }

  /** Throws, with the reason, while work can't be put on a queue and taken off it. */
  assertWorks(): Promise<void> {
    return this.store.assertWorks();
  }

  /** Takes no more work and finishes what is under way. */
  async stopWork(): Promise<void> {
    this.isWorking = false;
    const closing = Promise.all([...this.workers.map((worker) => worker.close()), this.stepsOver()]);
    // A store that is away keeps BullMQ from recording what is over, and it would wait for that. The steps are what counts.
    const recorded = this.stepsOver().then(() => timeout(RECORDING_MS));
    await Promise.race([closing, recorded, timeout(CLOSE_GRACE_MS)]);
    this.workers = [];
  }

  /** Once, however often it is asked for. */
  close(): Promise<void> {
    return (this.closing ??= this.closeAll());
  }

  private async closeAll(): Promise<void> {
    await this.stopWork();
    await Promise.race([Promise.all([...this.queues.values()].map((queue) => queue.close())), timeout(1_000)]);
    await this.store.close();
  }

  private async stepsOver(): Promise<void> {
    const steps = () => [...this.lanes.values()].flatMap(({ underWay }) => [...underWay]);
    while (steps().length > 0) await Promise.allSettled(steps());
  }

  private workerFor(processor: Processor, region: string): BullWorker {
    const { queue: kind } = processor;
    const { payload: schema, concurrency } = catalog[kind];
    const name = queueName(kind, region);
    const underWay = new Set<Promise<void>>();
    const work = async (payload: unknown) => {
      const step = (processor.process as (region: string, payload: unknown) => Promise<void>)(
        region,
        schema.parse(payload),
      );
      underWay.add(step);
      await step.finally(() => underWay.delete(step));
    };
    this.lanes.set(name, { underWay, work });
    const worker = this.store.worker(name, (job) => work(job.data), { concurrency, lockMs: this.lockMs });
    worker.on('error', (error) => this.trouble(error));
    worker.on('failed', (_job, error) => this.options.onFailure({ queue: name, error }));
    return worker;
  }

  /**
   * BullMQ takes what a dead worker held for under way until its lock has run out and somebody looks. Until then it
   * refuses the same id, so that work would be due in vain: both must be over before it is.
   */
  private get lockMs(): number {
    const { leaseMs = 60_000 } = this.options;
    return Math.min(leaseMs / 2, LOCK_MS);
  }

  /** Fails within seconds when the store is away: what was to be put on the queue is due again, what waits here does not. */
  private async ask<T>(question: (queue: BullQueue) => Promise<T>, kind: QueueKind, region: string): Promise<T> {
    const queue = this.queue(kind, region);
    const away = () => new Error(`the queue store (${this.store.kind}) is away`);
    if (this.store.isAway()) throw away();
    // Asked first: a payload that is not one throws here, and then nobody would be there to hear that it is late.
    const answer = question(queue);
    const late = timeout(ANSWER_MS).then(() => {
      throw away();
    });
    return Promise.race([answer, late]);
  }

  private queue(kind: QueueKind, region: string): BullQueue {
    const queue = this.queues.get(queueName(kind, region));
    if (!queue)
      throw new Error(`no queue for region ${region}: this process serves ${this.options.regions.join(', ')}`);
    return queue;
  }

  /** Told when it is not what it was, not at every reconnect. */
  private eviction(policy: string | null): void {
    if (policy === this.evictionPolicy) return;
    this.evictionPolicy = policy;
    this.options.signals.emit('store.eviction', { store: this.store.kind, policy });
  }

  private trouble(error: Error): void {
    this.options.signals.emit('store.trouble', { store: this.store.kind, error });
  }
}

/** What stands in braces decides in which slot of a Redis Cluster a key is: BullMQ's scripts need all of a queue's in one. */
export function prefixOf(installation: string): string {
  return `{vodai-${installation}}`;
}

/** A queue that nobody works fills up in silence; one that two work is worked by whoever is wrong. Refuse both. */
export function assertComplete(processors: readonly { queue: string }[]): void {
  const problems = queueKinds.flatMap((kind) => {
    const count = processors.filter((processor) => processor.queue === kind).length;
    if (count === 1) return [];
    return [
      `queue "${kind}" has ${count} processors, expected exactly one: see the list in apps/worker/src/processors.ts`,
    ];
  });
  const strangers = processors.filter(({ queue }) => !(queueKinds as string[]).includes(queue));
  problems.push(...strangers.map(({ queue }) => `processor for "${queue}", which is not in libs/queue/src/catalog.ts`));
  if (problems.length > 0) throw new Error(problems.join('\n'));
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function timeout(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
