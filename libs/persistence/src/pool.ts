import type { Pool } from 'pg';
import type { DataSource } from 'typeorm';

/** What the pool of connections is doing. */
export function poolOf(db: DataSource): { max: number; connections: number; idle: number; waiting: number } {
  const { master } = db.driver as unknown as { master: Pool };
  const { options, totalCount, idleCount, waitingCount } = master;
  return { max: options.max, connections: totalCount, idle: idleCount, waiting: waitingCount };
}
