import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { StartError } from '@app/observability';
import {
  createPostgresBackend,
  createRedisBackend,
  runMigrations,
  withBackend,
  type Job,
  type PostgresConnectionOptions,
} from 'bullmq';
import { assertWritable, ServerPool, applySettings, singleClient } from '@app/postgres';
import { Redis } from 'ioredis';
import type { Pool, PoolClient } from 'pg';
import { assertMayMigrateQueue, assertQueueRights, isQueueSchemaCurrent, SCHEMA } from './postgres-rights';
import { PROBE, putAndTake, refusal } from './redis-probe';

/** Where BullMQ keeps its queues. Nothing outside this library knows which one it is. */
export type QueueStoreOptions =
  { redisUrl: string; /** By default ten seconds. */ silenceMs?: number } | { databaseUrl: string };

type PoolConnection = Extract<PostgresConnectionOptions, { connect(): unknown }>;

interface WorkerSettings {
  concurrency: number;
  /** How long what a dead worker held stays locked. */
  lockMs: number;
}

/** How long a worker whose store refuses waits before it asks again. BullMQ waits 15 s after some errors, after others not at all. */
const REFUSED_MS = 1_000;

/**
 * An entry of a worker that was killed blocks the next one of the same id until its lock has run out and two checks have
 * found it so: one and a half times `lockMs` at most. How often that happened to an entry says nothing about it here, and
 * one that failed for it would only be handed out again.
 */
const stalledSettings = (lockMs: number) => ({
  lockDuration: lockMs,
  stalledInterval: lockMs / 2,
  maxStalledCount: 1_000_000,
  runRetryDelay: REFUSED_MS,
});

/**
 * A connection on which nothing comes back for so long is made anew: after a failover the old server may be gone without
 * a word, and TCP would wait for it for a quarter of an hour. BullMQ sees to the connections on which it blocks. Nobody waits
 * longer than that for a new connection either, or for a free one of a pool.
 */
const SILENCE_MS = 10_000;

/** How long a start waits for Redis, to learn whether it is of any use. */
const FIRST_ANSWER_MS = 2_000;

/** For connections to say goodbye. */
const END_MS = 1_000;

/** What this library needs of a BullMQ queue, whichever store is behind it. */
export interface BullQueue {
  addBulk(
    jobs: { name: string; data: unknown; opts: { jobId?: string; removeOnComplete: true; removeOnFail: true } }[],
  ): Promise<unknown>;
  getJobCounts(...types: ('wait' | 'active' | 'prioritized' | 'delayed')[]): Promise<Record<string, number>>;
  waitUntilReady(): Promise<unknown>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  close(): Promise<void>;
}

export interface BullWorker {
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'failed', listener: (job: unknown, error: Error) => void): unknown;
  run(): Promise<void>;
  waitUntilReady(): Promise<unknown>;
  close(force?: boolean): Promise<void>;
}

export interface QueueStore {
  kind: 'redis' | 'postgres';
  queue(name: string): BullQueue;
  worker(name: string, process: (job: Pick<Job, 'data'>) => Promise<void>, settings: WorkerSettings): BullWorker;
  /** Known to be unreachable at this moment. */
  isAway(): boolean;
  /** Throws when work can't be put on a queue and taken off it; a StartError when only a person can change that. */
  assertWorks(): Promise<void>;
  /** The same before the work begins, for what only a person can change: that a store is away is no reason not to start. */
  assertUsable(): Promise<void>;
  close(): Promise<void>;
}

export interface StoreListener {
  onTrouble: (error: Error) => void;
  /** Answers again, or for the first time. */
  onReady: () => void;
  /** What the store does with its keys when it is full; null when it does not tell. */
  onEviction: (policy: string | null) => void;
}

export function openStore(options: QueueStoreOptions, prefix: string, listener: StoreListener): QueueStore {
  return 'redisUrl' in options ? openRedis(options, prefix, listener) : openPostgres(options.databaseUrl, listener);
}

function openRedis(
  { redisUrl: url, silenceMs = SILENCE_MS }: Extract<QueueStoreOptions, { redisUrl: string }>,
  prefix: string,
  { onTrouble, onReady, onEviction }: StoreListener,
): QueueStore {
  const { Queue, Worker } = withBackend(createRedisBackend);
  // BullMQ sets a connection up once and never again, so its commands have to outwait a Redis that is away.
  const connect = () =>
    new Redis(url, {
      maxRetriesPerRequest: null,
      retryStrategy: (tries) => Math.min(tries * 100, 2_000),
      // After a failover this may be the replica of today, and the name lead to the master only when it is asked again.
      reconnectOnError: (error) => {
        if (!error.message.includes('READONLY')) return false;
        onTrouble(error);
        return 2; // and the command goes again
      },
    });
  const producer = connect();
  const consumer = connect();
  // Every worker blocks on a copy of its own.
  const copies: Redis[] = [];
  const duplicate = consumer.duplicate.bind(consumer);
  consumer.duplicate = (options) => {
    const copy = duplicate(options);
    copies.push(copy);
    return copy;
  };
  for (const client of [producer, consumer]) client.on('error', onTrouble);
  let trouble: Error | null = null;
  producer.on('error', (error) => (trouble = error));
  producer.on('ready', () => (trouble = null));
  const watch = setInterval(() => {
    for (const client of [producer, consumer]) void endSilence(client, silenceMs);
  }, silenceMs).unref();
  const write = () => producer.set(`${prefix}:alive`, 1, 'PX', 60_000);
  let probe: [InstanceType<typeof Queue>, InstanceType<typeof Worker>] | null = null;
  const openProbe = (): NonNullable<typeof probe> => {
    const queue = new Queue(PROBE, { connection: producer, prefix });
    const worker = new Worker(PROBE, null, { connection: consumer, prefix, autorun: false });
    // Told to whoever asks.
    queue.on('error', () => undefined);
    worker.on('error', () => undefined);
    return [queue, worker];
  };
  const assertWorks = async () => {
    if (producer.status !== 'ready') throw (trouble && refusal(trouble)) ?? new Error(`Redis is ${producer.status}`);
    // One that answers and takes nothing, a replica or one that is full, is no use either.
    await write().catch((error: unknown) => {
      throw refusal(error) ?? error;
    });
    probe ??= openProbe();
    await putAndTake(producer, prefix, ...probe);
  };
  let looking = false;
  // Each time, because a failover may have led to another server; one look at a time, because one that is a replica as yet
  // makes it reconnect over and over.
  producer.on('ready', () => {
    if (looking) return;
    looking = true;
    void look().finally(() => (looking = false));
  });
  const look = async () => {
    try {
      await write();
      onReady();
      onEviction(await evictionPolicy(producer));
    } catch (error) {
      if (producer.status === 'ready') onTrouble(error instanceof Error ? error : new Error(String(error)));
    }
  };
  return {
    kind: 'redis',
    queue: (name) => new Queue(name, { connection: producer, prefix }),
    worker: (name, process, { lockMs, ...settings }) =>
      retryingSlowly(
        new Worker(name, process, {
          connection: consumer,
          prefix,
          autorun: false,
          ...stalledSettings(lockMs),
          ...settings,
        }),
      ),
    // Whoever adds must learn at once that Redis is away: a command that waits for it would outlive the alarm.
    isAway: () => producer.status !== 'ready',
    assertWorks,
    assertUsable: async () => {
      if (producer.status !== 'ready') {
        const heard = ['ready', 'error'].map((event) => once(producer, event).catch(() => undefined));
        await Promise.race([...heard, pause(FIRST_ANSWER_MS, undefined, { ref: false })]);
      }
      const late = pause(FIRST_ANSWER_MS, undefined, { ref: false });
      // Twice: of a script the client sends the text at first, and then its name, which is another command.
      await Promise.race([assertWorks().then(assertWorks), late]).catch((error: unknown) => {
        if (error instanceof StartError) throw error;
      });
    },
    close: async () => {
      clearInterval(watch);
      await Promise.race([
        Promise.all((probe ?? []).map((each) => each.close())),
        pause(END_MS, undefined, { ref: false }),
      ]);
      for (const client of [producer, consumer, ...copies]) client.disconnect();
      await Promise.all(copies.map(endOf));
    },
  };
}

async function endSilence(client: Redis, ms: number): Promise<void> {
  if (client.status !== 'ready') return;
  const { stream } = client;
  const answered = client.ping().then(
    () => true,
    () => true,
  );
  if (await Promise.race([answered, pause(ms, false, { ref: false })])) return;
  if (client.stream === stream) stream.destroy(new Error(`nothing came back within ${ms} ms`));
}

/** Managed servers often forbid CONFIG, and tell the same in INFO. */
async function evictionPolicy(client: Redis): Promise<string | null> {
  const asked = await client.config('GET', 'maxmemory-policy').catch(() => []);
  const policy = (asked as unknown[])[1];
  if (typeof policy === 'string') return policy;
  const memory = await client.info('memory').catch(() => '');
  return /^maxmemory_policy:(\S+)/m.exec(memory)?.[1] ?? null;
}

/**
 * Some refusals make BullMQ wait for 15 s, and all others (no memory left, a replica, a server that is starting) make it
 * ask again at once, thousands of times a second. This one waits for a moment.
 */
function retryingSlowly<W extends object>(worker: W): W {
  const internals = worker as unknown as { moveToActive(token: string, name?: string): Promise<unknown> };
  const ask = internals.moveToActive.bind(worker);
  internals.moveToActive = (token, name) =>
    ask(token, name).catch(async (error: unknown) => {
      await pause(REFUSED_MS);
      throw error;
    });
  return worker;
}

/**
 * A client that is told to disconnect between two tries to connect never says that it has ended, and the worker waits
 * for that for ever, timers and all. One more try, which fails or is cut, makes it say so.
 */
async function endOf(client: Redis): Promise<void> {
  if (client.status !== 'reconnecting') return;
  await client.connect().catch(() => undefined);
  client.disconnect();
}

function openPostgres(databaseUrl: string, { onTrouble }: StoreListener): QueueStore {
  const { Queue, Worker } = withBackend(createPostgresBackend);
  const pools = new Map<Pool, Set<PoolClient>>();
  let isOver = false;
  const open = (max: number): PoolConnection => {
    const pool = new ServerPool({
      connectionString: databaseUrl,
      application_name: 'vodai-bullmq',
      searchPath: SCHEMA,
      max,
      connectionTimeoutMillis: SILENCE_MS,
    });
    const clients = new Set<PoolClient>();
    pool.on('error', onTrouble);
    pool.on('connect', (client) => {
      if (isOver) void client.end();
      else clients.add(client);
    });
    pool.on('remove', (client) => clients.delete(client));
    pools.set(pool, clients);
    // BullMQ tells a pool from a configuration by its methods, and its type of the latter wants an index signature.
    return pool as Pool & PoolConnection;
  };
  const producers = open(4) as Pool & PoolConnection;
  return {
    kind: 'postgres',
    queue: (name) => new Queue(name, { connection: producers }),
    // One connection listens for as long as the worker lives; the others fetch and finish jobs.
    worker: (name, process, { lockMs, ...settings }) =>
      retryingSlowly(
        new Worker(name, process, { connection: open(3), autorun: false, ...stalledSettings(lockMs), ...settings }),
      ),
    isAway: () => false, // the pool says so by itself, with every query
    assertWorks: () => assertWritable(producers),
    assertUsable: () => assertQueueRights(producers),
    close: async () => {
      await Promise.all(
        [...pools.keys()].map((pool) => Promise.race([pool.end(), pause(END_MS, undefined, { ref: false })])),
      );
      // BullMQ may take one more connection to listen on while it is being closed, and never gives that one back: the pool
      // would wait for it for ever. What a step has not recorded by now is due again.
      isOver = true;
      for (const client of [...pools.values()].flatMap((clients) => [...clients])) void client.end();
    },
  };
}

/**
 * BullMQ's own tables, for set-ups without Redis. Runs beside our migrations. Answers whether there was something to do; to
 * find that there is nothing needs no rights but to read.
 */
export async function migrateQueueStore(databaseUrl: string): Promise<boolean> {
  const client = singleClient(databaseUrl, 'vodai-migrate');
  client.on('error', () => undefined); // told to whoever asks next
  await client.connect();
  try {
    await applySettings(client, 'public');
    if (await isQueueSchemaCurrent(client)) return false;
    await assertMayMigrateQueue(client);
    // Of two that migrate one waits for the other, and a large table takes its time.
    await client.query('set statement_timeout = 0');
    await runMigrations(client, SCHEMA);
    return true;
  } finally {
    await client.end();
  }
}
