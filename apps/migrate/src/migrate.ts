import { connectDatabase, grantRoles, migrate } from '@app/persistence';
import { migrateQueueStore, missingQueueGrants } from '@app/queue';

/**
 * Brings one database up to date: our tables, BullMQ's own for set-ups without Redis, and what the role of each process may do with
 * them. Answers what it ran.
 */
export async function migrateDatabase(url: string, say: (line: string) => void = () => undefined): Promise<string[]> {
  const db = await connectDatabase({ url, application: 'vodai-migrate', poolSize: 2, silenceMs: 0 });
  try {
    const ran = await migrate(db, say);
    const queue = await migrateQueueStore(url);
    await grantRoles(db, { worker: (role) => missingQueueGrants((...asked) => db.query(...asked), role) }, say);
    return queue ? [...ran, "BullMQ's own"] : ran;
  } finally {
    await db.destroy();
  }
}
