import type { DataSource } from 'typeorm';
import { channels } from './channels';
import { columnsOf } from './columns';
import { CircuitEntity } from './entities/circuit.entity';

export type Circuit = CircuitEntity;

/** One request tries this often whether the account works again: soon enough to notice a paid bill, too seldom to be a nuisance. */
const PROBE_EVERY_MS = 10_000;

/**
 * The account's circuit, region by region. Open means that VOD refuses every SubmitAIJob there, whichever job it is for, and
 * nothing is submitted: a wrong key, no permission, a service that is not opened, an unpaid bill.
 */
export class CircuitStore {
  constructor(
    private readonly db: DataSource,
    private readonly now: () => Date = () => new Date(),
  ) {}

  all(): Promise<Circuit[]> {
    return this.db.getRepository(CircuitEntity).find({ order: { region: 'ASC' } });
  }

  /** True when it was closed until now: of many calls that fail together, one opens it. */
  async open(region: string, { code, message }: { code: string; message: string }): Promise<boolean> {
    const now = this.now();
    const [row] = await this.db.query<[{ opened: boolean }]>(
      `insert into circuit (region, code, message, opened_at, probe_at)
       values ($1, $2, $3, $4, $5)
       on conflict (region) do update
          set code = excluded.code, message = excluded.message, probe_at = excluded.probe_at
       returning xmax = 0 as opened  -- 0 for a row that was not there`,
      [region, code, message, now, new Date(now.getTime() + PROBE_EVERY_MS)],
    );
    return row.opened;
  }

  /** Takes the right to probe, once for all workers. */
  async takeProbe(region: string): Promise<boolean> {
    const now = this.now();
    const [rows] = await this.db.query<[unknown[], number]>(
      `update circuit set probe_at = $3 where region = $1 and probe_at <= $2 returning region`,
      [region, now, new Date(now.getTime() + PROBE_EVERY_MS)],
    );
    return rows.length > 0;
  }

  /** Lets everything flow again. Answers what was wrong; null when it was not open. */
  async close(region: string): Promise<Circuit | null> {
    const [row] = await this.db.query<(Circuit & { woken: unknown })[]>(
      `with closed as (
         delete from circuit where region = $1 returning ${columnsOf(CircuitEntity)}
       )
       select closed.*, pg_notify($2, '') as woken from closed`,
      [region, channels.jobDue],
    );
    return row ?? null;
  }
}
