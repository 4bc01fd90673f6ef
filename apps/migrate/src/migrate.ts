import { connectDatabase, migrate } from '@app/persistence';
import { migrateQueueStore } from '@app/queue';

/** Brings one database up to date: our tables, and BullMQ's own for set-ups without Redis. Answers what it ran. */
export async function migrateDatabase(url: string, say?: (line: string) => void): Promise<string[]> {
  const db = await connectDatabase({ url, application: 'vodai-migrate', poolSize: 2, silenceMs: 0 });
  try {
    const ran = await migrate(db, say);
    return (await migrateQueueStore(url)) ? [...ran, "BullMQ's own"] : ran;
  } finally {
    await db.destroy();
  }
}
