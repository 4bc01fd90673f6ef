import type { EventVerdict, JobState, JobType } from '@app/domain';
import type { DataSource } from 'typeorm';
import type { SignatureVerdict } from './entities/event.entity';
import { endOfIdsUntil, firstIdSince, jobColumns, toJobRow, toJson, type FlatJobRow, type JobRow } from './rows';

export interface JobFilter {
  /** What somebody has at hand: a media id, a job id, a request id, a JobId of VOD, or a label as key:value. */
  q?: string | undefined;
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

/** The lists of jobs and of events, newest first. Reads only. */
export class ListReads {
  constructor(private readonly db: DataSource) {}

  async jobs(filter: JobFilter, page: Page): Promise<JobRow[]> {
    const values: unknown[] = [];
    const pages = waysToMeet(filter).map((way) => `(select id from job ${pageOf(way, page, values)})`);
    if (pages.length === 0) return [];
    const rows = await this.db.query<FlatJobRow[]>(
      `select ${jobColumns}
         from job
        where id in (${pages.join(' union ')})
        order by id desc
        limit ${page.limit}`,
      values,
    );
    return rows.map(toJobRow);
  }

  /** All jobs that the filter lets through, page by page. A job that is added meanwhile is newer than those. */
  async *allJobs(filter: JobFilter, pageSize: number): AsyncGenerator<JobRow[]> {
    let before: string | undefined;
    do {
      const rows = await this.jobs(filter, { limit: pageSize, before });
      before = rows.length === pageSize ? rows.at(-1)?.id : undefined;
      yield rows;
    } while (before !== undefined);
  }

  events({ verdict, vodJobId, mediaId, jobId }: EventFilter, page: Page): Promise<EventRow[]> {
    const values: unknown[] = [];
    const rows = pageOf(
      [
        ['verdict = ?', verdict],
        ['vod_job_id = ?', vodJobId],
        ['media_id = ?', mediaId],
        ['job_id = ?', jobId],
      ],
      page,
      values,
    );
    return this.db.query(`select ${eventColumns} from event ${rows}`, values);
  }

  async event(id: string): Promise<(EventRow & { body: Buffer }) | null> {
    const rows = await this.db.query<(EventRow & { body: Buffer })[]>(
      `select ${eventColumns}, body from event where id = $1`,
      [id],
    );
    return rows[0] ?? null;
  }
}

export const eventColumns = `
  id, received_at as "receivedAt", last_received_at as "lastReceivedAt", copies, region, source, signature, verdict, reason,
  event_type as "eventType", vod_job_id as "vodJobId", media_id as "mediaId", status, event_time as "eventTime",
  job_id as "jobId", body_size as "bodySize"`;

/** A condition, in which ? stands for its value. Without a value it isn't one. */
type Condition = [sql: string, value: unknown];

/**
 * A job meets a filter in one of several ways: by one of the states, and by one of the things that `q` can mean. Each of
 * them is read by itself, in the order of ids, and only as far as the page goes.
 */
function waysToMeet(filter: JobFilter): Condition[][] {
  const { states, q, createdFrom, createdTo } = filter;
  const always: Condition[] = [
    ['type = ?', filter.type],
    ['media_id = ?', filter.mediaId],
    ['vod_job_id = ?', filter.vodJobId],
    ['request_id = ?', filter.requestId],
    ['region = ?', filter.region],
    ['client = ?', filter.client],
    ['error_code = ?', filter.errorCode],
    ['labels @> ?::jsonb', filter.labels && toJson(filter.labels)],
    ['created_at >= ?', createdFrom],
    ['created_at < ?', createdTo],
    ['id >= ?', createdFrom && firstIdSince(createdFrom)],
    ['id < ?', createdTo && endOfIdsUntil(createdTo)],
  ];
  const byState: Condition[][] = states ? [...new Set(states)].map((state) => [['state = ?', state]]) : [[]];
  const byMeaning: Condition[][] = q === undefined ? [[]] : meaningsOf(q).map((meaning) => [meaning]);
  return byState.flatMap((state) => byMeaning.map((meaning) => [...always, ...state, ...meaning]));
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What somebody may have at hand. VOD's ids have no form of their own, so everything may be one. */
function meaningsOf(q: string): Condition[] {
  const meanings: Condition[] = [
    ['media_id = ?', q],
    ['vod_job_id = ?', q],
  ];
  if (UUID.test(q)) meanings.push(['id = ?', q], ['request_id = ?', q]);
  const colon = q.indexOf(':');
  if (colon > 0) meanings.push(['labels @> ?::jsonb', toJson({ [q.slice(0, colon)]: q.slice(colon + 1) })]);
  return meanings;
}

/** The end of a statement: rows that meet the conditions, newest first, as many as a page has. Adds to its parameters. */
function pageOf(conditions: Condition[], { limit, before }: Page, values: unknown[]): string {
  const given = [...conditions, ['id < ?', before] satisfies Condition].filter(([, value]) => value !== undefined);
  const where = given.map(([sql, value]) => sql.replace('?', `$${values.push(value)}`)).join(' and ');
  return `${where && `where ${where}`} order by id desc limit ${limit}`;
}
