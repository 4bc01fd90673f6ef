import { readableStates } from '@app/domain';
import type { DataSource } from 'typeorm';
import { HistoryEntity } from './entities/history.entity';
import { JobEntity } from './entities/job.entity';
import { ResultEntity } from './entities/result.entity';
import { inStates } from './in-states';
import { jobColumns, toJobRow, type FlatJobRow, type JobRow } from './rows';

export type HistoryRow = Omit<HistoryEntity, 'jobId'>;

export type ResultRow = ResultEntity;

/** What people and the steps ask about one job. Reads only. */
export class JobReads {
  constructor(private readonly db: DataSource) {}

  async job(id: string): Promise<JobRow | null> {
    const row = await this.db.getRepository(JobEntity).findOneBy({ id });
    return row && toJobRow(row);
  }

  /** Until when the record of a job was kept, if that is still known. */
  async keptUntil(id: string): Promise<Date | null> {
    const [row] = await this.db.query<{ at: Date }[]>(`select dropped_at as at from dropped_job where id = $1`, [id]);
    return row?.at ?? null;
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
    return this.db.getRepository(HistoryEntity).find({ where: { jobId }, order: { version: 'ASC' } });
  }

  result(jobId: string): Promise<ResultRow | null> {
    return this.db.getRepository(ResultEntity).findOneBy({ jobId });
  }

  /** The same, unless VOD's text is longer than so many bytes: a long one is not even read. */
  async resultWithin(jobId: string, bytes: number): Promise<ResultRow | 'too_large' | null> {
    const [row] = await this.db.query<(ResultRow & { isLarge: boolean })[]>(
      `/* result within */
       select job_id as "jobId", source, read_at as "readAt", octet_length(raw) > $2 is true as "isLarge",
              case when octet_length(raw) > $2 then null else raw end as raw,
              case when octet_length(raw) > $2 then null else normalized end as normalized
         from result
        where job_id = $1`,
      [jobId, bytes],
    );
    if (!row) return null;
    const { isLarge, ...result } = row;
    return isLarge ? 'too_large' : result;
  }
}
