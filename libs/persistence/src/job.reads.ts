import type { EventVerdict, JobEventType, JobState, JobType } from '@app/domain';
import type { DataSource } from 'typeorm';
import type { SignatureVerdict } from './entities/event.entity';
import { jobColumns, toJobRow, toJson, type FlatJobRow, type JobRow } from './rows';

export interface JobFilter {
  states?: readonly JobState[] | undefined;
  type?: JobType | undefined;
  mediaId?: string | undefined;
  vodJobId?: string | undefined;
  requestId?: string | undefined;
  region?: string | undefined;
  client?: string | undefined;
  errorCode?: string | undefined;
  labels?: Record<string, string> | undefined;
  createdFrom?: Date | undefined;
  createdTo?: Date | undefined;
}

/** A page of a list, newest first: ids are UUIDv7, so their order is the order of time. */
export interface Page {
  limit: number;
  /** The last id of the page before. */
  before?: string | undefined;
}

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

export interface EventRow {
  id: string;
  receivedAt: Date;
  lastReceivedAt: Date;
  copies: number;
  region: string;
  source: string;
  signature: SignatureVerdict;
  verdict: EventVerdict;
  reason: string | null;
  eventType: string;
  vodJobId: string;
  mediaId: string | null;
  status: string;
  eventTime: Date | null;
  jobId: string | null;
  bodySize: number;
}

export interface EventFilter {
  verdict?: EventVerdict | undefined;
  vodJobId?: string | undefined;
  mediaId?: string | undefined;
  jobId?: string | undefined;
}

export interface Stats {
  jobs: { state: JobState; type: JobType; count: number }[];
  oldestDueAt: Date | null;
  oldestUnmatchedEventAt: Date | null;
  callbacksLost: number;
}

/** What people and the API ask about jobs. Reads only. */
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
       select ${jobColumns} from job where id = any($1::uuid[]) and state in ('processing', 'finished')`,
      [ids],
    );
    return rows.map(toJobRow).filter((row): row is JobRow & { vodJobId: string } => row.vodJobId !== null);
  }

  async jobs(filter: JobFilter, { limit, before }: Page): Promise<JobRow[]> {
    const { where, parameters } = conditions([
      ['job.state = any(?::text[])', filter.states],
      ['job.type = ?', filter.type],
      ['job.media_id = ?', filter.mediaId],
      ['job.vod_job_id = ?', filter.vodJobId],
      ['job.request_id = ?', filter.requestId],
      ['job.region = ?', filter.region],
      ['job.client = ?', filter.client],
      ['job.error_code = ?', filter.errorCode],
      ['job.labels @> ?::jsonb', filter.labels && toJson(filter.labels)],
      ['job.created_at >= ?', filter.createdFrom],
      ['job.created_at < ?', filter.createdTo],
      ['job.id < ?', before],
    ]);
    const rows = await this.db.query<FlatJobRow[]>(
      `select ${jobColumns} from job ${where} order by job.id desc limit ${limit}`,
      parameters,
    );
    return rows.map(toJobRow);
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

  events(filter: EventFilter, { limit, before }: Page): Promise<EventRow[]> {
    const { where, parameters } = conditions([
      ['verdict = ?', filter.verdict],
      ['vod_job_id = ?', filter.vodJobId],
      ['media_id = ?', filter.mediaId],
      ['job_id = ?', filter.jobId],
      ['id < ?', before],
    ]);
    return this.db.query(`select ${eventColumns} from event ${where} order by id desc limit ${limit}`, parameters);
  }

  async event(id: string): Promise<(EventRow & { body: Buffer }) | null> {
    const rows = await this.db.query<(EventRow & { body: Buffer })[]>(
      `select ${eventColumns}, body from event where id = $1`,
      [id],
    );
    return rows[0] ?? null;
  }

  async stats(): Promise<Stats> {
    const [jobs, [oldest], [unmatched], [lost]] = await Promise.all([
      this.db.query<Stats['jobs']>(
        `select state, type, count(*)::int as count from job group by state, type order by state, type`,
      ),
      this.db.query<{ at: Date | null }[]>(`select min(due_at) as at from job where due_at is not null`),
      this.db.query<{ at: Date | null }[]>(`select min(received_at) as at from event where verdict = 'unmatched'`),
      this.db.query<{ count: number }[]>(
        `select count(*)::int as count from job where state in ('succeeded', 'failed') and vod_job_id is not null and event_status is null`,
      ),
    ]);
    return {
      jobs,
      oldestDueAt: oldest?.at ?? null,
      oldestUnmatchedEventAt: unmatched?.at ?? null,
      callbacksLost: lost?.count ?? 0,
    };
  }
}

const eventColumns = `
  id, received_at as "receivedAt", last_received_at as "lastReceivedAt", copies, region, source, signature, verdict, reason,
  event_type as "eventType", vod_job_id as "vodJobId", media_id as "mediaId", status, event_time as "eventTime",
  job_id as "jobId", body_size as "bodySize"`;

/** `where` from the conditions that have a value; every value is a parameter. */
function conditions(pairs: [sql: string, value: unknown][]): { where: string; parameters: unknown[] } {
  const given = pairs.filter(([, value]) => value !== undefined);
  const where = given.map(([sql], i) => sql.replace('?', `$${i + 1}`)).join(' and ');
  return { where: where && `where ${where}`, parameters: given.map(([, value]) => value) };
}
