import { randomUUID } from 'node:crypto';
import { createTestDatabase, describeWithRedis, eventually, testRedisUrl, type TestDatabase } from '@app/testing';
import { ABROAD, answers, closeQueues, complete, HOME, open, promise, requestOf, requests } from '../test/queues';
import { queueName } from './catalog';
import type { QueueStoreOptions } from './store';

afterEach(closeQueues);

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
        submit: (_region, payload) => {
          seen.push(requestOf(payload));
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
        submit: (_region, payload) => {
          started.push(requestOf(payload));
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
}

describe('on Postgres', () => {
  let databases: TestDatabase[] = [];
  afterEach(async () => {
    await closeQueues();
    await Promise.all(databases.map((database) => database.drop()));
    databases = [];
  });

  describeQueues(async () => {
    const database = await createTestDatabase();
    databases.push(database);
    return { databaseUrl: database.url };
  });
});

describeWithRedis('on Redis', () => {
  describeQueues(() => Promise.resolve({ redisUrl: testRedisUrl() ?? '' }));
});
