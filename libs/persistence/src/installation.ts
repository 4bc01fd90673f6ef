import type { DataSource } from 'typeorm';
import { InstallationEntity } from './entities/installation.entity';

/** What this database calls itself where it shares something with others. */
export async function installationId(db: DataSource): Promise<string> {
  const row = await db.getRepository(InstallationEntity).findOneBy({});
  if (!row) throw new Error('the table installation is empty: its row is made by the migration, and is never deleted');
  return row.id;
}
