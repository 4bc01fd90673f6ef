import { createTestDatabase, eventually, type TestDatabase } from '@app/testing';
import { Client } from 'pg';
import { closeQueues, complete, HOME, open, requests } from '../test/queues';

afterEach(closeQueues);

describe('on Postgres', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  it('row 6: does not start to work while Postgres is away: BullMQ would never look again', async () => {
    const queues = open({ databaseUrl: 'postgres://vodai@127.0.0.1:1/vodai' });
    await expect(queues.work(complete({}))).rejects.toThrow(/ECONNREFUSED/);
  });

  it('survives that Postgres drops its connections at any moment, its start included', async () => {
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
