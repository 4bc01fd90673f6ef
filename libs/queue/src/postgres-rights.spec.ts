import { createTestDatabase, type TestDatabase } from '@app/testing';
import { Client } from 'pg';
import { openStore } from './store';

const OTHER = 'test_vodai_other_worker';
const QUEUE = 'a-queue-that-nobody-has-used';

describe('The queues of several logins', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
    await asOwner(`drop role if exists ${OTHER}`, `create role ${OTHER} login password 'secret' in role vodai_worker`);
  });
  afterAll(async () => {
    await asOwner(`drop owned by ${OTHER}`, `drop role ${OTHER}`);
    await database.drop();
  });

  async function asOwner(...statements: string[]): Promise<unknown[]> {
    const owner = new Client({ connectionString: database.url });
    await owner.connect();
    try {
      let rows: unknown[] = [];
      for (const statement of statements) ({ rows } = await owner.query(statement));
      return rows;
    } finally {
      await owner.end();
    }
  }

  async function putAs(databaseUrl: string): Promise<void> {
    const listener = { onTrouble: () => undefined, onReady: () => undefined, onEviction: () => undefined };
    const store = openStore({ databaseUrl }, 'unused', listener);
    try {
      await store.assertUsable();
      const queue = store.queue(QUEUE);
      await queue.addBulk([{ name: 'any', data: {}, opts: { removeOnComplete: true, removeOnFail: true } }]);
      await queue.close();
    } finally {
      await store.close();
    }
  }

  // BullMQ makes a sequence for a queue when it is first used, and that belongs to whoever used it.
  it('are open to each of them, whoever used one first: a login for workers can be replaced', async () => {
    await putAs(database.urlOf('worker'));
    const other = Object.assign(new URL(database.url), { username: OTHER, password: 'secret' });
    await putAs(other.href);
    const entries = await asOwner(`select count(*)::int as entries from bullmq.job where queue = '${QUEUE}'`);
    expect(entries).toEqual([{ entries: 2 }]);
  });
});
