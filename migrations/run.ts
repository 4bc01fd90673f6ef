import { loadConfig } from '@app/config';
import { createDataSource, migrate } from '@app/persistence';
import { migrateQueueStore } from '@app/queue';

/** Brings one database up to date: our tables, and BullMQ's own for set-ups without Redis. */
export async function migrateDatabase(url: string): Promise<string[]> {
  const db = createDataSource({ url, application: 'vodai-migrate', poolSize: 2 });
  await db.initialize();
  try {
    const ran = await migrate(db);
    await migrateQueueStore(url);
    return ran;
  } finally {
    await db.destroy();
  }
}

async function main(): Promise<void> {
  const { databaseUrl } = loadConfig(process.env, 'migrate');
  const ran = await migrateDatabase(databaseUrl);
  process.stdout.write(ran.length > 0 ? `ran ${ran.join(', ')}\n` : 'the database is up to date\n');
}

if (require.main === module) {
  main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
}
