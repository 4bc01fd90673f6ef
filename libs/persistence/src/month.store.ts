import { setTimeout as pause } from 'node:timers/promises';
import { sqlState } from '@app/postgres';
import type { DataSource } from 'typeorm';
import { lowestIdAt } from './rows';

const partedTables = ['history', 'result'] as const;
type PartedTable = (typeof partedTables)[number];

/** A partition: what one table holds of the jobs that were made in one month (UTC), by their ids. */
export interface Month {
  table: PartedTable;
  /** Like 2026_05. */
  name: string;
  /** Ids from this one on. */
  low: string;
  /** And below this one. */
  high: string;
}

/** A month keeps the rows of its dropped jobs for so long after the last of them should be over: most go with it by then. */
const OVERDUE_AFTER_MS = 24 * 60 * 60_000;

/** Whether all jobs of a month may be gone by now. */
export function isOver({ high }: Month, recordsBefore: Date): boolean {
  return high <= lowestIdAt(recordsBefore.getTime());
}

/** Whether it still is there because of a few jobs that are open, held, or were over late. */
export function isOverdue({ high }: Month, recordsBefore: Date): boolean {
  return high <= lowestIdAt(recordsBefore.getTime() - OVERDUE_AFTER_MS);
}

/** Nobody runs for longer without a look at what there is; and beyond, the default partition takes every row. */
const MONTHS_AHEAD = 3;

/** To drop a month takes a moment of everybody's time: so the lock is given up soon, and asked for again. */
const TRIES = 20;
const PAUSE_MS = 500;
const LOCK_NOT_AVAILABLE = '55P03';

/** Jobs whose history is looked through at a time. */
const JOBS = 500;

/** The partitions of history and results. */
export class MonthStore {
  constructor(private readonly db: DataSource) {}

  /**
   * Makes those of this month and of the next ones where they are missing. Should somebody keep it from that, the next run does it: there
   * is time.
   */
  async makeAhead(now: Date): Promise<void> {
    await unlessLocked(() => this.db.query(`select make_months($1, ${MONTHS_AHEAD})`, [now]));
  }

  /** All that there are, the oldest first. What was there before months were is not among them. */
  async all(): Promise<Month[]> {
    const rows = await this.db.query<{ table: PartedTable; name: string }[]>(
      `select parent.relname as "table", substring(part.relname from '\\d{4}_\\d\\d$') as name
         from pg_inherits
         join pg_class as part on part.oid = inhrelid
         join pg_class as parent on parent.oid = inhparent
        where parent.relname = any($1) and parent.relnamespace = 'public'::regnamespace
          and part.relname ~ '_\\d{4}_\\d\\d$'
        order by name, "table"`,
      [partedTables],
    );
    return rows.map(monthOf);
  }

  /**
   * Drops a month of which no job is left; answers how many rows it had, null when it has to stay. A lock that does not come soon is
   * left to the next run.
   */
  async drop({ table, name }: Month): Promise<number | null> {
    const rows = await unlessLocked(() =>
      this.db.query<[{ rows: string | null }]>(`select drop_month($1, $2) as rows`, [table, name]),
    );
    const dropped = rows?.[0].rows ?? null;
    return dropped === null ? null : Number(dropped);
  }

  /** Drops what the next jobs of a month have left that are not there any more, after the one of this id. */
  async sweep({ table, low, high }: Month, after = low): Promise<{ rows: number; next: string | null }> {
    const [{ rows, next }] = await this.db.query<[{ rows: number; next: string | null }]>(
      `/* sweep ${table} */
       with page as materialized (
         select job_id
           from ${table}
          where job_id >= $1::uuid and job_id < $2::uuid and ($3 or job_id > $1::uuid)
          group by job_id
          order by job_id
          limit ${JOBS}
       ), gone as (
         delete from ${table}
          where job_id >= $1::uuid and job_id < $2::uuid
            and job_id in (select job_id from page where not exists (select from job where job.id = page.job_id))
          returning 1
       )
       select (select count(*)::int from gone) as rows, (select job_id from page order by job_id desc limit 1) as next`,
      [after, high, after === low],
    );
    return { rows, next };
  }
}

/** Null when the lock did not come in any of some tries. */
async function unlessLocked<T>(work: () => Promise<T>): Promise<T | null> {
  for (let tries = 1; tries <= TRIES; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (sqlState(error) !== LOCK_NOT_AVAILABLE) throw error;
      await pause(PAUSE_MS);
    }
  }
  return null;
}

/** The first ids and the ends of a table's months, as two arrays. */
export function boundsOf(months: readonly Month[], of: PartedTable): [string[], string[]] {
  const own = months.filter(({ table }) => table === of);
  return [own.map(({ low }) => low), own.map(({ high }) => high)];
}

function monthOf({ table, name }: { table: PartedTable; name: string }): Month {
  const [year = NaN, month = NaN] = name.split('_').map(Number);
  return { table, name, low: lowestIdAt(Date.UTC(year, month - 1)), high: lowestIdAt(Date.UTC(year, month)) };
}
