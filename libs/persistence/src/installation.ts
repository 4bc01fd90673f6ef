import type { DataSource } from 'typeorm';

/** What this database calls itself where it shares something with others. */
export async function installationId(db: DataSource): Promise<string> {
  const [row] = await db.query<{ id: string }[]>('select id from installation');
  if (!row) throw new Error('the table installation is empty: its row is made by the migration, and is never deleted');
  return row.id;
}
