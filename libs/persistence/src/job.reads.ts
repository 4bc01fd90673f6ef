import { readableStates, type JobEventType, type JobState } from '@app/domain';
import type { DataSource } from 'typeorm';
import { inStates } from './in-states';
import { jobColumns, toJobRow, type FlatJobRow, type JobRow } from './rows';

export interface HistoryRow {
  id: string;
  at: Date;
  version: number;
  event: JobEventType | 'created';
  from: JobState | null;
  to: JobState;
  attempt: number;
  actor: string | null;
  detail: Record<string, unknown>;
}

export interface ResultRow {
  raw: string | null;
  normalized: unknown;
  source: string;
  readAt: Date;
}

/** What people and the steps ask about one job. Reads only. */
export class JobReads {
  constructor(private readonly db: DataSource) {}

  async job(id: string): Promise<JobRow | null> {
    const rows = await this.db.query<FlatJobRow[]>(`/* job */ select ${jobColumns} from job where id = $1`, [id]);
    return rows[0] ? toJobRow(rows[0]) : null;
  }

  /** The jobs of these ids that VOD has and we have not settled: what a read can tell something about. */
  async jobsToRead(ids: readonly string[]): Promise<(JobRow & { vodJobId: string })[]> {
    const rows = await this.db.query<FlatJobRow[]>(
      `/* jobs to read */
       select ${jobColumns} from job where id = any($1::uuid[]) and state ${inStates(readableStates)}`,
      [ids],
    );
    return rows.map(toJobRow).filter((row): row is JobRow & { vodJobId: string } => row.vodJobId !== null);
  }

  history(jobId: string): Promise<HistoryRow[]> {
    return this.db.query(
      `select id, at, version, event, from_state as "from", to_state as "to", attempt, actor, detail
         from history
        where job_id = $1
        order by version`,
      [jobId],
    );
  }

  async result(jobId: string): Promise<ResultRow | null> {
    const rows = await this.db.query<ResultRow[]>(
      `select raw, normalized, source, read_at as "readAt" from result where job_id = $1`,
      [jobId],
    );
    return rows[0] ?? null;
  }
}
