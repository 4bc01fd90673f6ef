import { createTestDatabase } from '@app/testing';
import type { Pool } from 'pg';
import { migrateQueueStore, openStore } from './store';

const deaf = { onTrouble: () => undefined, onReady: () => undefined, onEviction: () => undefined };

describe('A store in Postgres', () => {
  it('is closed although BullMQ has taken a connection that it never gives back, and closes that one too', async () => {
    const database = await createTestDatabase();
    try {
      await migrateQueueStore(database.url);
      const store = openStore({ databaseUrl: database.url }, 'vodai', deaf);
      const queue = store.queue('submit.cn-shanghai');
      await queue.waitUntilReady();
      // As BullMQ does when it hears in the midst of its end that the connection on which it listens is gone.
      const { pool } = (queue as unknown as { backend: { connection: { pool: Pool } } }).backend.connection;
      const taken = await pool.connect();
      const ended = new Promise((resolve) => taken.once('end', () => resolve('ended')));
      await queue.close();
      await store.close();
      expect(await ended).toBe('ended');
    } finally {
      await database.drop();
    }
  });
});
