import { randomUUID } from 'node:crypto';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Signals } from '@app/observability';
import { createTestDatabase, describeWithRedis, eventually, testRedisUrl, type TestDatabase } from '@app/testing';
import type { Job } from 'bullmq';
import { Client } from 'pg';
import { describeWithRedisServer, RedisServer } from '../test/redis-server';
import { limiterFor, queueName, type Payload } from './catalog';
import { assertComplete, prefixOf, Queues, type Processor, type QueuesOptions } from './queues';
import { openStore, type QueueStoreOptions } from './store';

const REGIONS = ['cn-shanghai', 'ap-southeast-1'] as const;
const [HOME, ABROAD] = REGIONS;
const fast = { submitQps: 10_000, collectQps: 10_000 };

let opened: Queues[] = [];
afterEach(async () => {
  await Promise.all(opened.map((queues) => queues.close()));
  opened = [];
});

function open(store: QueueStoreOptions, more: Partial<QueuesOptions> = {}): Queues {
  const onFailure = () => undefined;
  const installation = 'test';
  const signals = new Signals();
  const queues = new Queues({ store, installation, regions: REGIONS, limits: fast, signals, onFailure, ...more });
  opened.push(queues);
  return queues;
}

const deaf = { onTrouble: () => undefined, onReady: () => undefined, onEviction: () => undefined };

const doNothing = () => Promise.resolve();

type Work = { [P in Processor as P['queue']]?: P['process'] };

function complete({ submit = doNothing, collect = doNothing, recover = doNothing }: Work): Processor[] {
  return [
    { queue: 'submit', process: submit },
    { queue: 'collect', process: collect },
    { queue: 'recover', process: recover },
  ];
}

const answers = (queues: Queues) =>
  eventually('the queue store answers', () =>
    queues.assertWorks().then(
      () => true,
      () => false,
    ),
  );

const requests = (count: number): Payload<'submit'>[] =>
  Array.from({ length: count }, () => ({ requestId: randomUUID() }));

/** A promise that the test keeps, to hold a processor where it is. */
function promise(): { kept: Promise<void>; keep: () => void } {
  let keep = () => {};
  const kept = new Promise<void>((resolve) => (keep = resolve));
  return { kept, keep };
}

/** Between the queues and Redis. Its connections can fall silent, as after a failover: they stay open, and nothing comes back. */
class Way {
  private readonly silent = new Set<Socket>();
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  static async to(port: number): Promise<Way> {
    const way = new Way(
      createServer((near) => {
        const far = connect(port, '127.0.0.1');
        near.pipe(far);
        far.on('data', (chunk) => way.silent.has(near) || near.write(chunk));
        for (const [one, other] of [
          [near, far],
          [far, near],
        ] as const) {
          way.sockets.add(one);
          one.on('error', () => other.destroy()).on('close', () => other.destroy());
        }
      }),
    );
    await new Promise<void>((resolve) => way.server.listen(0, '127.0.0.1', resolve));
    return way;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Those that are there; new ones are as they should be. */
  fallSilent(): void {
    for (const socket of this.sockets) this.silent.add(socket);
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

/** What holds on either store. */
function describeQueues(newStore: () => Promise<QueueStoreOptions>): void {
  let store: QueueStoreOptions;

  beforeEach(async () => {
    store = await newStore();
  });

  it('works everything that was added exactly once, in its region and with its payload', async () => {
    const seen: string[] = [];
    const note = (queue: string) => (region: string, payload: unknown) => {
      seen.push(JSON.stringify([queue, region, payload]));
      return Promise.resolve();
    };
    const workers = [open(store), open(store)];
    for (const worker of workers) {
      await worker.work(complete({ submit: note('submit'), collect: note('collect'), recover: note('recover') }));
    }
    const producer = open(store);
    await answers(producer);

    const submits = requests(50);
    const collects = Array.from({ length: 20 }, () => ({ jobIds: [randomUUID(), randomUUID()] }));
    const recovers = Array.from({ length: 5 }, () => ({ jobId: randomUUID() }));
    await producer.add('submit', HOME, submits);
    await producer.add('collect', ABROAD, collects);
    await producer.add('recover', HOME, recovers);
    await producer.add('recover', HOME, []);

    const expected = [
      ...submits.map((payload) => JSON.stringify(['submit', HOME, payload])),
      ...collects.map((payload) => JSON.stringify(['collect', ABROAD, payload])),
      ...recovers.map((payload) => JSON.stringify(['recover', HOME, payload])),
    ];
    await eventually('all is worked', () => seen.length >= expected.length);
    await eventually('nothing is left on the queues', async () => {
      const loads = await Promise.all([
        producer.load('submit', HOME),
        producer.load('collect', ABROAD),
        producer.load('recover', HOME),
      ]);
      return loads.every(({ waiting, active }) => waiting + active === 0);
    });
    expect(seen.toSorted()).toEqual(expected.toSorted());
  });

  it('says how much waits and how much is under way', async () => {
    const queues = open(store);
    await answers(queues);
    await queues.add('collect', HOME, [{ jobIds: [randomUUID()] }, { jobIds: [randomUUID()] }]);
    await queues.add('submit', HOME, requests(3));
    expect(await queues.load('submit', HOME)).toEqual({ waiting: 3, active: 0 });
    expect(await queues.load('submit', ABROAD)).toEqual({ waiting: 0, active: 0 });

    const held = promise();
    await queues.work(complete({ submit: () => held.kept }));
    await eventually('the three are under way', async () => {
      const { waiting, active } = await queues.load('submit', HOME);
      return waiting === 0 && active === 3;
    });
    held.keep();
  });

  it('row 8: keeps one entry of a request that is added twice while it waits, and takes it again once it is over', async () => {
    const seen: string[] = [];
    const queues = open(store);
    await answers(queues);
    const [request] = requests(1);
    if (!request) throw new Error('no request');
    await queues.add('submit', HOME, [request, request]);
    await queues.add('submit', HOME, [request]);
    expect(await queues.load('submit', HOME)).toEqual({ waiting: 1, active: 0 });

    await queues.work(
      complete({
        submit: (_region, { requestId }) => {
          seen.push(requestId);
          return Promise.resolve();
        },
      }),
    );
    await eventually('it is over', async () => {
      const { waiting, active } = await queues.load('submit', HOME);
      return seen.length > 0 && waiting + active === 0;
    });
    expect(seen).toEqual([request.requestId]);
    await queues.add('submit', HOME, [request]);
    await eventually('it is worked again', () => seen.length === 2);
  });

  it('tells about a step that threw, and neither repeats nor keeps it: the alarm in Postgres will', async () => {
    const failures: { queue: string; message: string }[] = [];
    const started: string[] = [];
    const queues = open(store, {
      onFailure: ({ queue, error }) => failures.push({ queue, message: error.message }),
    });
    await queues.work(
      complete({
        submit: (_region, { requestId }) => {
          started.push(requestId);
          return Promise.reject(new Error('Postgres was away'));
        },
      }),
    );
    await answers(queues);
    await queues.add('submit', HOME, requests(2));
    await eventually('both have failed', () => failures.length >= 2);
    const failure = { queue: queueName('submit', HOME), message: 'Postgres was away' };
    expect(failures).toEqual([failure, failure]);
    expect(started).toHaveLength(2);
    expect(await queues.load('submit', HOME)).toEqual({ waiting: 0, active: 0 });
  });

  it('refuses a payload that is not one, and a region that this process does not serve', async () => {
    const queues = open(store);
    await answers(queues);
    await expect(queues.add('submit', HOME, [...requests(1), { requestId: 'order-42' }])).rejects.toThrow(/uuid/i);
    await expect(queues.add('collect', HOME, [{ jobIds: [] }])).rejects.toThrow(/jobIds/);
    await expect(queues.add('submit', 'eu-central-1', requests(1))).rejects.toThrow(/eu-central-1.*cn-shanghai/);
    expect(await queues.load('submit', HOME)).toEqual({ waiting: 0, active: 0 });
  });

  it('closes a queue for all workers until the moment, and then flows again', async () => {
    const startedAt: number[] = [];
    const submit = () => {
      startedAt.push(Date.now());
      return Promise.resolve();
    };
    for (const worker of [open(store), open(store)]) await worker.work(complete({ submit }));
    const [first] = opened;
    await answers(first as Queues);
    await first?.add('submit', HOME, requests(2));
    await eventually('both workers idle', () => startedAt.length === 2);

    const closedAt = Date.now();
    await first?.pauseFor('submit', HOME, 700, 'Throttling.User');
    await first?.add('submit', HOME, requests(4));
    await eventually('the queue flows again', () => startedAt.length === 6);
    // Both stores count in whole milliseconds, and so does this.
    for (const at of startedAt.slice(2)) expect(at - closedAt).toBeGreaterThanOrEqual(698);
  });

  it('closes one queue of one region, holds up no other, and can be stopped meanwhile', async () => {
    const seen: string[] = [];
    const note = (region: string) => {
      seen.push(region);
      return Promise.resolve();
    };
    const closed: object[] = [];
    const signals = new Signals();
    signals.on('queue.closed', ({ queue, code }) => closed.push({ queue, code }));
    const queues = open(store, { signals });
    await answers(queues);
    await queues.pauseFor('submit', HOME, 3_600_000, 'Throttling');
    expect(closed).toEqual([{ queue: queueName('submit', HOME), code: 'Throttling' }]);

    await queues.add('submit', HOME, requests(2));
    await queues.work(complete({ submit: note, collect: note }));
    await queues.add('collect', HOME, [{ jobIds: [randomUUID()] }]);
    await queues.add('submit', ABROAD, requests(1));
    await eventually('the open ones flow', () => seen.length === 2);
    expect(seen.toSorted()).toEqual([ABROAD, HOME].toSorted());
    expect(await queues.load('submit', HOME)).toEqual({ waiting: 2, active: 0 });
    await queues.stopWork();
    expect(seen).toHaveLength(2);
  });

  it('lets what is under way finish when it stops, and takes nothing new', async () => {
    const said: string[] = [];
    const held = promise();
    const queues = open(store);
    await queues.work(
      complete({
        recover: async () => {
          said.push('started');
          await held.kept;
          said.push('finished');
        },
      }),
    );
    await answers(queues);
    await queues.add('recover', HOME, [{ jobId: randomUUID() }]);
    await eventually('it has started', () => said.length === 1);

    const stopped = queues.stopWork().then(() => said.push('stopped'));
    held.keep();
    await stopped;
    expect(said).toEqual(['started', 'finished', 'stopped']);
    await queues.add('submit', HOME, requests(1));
    const next = open(store);
    await answers(next);
    expect(await next.load('submit', HOME)).toEqual({ waiting: 1, active: 0 });
  });

  it('starts at most 30 in any second at 30 a second, by two workers together', async () => {
    // BullMQ's own time of an admission is taken before it, ours after it: between the two it happened. So this test
    // is red only when there were too many, and a slow machine makes it no redder.
    const admitted: { after: number; before: number }[] = [];
    const { max, duration } = limiterFor(30);
    const stores = [1, 2].map(() => openStore(store, prefixOf('test'), deaf));
    const workers = stores.map((each) =>
      each.worker(
        queueName('submit', HOME),
        async (job) => {
          admitted.push({ after: (job as Job).processedOn ?? NaN, before: Date.now() });
          await Promise.resolve();
        },
        { lockMs: 30_000, concurrency: 32, limiter: { max, duration } },
      ),
    );
    const queues = open(store, { limits: { submitQps: 30, collectQps: 20 } });
    await answers(queues);
    for (const worker of workers) {
      worker.on('error', () => undefined);
      void worker.run();
    }
    try {
      // One call opens a window; the many come when a window of a whole second would be nearly over.
      await queues.add('submit', HOME, requests(1));
      const first = await eventually('the first has started', () => admitted[0]);
      await eventually('most of a second has passed', () => Date.now() - first.after > 900);
      await queues.add('submit', HOME, requests(65));
      await eventually('all have started', () => admitted.length === 66);
    } finally {
      await Promise.all(workers.map((worker) => worker.close()));
      await Promise.all(stores.map((each) => each.close()));
    }
    for (const { after } of admitted) {
      const surelyWithin = admitted.filter((other) => other.after >= after && other.before < after + 1000);
      expect(surelyWithin.length).toBeLessThanOrEqual(30);
    }
  });
}

describe('on Postgres', () => {
  let databases: TestDatabase[] = [];
  afterEach(async () => {
    await Promise.all(opened.map((queues) => queues.close()));
    opened = [];
    await Promise.all(databases.map((database) => database.drop()));
    databases = [];
  });

  describeQueues(async () => {
    const database = await createTestDatabase();
    databases.push(database);
    return { databaseUrl: database.url };
  });

  it('row 6: does not start to work while Postgres is away: BullMQ would never look again', async () => {
    const queues = open({ databaseUrl: 'postgres://vodai@127.0.0.1:1/vodai' });
    await expect(queues.work(complete({}))).rejects.toThrow(/ECONNREFUSED/);
  });

  it('survives that Postgres drops its connections at any moment, its start included', async () => {
    const database = await createTestDatabase();
    databases.push(database);
    const server = new Client({ connectionString: database.url });
    await server.connect();
    const started = new AbortController();
    const dropping = (async () => {
      while (!started.signal.aborted) {
        await server.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid()`,
        );
      }
    })();
    // An error that nobody listens to would fail this test, as it would end the process.
    for (let i = 0; i < 5; i += 1) {
      const queues = open({ databaseUrl: database.url });
      await queues.work(complete({})).catch(() => undefined);
      await queues.assertWorks().catch(() => undefined);
      await queues.close();
    }
    started.abort();
    await dropping;
    await server.end();

    const seen: string[] = [];
    const queues = open({ databaseUrl: database.url });
    await queues.work(
      complete({
        submit: (region) => {
          seen.push(region);
          return Promise.resolve();
        },
      }),
    );
    await queues.add('submit', HOME, requests(1));
    await eventually('it is worked', () => seen.length === 1);
    expect(seen).toEqual([HOME]);
  });
});

describeWithRedis('on Redis', () => {
  describeQueues(() => Promise.resolve({ redisUrl: testRedisUrl() ?? '' }));
});

describeWithRedis('An entry of a worker that was killed', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(async () => {
    await Promise.all(opened.map((queues) => queues.close()));
    opened = [];
    await database.drop();
  });

  /** Below the 30 s for which BullMQ's own lock would hold: with that, this test cannot pass. */
  const PATIENCE_MS = 28_000;

  it('row 11: does not keep its request from being handed out again, on either store', async () => {
    await Promise.all(
      [{ redisUrl: testRedisUrl() ?? '' }, { databaseUrl: database.url }].map(async (store) => {
        let begun = false;
        const held = promise();
        const victim = openStore(store, prefixOf('test'), deaf);
        const worker = victim.worker(
          queueName('submit', HOME),
          () => {
            begun = true;
            return held.kept;
          },
          { concurrency: 1, limiter: limiterFor(1000), lockMs: 10_000 },
        );
        worker.on('error', () => undefined);
        void worker.run().catch(() => undefined);
        const queues = open(store);
        await answers(queues);
        const [request] = requests(1);
        await queues.add('submit', HOME, [request as Payload<'submit'>]);
        await eventually('the step has begun', () => begun);
        // Without a word about the step, as if killed: what this cannot show, a killed process shows in test/faults.
        await worker.close(true);
        await victim.close();
        held.keep();

        const seen: string[] = [];
        await queues.work(
          complete({
            submit: (_region, { requestId }) => {
              seen.push(requestId);
              return Promise.resolve();
            },
          }),
        );
        await queues.add('submit', HOME, [request as Payload<'submit'>]);
        await eventually('it is handed out again', () => seen.length > 0, PATIENCE_MS);
        expect(seen).toEqual([request?.requestId]);
      }),
    );
  });
});

describe('the processors of a process', () => {
  it('are one for each queue', () => {
    expect(() => assertComplete(complete({}))).not.toThrow();
  });

  it('are refused when a queue has none, with the place to look at', () => {
    expect(() => assertComplete(complete({}).filter(({ queue }) => queue !== 'recover'))).toThrow(
      'queue "recover" has 0 processors, expected exactly one: see the list in apps/worker/src/processors.ts',
    );
  });

  it('are refused when two work one queue', () => {
    expect(() => assertComplete([...complete({}), ...complete({}).slice(0, 1)])).toThrow(
      'queue "submit" has 2 processors',
    );
  });

  it('are refused when one works a queue that does not exist, and every problem is named at once', () => {
    const wrong = [{ queue: 'submitt' }, { queue: 'collect' }, { queue: 'recover' }];
    expect(() => assertComplete(wrong)).toThrow(
      /"submit" has 0[^]*"submitt", which is not in libs\/queue\/src\/catalog/,
    );
  });

  it('are checked before any of them works', async () => {
    const queues = open({ redisUrl: 'redis://127.0.0.1:1' });
    await expect(queues.work([])).rejects.toThrow(/"collect" has 0 processors/);
  });
});

describeWithRedisServer('when Redis goes away', () => {
  let redis: RedisServer;
  beforeEach(async () => {
    redis = await RedisServer.onFreePort();
    await redis.start();
  });
  afterEach(async () => {
    await Promise.all(opened.map((queues) => queues.close()));
    opened = [];
    await redis.kill();
  });

  it('makes a connection anew on which nothing comes back, though nobody has closed it', async () => {
    const way = await Way.to(redis.port);
    try {
      const queues = open({ redisUrl: way.url, silenceMs: 300 });
      await answers(queues);
      way.fallSilent();
      // Asked on the old connection, answered by a new one.
      await queues.add('submit', HOME, requests(2));
      expect(await queues.load('submit', HOME)).toEqual({ waiting: 2, active: 0 });
      await queues.close();
    } finally {
      way.close();
    }
  });

  it('says so at once, and the same queues and workers go on when it is back', async () => {
    const troubles: unknown[] = [];
    const signals = new Signals();
    let refused = 0;
    signals.on('store.trouble', ({ store, error }) => {
      troubles.push(store);
      if ((error as { code?: unknown }).code === 'ECONNREFUSED') refused += 1;
    });
    const seen: string[] = [];
    const queues = open({ redisUrl: redis.url }, { signals });
    await queues.work(
      complete({
        submit: (_region, { requestId }) => {
          seen.push(requestId);
          return Promise.resolve();
        },
      }),
    );
    await answers(queues);
    const [before, during, after] = [requests(3), requests(3), requests(3)];
    await queues.add('submit', HOME, before);
    await eventually('the first are worked', () => seen.length === 3);

    await redis.kill();
    // The connections break one by one: a refused one was made anew, so all have.
    await eventually('the loss is noticed', () => refused > 0);
    await expect(queues.add('submit', HOME, during)).rejects.toThrow('the queue store (redis) is away');
    await expect(queues.load('submit', HOME)).rejects.toThrow('the queue store (redis) is away');
    await expect(queues.pauseFor('submit', HOME, 1000, 'Throttling')).rejects.toThrow('away');
    await expect(queues.assertWorks()).rejects.toThrow(/Redis is/);
    expect(troubles).toContain('redis');

    await redis.start();
    await answers(queues);
    await queues.add('submit', HOME, after);
    await eventually('the same workers go on', () => seen.length >= 6);
    expect(seen.toSorted()).toEqual([...before, ...after].map(({ requestId }) => requestId).toSorted());
  });

  it('waits for a Redis that comes up later than the process', async () => {
    await redis.kill();
    const queues = open({ redisUrl: redis.url });
    const seen: string[] = [];
    await queues.work(
      complete({
        submit: (region) => {
          seen.push(region);
          return Promise.resolve();
        },
      }),
    );
    await expect(queues.add('submit', HOME, requests(1))).rejects.toThrow('away');
    await redis.start();
    await answers(queues);
    await queues.add('submit', HOME, requests(1));
    await eventually('it is worked', () => seen.length === 1);
  });

  it('takes new work at once after everything in it was flushed', async () => {
    const seen: string[] = [];
    const queues = open({ redisUrl: redis.url });
    await queues.work(
      complete({
        submit: (_region, { requestId }) => {
          seen.push(requestId);
          return Promise.resolve();
        },
      }),
    );
    await answers(queues);
    await queues.pauseFor('submit', ABROAD, 3_600_000, 'Throttling');
    await queues.add('submit', ABROAD, requests(10));
    await queues.add('submit', HOME, requests(1));
    await eventually('the first is worked', () => seen.length === 1);

    await redis.ask((client) => client.flushall());
    expect(await queues.load('submit', ABROAD)).toEqual({ waiting: 0, active: 0 });
    const [again] = requests(1);
    await queues.add('submit', HOME, [again as Payload<'submit'>]);
    await eventually('the next is worked', () => seen.includes(again?.requestId ?? ''));
  });

  it('row 9: finds its scripts again when Redis has forgotten them', async () => {
    const seen: string[] = [];
    const queues = open({ redisUrl: redis.url });
    await queues.work(
      complete({
        submit: (_region, { requestId }) => {
          seen.push(requestId);
          return Promise.resolve();
        },
      }),
    );
    await answers(queues);
    const all = requests(30);
    for (const [i, request] of all.entries()) {
      await redis.ask((client) => client.script('FLUSH'));
      // What is refused for it rings again; it must not be refused twice.
      await queues.add('submit', HOME, [request]).catch(() => queues.add('submit', HOME, [request]));
      await eventually('it is worked', () => seen.length === i + 1);
    }
    expect(seen).toEqual(all.map(({ requestId }) => requestId));
  });

  it('row 9: is not ready on a replica, and goes on as soon as it is a master', async () => {
    const troubles: string[] = [];
    const signals = new Signals();
    signals.on('store.trouble', ({ error }) => troubles.push((error as Error).message));
    const seen: string[] = [];
    const queues = open({ redisUrl: redis.url }, { signals });
    await queues.work(
      complete({
        submit: (_region, { requestId }) => {
          seen.push(requestId);
          return Promise.resolve();
        },
      }),
    );
    await answers(queues);
    await queues.add('submit', HOME, requests(3));
    await eventually('all are worked', () => seen.length === 3);

    const before = await connections(redis);
    await redis.ask((client) => client.replicaof('127.0.0.1', 1));
    const ready = queues.assertWorks();
    const outcome = ready.then(
      () => 'ready',
      () => 'away',
    );
    const added = queues.add('submit', HOME, requests(1)).catch(() => undefined);
    await eventually('it is told', () => troubles.some((message) => message.includes('READONLY')));
    expect(await Promise.race([outcome, Promise.resolve('not ready')])).not.toBe('ready');
    // Asked again by its name, which may lead to the master by now.
    await eventually('it connects anew', async () => {
      const now = await connections(redis);
      return before.some((id) => !now.includes(id));
    });

    await redis.ask((client) => client.replicaof('NO', 'ONE'));
    await answers(queues);
    await added;
    const worked = seen.length;
    await queues.add('submit', HOME, requests(2));
    await eventually('the same workers go on', () => seen.length >= worked + 2);
    await outcome;
  });

  it('row 10: is not ready while Redis has no memory left, does not hammer it, and goes on when it has', async () => {
    let troubles = 0;
    const signals = new Signals();
    signals.on('store.trouble', () => (troubles += 1));
    const seen: string[] = [];
    const queues = open({ redisUrl: redis.url }, { signals });
    await queues.work(
      complete({
        submit: (_region, { requestId }) => {
          seen.push(requestId);
          return Promise.resolve();
        },
      }),
    );
    await answers(queues);
    const held = requests(3);
    await queues.pauseFor('submit', HOME, 500, 'Throttling');
    await queues.add('submit', HOME, held);
    await redis.ask((client) => client.config('SET', 'maxmemory', '100kb'));
    await expect(queues.assertWorks()).rejects.toThrow(/OOM/);
    await expect(queues.add('submit', HOME, requests(1))).rejects.toThrow(/OOM/);

    const since = performance.now();
    await eventually('some seconds have passed', () => performance.now() - since > 3_000);
    const seconds = (performance.now() - since) / 1000;
    // Six workers, each of which asks once a second. Without a pause it is thousands.
    expect(troubles).toBeLessThan(6 * 3 * (seconds + 2));

    await redis.ask((client) => client.config('SET', 'maxmemory', '0'));
    await answers(queues);
    await queues.add('submit', HOME, requests(2));
    await eventually('the same workers go on', () => seen.length === 5);
  });

  it('is closed without waiting for a Redis that is away, once the step under way is over', async () => {
    const said: string[] = [];
    const held = promise();
    const troubles: unknown[] = [];
    const signals = new Signals();
    signals.on('store.trouble', ({ error }) => troubles.push(error));
    const queues = open({ redisUrl: redis.url }, { signals });
    await queues.work(
      complete({
        submit: async () => {
          said.push('started');
          await held.kept;
          said.push('finished');
        },
      }),
    );
    await answers(queues);
    await queues.add('submit', HOME, requests(1));
    await eventually('it has started', () => said.length === 1);
    await redis.kill();
    await eventually('the loss is noticed', () => troubles.length > 0);

    // Redis stays away: whoever waited for it would wait for ever, and so would this test.
    const closed = queues.close().then(() => said.push('closed'));
    held.keep();
    await closed;
    expect(said).toEqual(['started', 'finished', 'closed']);
  });
});

/** The ids of all connections but the one that asks and those that block, which BullMQ makes anew by itself. */
function connections(redis: RedisServer): Promise<string[]> {
  return redis.ask(async (client) => {
    const own = String(await client.client('ID'));
    const list = String(await client.client('LIST'));
    return [...list.matchAll(/^id=(\d+) (?!.* cmd=bzpopmin)/gm)].map(([, id = '']) => id).filter((id) => id !== own);
  });
}

describeWithRedisServer('row 12: the eviction policy of Redis', () => {
  let redis: RedisServer;
  beforeEach(async () => {
    redis = await RedisServer.onFreePort();
  });
  afterEach(async () => {
    await Promise.all(opened.map((queues) => queues.close()));
    opened = [];
    await redis.kill();
  });

  function watch(): (string | null)[] {
    const found: (string | null)[] = [];
    const signals = new Signals();
    signals.on('store.eviction', ({ policy }) => found.push(policy));
    open({ redisUrl: redis.url }, { signals });
    return found;
  }

  it.each([
    ['by CONFIG', []],
    ['by INFO, where CONFIG is forbidden', ['--rename-command', 'CONFIG', '']],
  ])('is looked at when a worker starts, %s', async (_how, settings) => {
    await redis.start('--maxmemory-policy', 'allkeys-lru', ...settings);
    const found = watch();
    await eventually('it was looked at', () => found.length > 0);
    expect(found).toEqual(['allkeys-lru']);
  });

  it('is not guessed where the server does not tell', async () => {
    await redis.start('--rename-command', 'CONFIG', '');
    // BullMQ itself reads INFO, so only the section of it that tells can be kept from us.
    await redis.ask((client) => client.acl('SETUSER', 'default', '-info'));
    const found = watch();
    await eventually('it was looked at', () => found.length > 0);
    expect(found).toEqual([null]);
  });

  it('is looked at again after every reconnect, and told when it has changed', async () => {
    await redis.start('--maxmemory-policy', 'noeviction');
    const found = watch();
    await eventually('it was looked at', () => found.length === 1);
    for (const policy of ['noeviction', 'volatile-ttl']) {
      await redis.kill();
      await redis.start('--maxmemory-policy', policy);
    }
    await eventually('the other server was looked at', () => found.length === 2);
    expect(found).toEqual(['noeviction', 'volatile-ttl']);
  });
});
