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
  const agrees = (wanted: string | undefined) => wanted === undefined || wanted === q;
  const meanings: Wanted[] = [];
  if (agrees(filter.mediaId)) meanings.push({ ...filter, mediaId: q });
  if (agrees(filter.vodJobId)) meanings.push({ ...filter, vodJobId: q });
  if (UUID.test(q)) {
    meanings.push({ ...filter, id: q });
    if (agrees(filter.requestId)) meanings.push({ ...filter, requestId: q });
  }
  const colon = q.indexOf(':');
  const [key, value] = [q.slice(0, colon), q.slice(colon + 1)];
  const { labels = {} } = filter;
  if (colon > 0 && (!Object.hasOwn(labels, key) || labels[key] === value)) {
    meanings.push({ ...filter, labels: { ...labels, [key]: value } });
  }
  return meanings;
}

/**
 * Where one can begin to look: with all jobs that one part of the filter lets through, in the order of their ids, of which
 * the rest of the filter leaves some.
 *
 * - `row`: jobs as one of the plain indexes has them.
 * - `shape`: jobs of one client, region, type and state. There are few such shapes, a probe of the index finds each of
 *   them, and each is read only as far as a page goes. So any of the four may be wanted, or several.
 * - `label`: jobs that have a label.
 */
export type Start = { by: 'row' } | { by: 'shape' } | { by: 'label'; key: string; value: string };

/** One of these is where to begin: with several, where there are fewest jobs; the first where there are many. */
export function startsFor(wanted: Wanted): Start[] {
  const { id, mediaId, vodJobId, requestId, errorCode, labels = {}, states, client, region, type } = wanted;
  const has = (...values: unknown[]) => values.some((value) => value !== undefined);
  if (has(id, mediaId, vodJobId, requestId)) return [{ by: 'row' }];
  const starts: Start[] = Object.entries(labels).map(([key, value]) => ({ by: 'label', key, value }));
  if (has(errorCode)) return [{ by: 'row' }, ...starts];
  if (has(states, client, region, type)) return [...starts, { by: 'shape' }];
  return starts.length > 0 ? starts : [{ by: 'row' }];
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

/** A statement that counts how many jobs one would have to look through, no further than the limit. */
export function sizeOf(wanted: Wanted, start: Start, { limit, before }: Page, values: Values): string {
  const conditions = start.by === 'row' ? [`job.error_code = ${values.add(wanted.errorCode)}`] : [];
  // Of a label all jobs, whatever their shape: those are what the index would be read through.
  const counted = start.by === 'label' ? { createdFrom: wanted.createdFrom, createdTo: wanted.createdTo } : wanted;
  const found = jobsFrom(start, counted, { before, conditions, page: `limit ${limit}` }, values);
  return `select count(*)::int as size from (${found} limit ${limit}) as counted`;
}

/** What a job has to be, whichever way one comes to it: for counts, where all of them are looked at. */
export function conditionsOf(filter: JobFilter, values: Values): string[] {
  const [only, ...others] = meaningsOf(filter).map((wanted) => [
    ...range('job.id', wanted, undefined, values),
    ...Object.entries(wanted.labels ?? {}).map(
      ([key, value]) =>
        `job.id in (select job_id from job_label where key = ${values.add(key)} and value = ${values.add(value)})`,
    ),
    ...conditionsBeyond({ by: 'row' }, { ...wanted, labels: undefined }, values),
  ]);
  if (!only) return ['false'];
  if (others.length === 0) return only;
  return [`job.id in (${[only, ...others].map((each) => `select id from job ${where(each)}`).join(' union ')})`];
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
    case 'shape':
      return `
        with recursive shape as (
          (select ${SHAPE} from job order by ${SHAPE} limit 1)
          union all
          select next.*
            from shape
            cross join lateral (
              select ${SHAPE} from job where (${SHAPE}) > (shape.client, shape.region, shape.type, shape.state)
               order by ${SHAPE} limit 1
            ) as next
        )
        select page.id
          from shape
          cross join lateral (
            select id
              from job
              ${where([IN_SHAPE, ...range('id', wanted, before, values), ...conditions])}
             ${page}
          ) as page
          ${where(shapeConditions('shape', wanted, values))}`;
    case 'label': {
      const label = [
        `label.key = ${values.add(start.key)}`,
        `label.value = ${values.add(start.value)}`,
        ...range('label.job_id', wanted, before, values),
        ...shapeConditions('label', { ...wanted, states: undefined }, values),
      ];
      // `offset 0` keeps the planner from joining the two in one go, which is what it does where it takes the jobs before the
      // page for few: each job is looked at when it is its turn, and only as long as the page is not full.
      const row = `cross join lateral (select from job ${where(['job.id = label.job_id', ...conditions])} offset 0) as row`;
      return `
        select label.job_id as id
          from job_label as label
          ${conditions.length > 0 ? row : ''}
          ${where(label)}`;
    }
  }
}

const SHAPE = 'client, region, type, state';
const IN_SHAPE = `(${SHAPE}) = (shape.client, shape.region, shape.type, shape.state)`;

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
