import { Signals } from '@app/observability';
import { eventually } from '@app/testing';
import { ABROAD, answers, closeQueues, complete, HOME, open, promise, requestOf, requests } from '../test/queues';
import { describeWithRedisServer, RedisServer } from '../test/redis-server';
import { Way } from '../test/silent-way';
import { catalog } from './catalog';

const AT_ONCE = catalog.submit.concurrency;

describeWithRedisServer('when Redis goes away', () => {
  let redis: RedisServer;
  beforeEach(async () => {
    redis = await RedisServer.onFreePort();
    await redis.start();
  });
  afterEach(async () => {
    await closeQueues();
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
        submit: (_region, payload) => {
          seen.push(requestOf(payload));
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
    const held = promise();
    await queues.work(
      complete({
        submit: (region, payload) => {
          if (region === ABROAD) return held.kept;
          seen.push(requestOf(payload));
          return Promise.resolve();
        },
      }),
    );
    await answers(queues);
    await queues.add('submit', ABROAD, requests(AT_ONCE + 10));
    await eventually('ten wait', async () => (await queues.load('submit', ABROAD)).waiting === 10);
    await queues.add('submit', HOME, requests(1));
    await eventually('the first is worked', () => seen.length === 1);

    await redis.ask((client) => client.flushall());
    expect(await queues.load('submit', ABROAD)).toEqual({ waiting: 0, active: 0 });
    const [again] = requests(1);
    await queues.add('submit', HOME, again ? [again] : []);
    await eventually('the next is worked', () => seen.includes(again?.requestId ?? ''));
    held.keep();
  });

  it('row 9: finds its scripts again when Redis has forgotten them', async () => {
    const seen: string[] = [];
    const queues = open({ redisUrl: redis.url });
    await queues.work(
      complete({
        submit: (_region, payload) => {
          seen.push(requestOf(payload));
          return Promise.resolve();
        },
      }),
    );
    await answers(queues);
    const all = requests(30);
    for (const [i, request] of all.entries()) {
      await redis.ask((client) => client.script('FLUSH'));
      // What is refused for it is due again; it must not be refused twice.
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
        submit: (_region, payload) => {
          seen.push(requestOf(payload));
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
    const held = promise();
    await queues.work(
      complete({
        submit: (_region, payload) => {
          seen.push(requestOf(payload));
          return held.kept;
        },
      }),
    );
    await answers(queues);
    await queues.add('submit', HOME, requests(AT_ONCE + 3));
    await eventually('three wait', async () => (await queues.load('submit', HOME)).waiting === 3);
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
    held.keep();
    await queues.add('submit', HOME, requests(2));
    await eventually('the same workers go on', () => seen.length === AT_ONCE + 5);
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
