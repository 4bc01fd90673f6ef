import { Raw, type DataSource } from 'typeorm';
import { ProcessEntity, type ProcessRole } from './entities/process.entity';

/** What a worker does at most. */
export interface WorkerLimits {
  /** Calls a second, per region, over all workers. */
  submitQps: number;
  collectQps: number;
  /** Jobs at VOD at once, per region and type; 0 is no cap. */
  maxInFlight: number;
}

export interface Process {
  id: string;
  role: ProcessRole;
  /** The name of its machine or container. */
  host: string;
  version: string;
  regions: readonly string[];
  /** Null but for a worker. */
  limits: WorkerLimits | null;
}

export interface LivingProcess extends Process {
  startedAt: Date;
  lastSeenAt: Date;
}

/**
 * The processes that run. Each writes of its own kind only, by functions of the database. All times are the database's: the clocks of machines differ, and a row would look old that was
 * written just now.
 */
export class ProcessStore {
  constructor(private readonly db: DataSource) {}

  /** Says that it is there. Clears away, too, those that have not been heard of for long. */
  async beat({ id, role, host, version, regions, limits }: Process): Promise<void> {
    await this.db.query(`/* beat */ select beat_${role}($1, $2, $3, $4, $5, $6, $7)`, [
      id,
      host,
      version,
      regions,
      limits?.submitQps,
      limits?.collectQps,
      limits?.maxInFlight,
    ]);
  }

  async remove({ id, role }: Pick<Process, 'id' | 'role'>): Promise<void> {
    await this.db.query(`select leave_${role}($1)`, [id]);
  }

  /** Heard of within the last minute: some beats may get lost. The longest running first. */
  async living(): Promise<LivingProcess[]> {
    const rows = await this.db.getRepository(ProcessEntity).find({
      where: { lastSeenAt: Raw((column) => `${column} > now() - interval '1 minute'`) },
      order: { role: 'ASC', startedAt: 'ASC', id: 'ASC' },
    });
    return rows.map(({ submitQps, collectQps, maxInFlight, ...process }) => ({
      ...process,
      limits:
        submitQps === null || collectQps === null || maxInFlight === null
          ? null
          : { submitQps, collectQps, maxInFlight },
    }));
  }
}

/** What the workers of a region let VOD have at once, of each type; 0 is no cap, null that there is no worker. */
export function capIn(region: string, processes: readonly LivingProcess[]): number | null {
  const caps = processes.flatMap(({ regions, limits }) =>
    limits && regions.includes(region) ? [limits.maxInFlight] : [],
  );
  if (caps.length === 0) return null;
  return caps.includes(0) ? 0 : Math.max(...caps);
}
