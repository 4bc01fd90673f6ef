import type { EventVerdict } from '@app/domain';
import type { DataSource } from 'typeorm';
import type { SignatureVerdict } from './entities/event.entity';
import {
  equal,
  meaningsOf,
  pageOf,
  sizeOf,
  startsFor,
  Values,
  where,
  type JobFilter,
  type Page,
  type Start,
  type Wanted,
} from './job.finder';
import { jobColumns, toJobRow, type FlatJobRow, type JobRow } from './rows';

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

/** So many jobs are looked through within some milliseconds, whatever else is asked of them. */
const FEW = 5_000;

/** The lists of jobs and of events, newest first. Reads only. */
export class ListReads {
  constructor(private readonly db: DataSource) {}

  async jobs(filter: JobFilter, page: Page): Promise<JobRow[]> {
    const values = new Values();
    const pages: string[] = [];
    for (const wanted of meaningsOf(filter)) {
      pages.push(`(${pageOf(wanted, await this.bestStart(wanted, page), page, values)})`);
    }
    if (pages.length === 0) return [];
    const rows = await this.db.query<FlatJobRow[]>(
      `select ${jobColumns}
         from job
        where id in (${pages.join(' union ')})
        order by id desc
        limit ${page.limit}`,
      values.list,
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

  events({ verdict, vodJobId, mediaId, jobId }: EventFilter, { limit, before }: Page): Promise<EventRow[]> {
    const values = new Values();
    const conditions = [
      ...equal('verdict', verdict, values),
      ...equal('vod_job_id', vodJobId, values),
      ...equal('media_id', mediaId, values),
      ...equal('job_id', jobId, values),
      ...(before ? [`id < ${values.add(before)}`] : []),
    ];
    return this.db.query(
      `select ${eventColumns} from event ${where(conditions)} order by id desc limit ${limit}`,
      values.list,
    );
  }

  async event(id: string): Promise<(EventRow & { body: Buffer }) | null> {
    const rows = await this.db.query<(EventRow & { body: Buffer })[]>(
      `select ${eventColumns}, body from event where id = $1`,
      [id],
    );
    return rows[0] ?? null;
  }

  /** Where the fewest jobs are to be looked through. Where all are many, a page is soon full. */
  private async bestStart(wanted: Wanted, { before }: Page): Promise<Start> {
    const [first = { by: 'row' }, ...others] = startsFor(wanted);
    if (others.length === 0) return first;
    const starts = [first, ...others];
    const values = new Values();
    const sizes = starts.map((start) => `(${sizeOf(wanted, start, { limit: FEW, before }, values)})`);
    const rows = await this.db.query<{ size: number }[]>(sizes.join(' union all '), values.list);
    const smallest = rows.reduce((best, { size }, i) => (size < (rows[best]?.size ?? 0) ? i : best), 0);
    return starts[smallest] ?? first;
  }
}

export const eventColumns = `
  id, received_at as "receivedAt", last_received_at as "lastReceivedAt", copies, region, source, signature, verdict, reason,
  event_type as "eventType", vod_job_id as "vodJobId", media_id as "mediaId", status, event_time as "eventTime",
  job_id as "jobId", body_size as "bodySize"`;
