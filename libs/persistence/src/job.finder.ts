import type { JobState, JobType } from '@app/domain';
import { endOfIdsUntil, firstIdSince, toJson } from './rows';

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

/** A filter whose `q` has been read as one of the things that it can mean. */
export interface Wanted extends Omit<JobFilter, 'q'> {
  id?: string | undefined;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The filters that a search stands for. VOD's ids have no form of their own, so everything may be one. */
export function meaningsOf({ q, ...filter }: JobFilter): Wanted[] {
  if (q === undefined) return [filter];
  const agrees = (wanted: string | undefined, value = q) => wanted === undefined || wanted === value;
  const meanings: Wanted[] = [];
  if (agrees(filter.mediaId)) meanings.push({ ...filter, mediaId: q });
  if (agrees(filter.vodJobId)) meanings.push({ ...filter, vodJobId: q });
  if (UUID.test(q)) {
    meanings.push({ ...filter, id: q });
    if (agrees(filter.requestId)) meanings.push({ ...filter, requestId: q });
  }
  const colon = q.indexOf(':');
  const [key, value] = [q.slice(0, colon), q.slice(colon + 1)];
  if (colon > 0 && agrees(filter.labels?.[key], value)) {
    meanings.push({ ...filter, labels: { ...filter.labels, [key]: value } });
  }
  return meanings;
}

/**
 * Where one can begin to look: with all jobs that one part of the filter lets through, in the order of their ids, of which
 * the rest of the filter leaves some.
 *
 * - `row`: jobs as one of the plain indexes has them.
 * - `shape`: jobs of one client, region, type and state. There are few such shapes, a probe of the index finds each of
 *   them, and each is read only as far as a page goes. So any of the four may be wanted, or several, or all.
 * - `label`: jobs that have a label; of one client, region and type likewise.
 */
export type Start = { by: 'row' } | { by: 'shape' } | { by: 'label'; key: string; value: string };

/** One of these is where to begin; with several, where there are fewest jobs. */
export function startsFor(wanted: Wanted): Start[] {
  const { id, mediaId, vodJobId, requestId, errorCode, labels = {}, states, client, region, type } = wanted;
  const has = (...values: unknown[]) => values.some((value) => value !== undefined);
  if (has(id, mediaId, vodJobId, requestId)) return [{ by: 'row' }];
  const starts: Start[] = Object.entries(labels).map(([key, value]) => ({ by: 'label', key, value }));
  if (has(states)) starts.push({ by: 'shape' });
  if (has(errorCode)) starts.push({ by: 'row' });
  if (starts.length > 0) return starts;
  return has(client, region, type) ? [{ by: 'shape' }] : [{ by: 'row' }];
}

/** The values of one statement, each in the place where it is needed. */
export class Values {
  readonly list: unknown[] = [];

  add(value: unknown): string {
    return `$${this.list.push(value)}`;
  }
}

/** A statement that answers the ids of one page of the wanted jobs. */
export function pageOf(wanted: Wanted, start: Start, { limit, before }: Page, values: Values): string {
  const page = `order by id desc limit ${limit}`;
  const found = jobsFrom(start, wanted, { before, conditions: conditionsBeyond(start, wanted, values), page }, values);
  return `${found} ${page}`;
}

/** A statement that counts how many jobs one would have to look through, no further than `most`. */
export function sizeOf(wanted: Wanted, start: Start, most: number, values: Values): string {
  const conditions = start.by === 'row' ? [`job.error_code = ${values.add(wanted.errorCode)}`] : [];
  const found = jobsFrom(start, wanted, { conditions, page: `limit ${most}` }, values);
  return `select count(*)::int as size from (${found} limit ${most}) as counted`;
}

interface Cut {
  before?: string | undefined;
  /** On columns of `job`. */
  conditions: string[];
  page: string;
}

function jobsFrom(start: Start, wanted: Wanted, { before, conditions, page }: Cut, values: Values): string {
  switch (start.by) {
    case 'row':
      return `select id from job ${where([...range('id', wanted, before, values), ...conditions])}`;
    case 'shape': {
      const columns = ['client', 'region', 'type', 'state'];
      return `
        with recursive ${shapes('job', columns)}
        select page.id
          from shape
          cross join lateral (
            select id
              from job
              ${where([sameShape('job', columns), ...range('id', wanted, before, values), ...conditions])}
             ${page}
          ) as page
          ${where(shapeConditions('shape', wanted, values))}`;
    }
    case 'label': {
      const columns = ['client', 'region', 'type'];
      const label = [`job_label.key = ${values.add(start.key)}`, `job_label.value = ${values.add(start.value)}`];
      const { states: _states, ...fixed } = wanted;
      return `
        with recursive ${shapes('job_label', columns, label)}
        select page.id
          from shape
          cross join lateral (
            select job_label.job_id as id
              from job_label ${conditions.length > 0 ? 'join job on job.id = job_label.job_id' : ''}
              ${where([...label, sameShape('job_label', columns), ...range('job_label.job_id', wanted, before, values), ...conditions])}
             ${page}
          ) as page
          ${where(shapeConditions('shape', fixed, values))}`;
    }
  }
}

/** The distinct shapes of a table: from each one the index leads to the next. */
function shapes(table: string, columns: string[], conditions: string[] = []): string {
  const list = columns.map((column) => `${table}.${column}`).join(', ');
  const last = columns.map((column) => `shape.${column}`).join(', ');
  return `shape as (
          (select ${list} from ${table} ${where(conditions)} order by ${list} limit 1)
          union all
          select next.*
            from shape
            cross join lateral (
              select ${list} from ${table} ${where([...conditions, `(${list}) > (${last})`])} order by ${list} limit 1
            ) as next
        )`;
}

function sameShape(table: string, columns: string[]): string {
  return columns.map((column) => `${table}.${column} = shape.${column}`).join(' and ');
}

function shapeConditions(table: string, { client, region, type, states }: Wanted, values: Values): string[] {
  return [
    ...equal(`${table}.client`, client, values),
    ...equal(`${table}.region`, region, values),
    ...equal(`${table}.type`, type, values),
    ...(states ? [`${table}.state = any(${values.add(states)}::text[])`] : []),
  ];
}

/** What the start itself does not ensure yet. */
function conditionsBeyond(start: Start, wanted: Wanted, values: Values): string[] {
  const { id, mediaId, vodJobId, requestId, errorCode, labels, states, createdFrom, createdTo } = wanted;
  const others = Object.entries(labels ?? {}).filter(([key]) => start.by !== 'label' || key !== start.key);
  return [
    ...equal('job.id', id, values),
    ...equal('job.media_id', mediaId, values),
    ...equal('job.vod_job_id', vodJobId, values),
    ...equal('job.request_id', requestId, values),
    ...equal('job.error_code', errorCode, values),
    ...(others.length > 0 ? [`job.labels @> ${values.add(toJson(Object.fromEntries(others)))}::jsonb`] : []),
    ...(start.by === 'row' ? shapeConditions('job', wanted, values) : []),
    ...(start.by === 'label' && states ? [`job.state = any(${values.add(states)}::text[])`] : []),
    ...(createdFrom ? [`job.created_at >= ${values.add(createdFrom)}`] : []),
    ...(createdTo ? [`job.created_at < ${values.add(createdTo)}`] : []),
  ];
}

/** Times in terms of ids, which is what lies in order; `created_at` itself has the last word. */
function range(
  column: string,
  { createdFrom, createdTo }: Wanted,
  before: string | undefined,
  values: Values,
): string[] {
  return [
    ...(before ? [`${column} < ${values.add(before)}`] : []),
    ...(createdFrom ? [`${column} >= ${values.add(firstIdSince(createdFrom))}`] : []),
    ...(createdTo ? [`${column} < ${values.add(endOfIdsUntil(createdTo))}`] : []),
  ];
}

export function equal(column: string, value: string | undefined, values: Values): string[] {
  return value === undefined ? [] : [`${column} = ${values.add(value)}`];
}

export function where(conditions: string[]): string {
  return conditions.length > 0 ? `where ${conditions.join(' and ')}` : '';
}
