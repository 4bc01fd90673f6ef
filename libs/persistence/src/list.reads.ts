import type { EventVerdict } from '@app/domain';
import type { DataSource } from 'typeorm';
import { columnsOf } from './columns';
import { EventEntity } from './entities/event.entity';
import {
  equal,
  meaningsOf,
  pageOf,
  sizeAmongNewest,
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

export type EventRow = Omit<EventEntity, 'body'>;

export interface EventFilter {
  verdict?: EventVerdict | undefined;
  vodJobId?: string | undefined;
  mediaId?: string | undefined;
  jobId?: string | undefined;
}

/** So many jobs are looked through within some milliseconds, whatever else is asked of them. */
const FEW = 5_000;

/** So many of one beginning are sorted within some tens of milliseconds. */
const MANY = 50_000;

/** So many of the newest are walked through within some milliseconds to see whether a page is among them. */
const NEWEST = 20_000;

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

  /** With its body. */
  event(id: string): Promise<EventEntity | null> {
    const events = this.db.getRepository(EventEntity).createQueryBuilder('event');
    return events.addSelect('event.body').where({ id }).getOne();
  }

  /** Where the fewest jobs are to be looked through. Where all are many, a page is soon full. */
  private async bestStart(wanted: Wanted, page: Page): Promise<Start> {
    const starts = startsFor(wanted);
    const [first = { by: 'row' }] = starts;
    const prefix = starts.find(({ by }) => by === 'prefix');
    if (starts.length === 1 && !prefix) return first;
    const sizes = await this.sizes(wanted, starts, page, FEW);
    const smallest = sizes.reduce((best, size, i) => (size < (sizes[best] ?? 0) ? i : best), 0);
    if ((sizes[smallest] ?? 0) < FEW || !prefix) return starts[smallest] ?? first;
    // Unlike the others, those that begin alike are not in the order of time: they may all be old, and a walk would find none.
    const [begun = 0] = await this.sizes(wanted, [prefix], page, MANY);
    return begun >= MANY && (await this.areNewest(wanted, page)) ? { by: 'row' } : prefix;
  }

  private async sizes(wanted: Wanted, starts: Start[], { before }: Page, limit: number): Promise<number[]> {
    const values = new Values();
    const counts = starts.map((start) => `(${sizeOf(wanted, start, { limit, before }, values)})`);
    const rows = await this.db.query<{ size: number }[]>(counts.join(' union all '), values.list);
    return rows.map(({ size }) => size);
  }

  private async areNewest(wanted: Wanted, page: Page): Promise<boolean> {
    const values = new Values();
    const statement = sizeAmongNewest(wanted, NEWEST, page, values);
    const [row] = await this.db.query<[{ size: number }]>(statement, values.list);
    return row.size >= page.limit;
  }
}

export const eventColumns = columnsOf(EventEntity);
