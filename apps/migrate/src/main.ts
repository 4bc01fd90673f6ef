import { loadConfig } from '@app/config';
import { complain } from '@app/observability';
import { migrateDatabase } from './migrate';

async function main(): Promise<void> {
  const { databaseUrl } = loadConfig(process.env, 'migrate');
  const ran = await migrateDatabase(databaseUrl, (line) => process.stderr.write(`${line}\n`));
  process.stdout.write(ran.length > 0 ? `ran ${ran.join(', ')}\n` : 'the database is up to date\n');
}

main().catch((error: unknown) => {
  complain(error instanceof Error ? error.message : String(error));
  process.exit(1); // whatever connection is still open
});
