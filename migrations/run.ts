import { loadConfig } from '@app/config';
import { withoutSecrets } from '@app/observability';
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

async function main(): Promise<void> {
  const { databaseUrl } = loadConfig(process.env, 'migrate');
  const ran = await migrateDatabase(databaseUrl, (line) => process.stderr.write(`${line}\n`));
  process.stdout.write(ran.length > 0 ? `ran ${ran.join(', ')}\n` : 'the database is up to date\n');
}

if (require.main === module) {
  main().catch((error: unknown) => {
    process.stderr.write(`${withoutSecrets(error instanceof Error ? error.message : String(error))}\n`);
    process.exit(1); // whatever connection is still open
  });
}
