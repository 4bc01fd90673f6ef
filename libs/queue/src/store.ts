import {
  createPostgresBackend,
  createRedisBackend,
  runMigrations,
  withBackend,
  type Job,
  type PostgresConnectionOptions,
} from 'bullmq';
import { Redis } from 'ioredis';
import { Client, Pool } from 'pg';

/** Where BullMQ keeps its queues. Nothing outside this library knows which one it is. */
export type QueueStoreOptions = { redisUrl: string } | { databaseUrl: string };

/** BullMQ's schema in Postgres: made by `npm run migrate`, checked by BullMQ at every start. */
const SCHEMA = 'bullmq';

type PoolConnection = Extract<PostgresConnectionOptions, { connect(): unknown }>;

interface WorkerSettings {
  concurrency: number;
  limiter: { max: number; duration: number };
  lockDuration?: number;
  stalledInterval?: number;
}

/** What this library needs of a BullMQ queue, whichever store is behind it. */
export interface BullQueue {
  addBulk(
    jobs: { name: string; data: unknown; opts: { jobId?: string; removeOnComplete: true; removeOnFail: true } }[],
  ): Promise<unknown>;
  getJobCounts(...types: ('wait' | 'active' | 'prioritized' | 'delayed')[]): Promise<Record<string, number>>;
  rateLimit(ms: number): Promise<void>;
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
  /** Throws when the store does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface StoreListener {
  onTrouble: (error: Error) => void;
  /** Answers again, or for the first time. */
  onReady: () => void;
}

export function openStore(options: QueueStoreOptions, prefix: string, listener: StoreListener): QueueStore {
  return 'redisUrl' in options
    ? openRedis(options.redisUrl, prefix, listener)
    : openPostgres(options.databaseUrl, listener);
}

function openRedis(url: string, prefix: string, { onTrouble, onReady }: StoreListener): QueueStore {
  const { Queue, Worker } = withBackend(createRedisBackend);
  // BullMQ sets a connection up once and never again, so its commands have to outwait a Redis that is away.
  const connect = () =>
    new Redis(url, { maxRetriesPerRequest: null, retryStrategy: (tries) => Math.min(tries * 100, 2_000) });
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
  producer.on('ready', onReady);
  return {
    kind: 'redis',
    queue: (name) => new Queue(name, { connection: producer, prefix }),
    worker: (name, process, settings) =>
      new Worker(name, process, { connection: consumer, prefix, autorun: false, ...settings }),
    // Whoever adds must learn at once that Redis is away: a command that waits for it would outlive the alarm.
    isAway: () => producer.status !== 'ready',
    ping: async () => {
      if (producer.status !== 'ready') throw new Error(`Redis is ${producer.status}`);
      await producer.ping();
    },
    close: async () => {
      for (const client of [producer, consumer, ...copies]) client.disconnect();
      await Promise.all(copies.map(endOf));
    },
  };
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
  const pools: Pool[] = [];
  const open = (max: number): PoolConnection => {
    const pool = new Pool({
      connectionString: databaseUrl,
      application_name: 'vodai-bullmq',
      options: `-c search_path=${SCHEMA}`,
      keepAlive: true,
      max,
    });
    pool.on('error', onTrouble);
    // The pool hears of its idle connections only. One that BullMQ holds and Postgres drops would end the process.
    pool.on('connect', (client) => client.on('error', () => undefined));
    pools.push(pool);
    // BullMQ tells a pool from a configuration by its methods, and its type of the latter wants an index signature.
    return pool as Pool & PoolConnection;
  };
  const producers = open(4);
  return {
    kind: 'postgres',
    queue: (name) => new Queue(name, { connection: producers }),
    // One connection listens for as long as the worker lives; the others fetch and finish jobs.
    worker: (name, process, settings) =>
      new Worker(name, process, { connection: open(3), autorun: false, ...settings }),
    isAway: () => false, // the pool says so by itself, with every query
    ping: async () => void (await producers.query('select 1')),
    close: async () => {
      await Promise.all(pools.map((pool) => pool.end()));
    },
  };
}

/** BullMQ's own tables, for set-ups without Redis. Runs beside our migrations; a second run changes nothing. */
export async function migrateQueueStore(databaseUrl: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await runMigrations(client, SCHEMA);
  } finally {
    await client.end();
  }
}
