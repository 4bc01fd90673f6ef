import { createTestDatabase, describeWithRedis, eventually, testRedisUrl, type TestDatabase } from '@app/testing';
import { answers, closeQueues, complete, deaf, HOME, open, promise, requestOf, requests } from '../test/queues';
import { queueName } from './catalog';
import { prefixOf } from './queues';
import { openStore } from './store';

afterEach(closeQueues);

describeWithRedis('An entry of a worker that was killed', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

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
          { concurrency: 1, lockMs: 10_000 },
        );
        worker.on('error', () => undefined);
        void worker.run().catch(() => undefined);
        const queues = open(store);
        await answers(queues);
        const [request] = requests(1);
        await queues.add('submit', HOME, request ? [request] : []);
        await eventually('the step has begun', () => begun);
        // Without a word about the step, as if killed: what this cannot show, a killed process shows in test/faults.
        await worker.close(true);
        await victim.close();
        held.keep();

        const seen: string[] = [];
        await queues.work(
          complete({
            submit: (_region, payload) => {
              seen.push(requestOf(payload));
              return Promise.resolve();
            },
          }),
        );
        await queues.add('submit', HOME, request ? [request] : []);
        await eventually('it is handed out again', () => seen.length > 0, PATIENCE_MS);
        expect(seen).toEqual([request?.requestId]);
      }),
    );
  });
});
