import { jobQuery } from '@app/contract';
import type { JobFilter } from '@app/persistence';
import type { Client } from 'pg';
import { filterOf } from '../apps/api/src/job-filter';

/** A question of the api, asked with other values every time. */
export interface View {
  name: string;
  /** Path and query. Every second time somewhere deep in the list. */
  next: () => string;
}

type Draw = () => string;

/** What `fill` has put into the table: every value once, however rare it is. */
interface Values {
  state: string[];
  type: string[];
  region: string[];
  client: string[];
  errorCode: string[];
  label: string[];
  /** Of random jobs. */
  jobs: { id: string; requestId: string; mediaId: string; vodJobId: string; createdAt: Date }[];
  events: { id: string; mediaId: string; vodJobId: string; jobId: string }[];
  verdict: string[];
}

/** Every list, every filter, pairs of filters that matter, the search, and what else people look at. */
export async function views(sql: Client, random: () => number): Promise<View[]> {
  const values = await valuesIn(sql);
  const one = <T>(of: readonly T[]): T => {
    const drawn = of[Math.floor(random() * of.length)];
    if (drawn === undefined) throw new Error('the table is empty');
    return drawn;
  };
  const text = (name: string, draw: Draw) => () => `${name}=${encodeURIComponent(draw())}`;
  const filters = {
    state: text('state', () => one(values.state)),
    type: text('type', () => one(values.type)),
    region: text('region', () => one(values.region)),
    client: text('client', () => one(values.client)),
    errorCode: text('errorCode', () => one(values.errorCode)),
    label: text('label', () => one(values.label)),
    mediaId: text('mediaId', () => one(values.jobs).mediaId),
    mediaIdPrefix: text('mediaIdPrefix', () => {
      const { mediaId } = one(values.jobs);
      return mediaId.slice(0, 1 + Math.floor(random() * 8));
    }),
    vodJobId: text('vodJobId', () => one(values.jobs).vodJobId),
    requestId: text('requestId', () => one(values.jobs).requestId),
    created: () => {
      const [from, to] = [one(values.jobs).createdAt, one(values.jobs).createdAt].toSorted(
        (a, b) => a.getTime() - b.getTime(),
      );
      return `createdFrom=${from?.toISOString()}&createdTo=${to?.toISOString()}`;
    },
    labels: () => {
      const first = one(values.label);
      const others = values.label.filter((label) => keyOf(label) !== keyOf(first));
      return [first, one(others)].map((label) => `label=${encodeURIComponent(label)}`).join('&');
    },
    states: () => [0, 1, 2].map(() => `state=${one(values.state)}`).join('&'),
  };
  type Filter = keyof typeof filters;

  let calls = 0;
  const list =
    (path: string, cursor: Draw, ...parts: Draw[]) =>
    () => {
      calls += 1;
      const query = [...parts.map((part) => part()), ...(calls % 2 === 0 ? [`cursor=${cursor()}`] : [])].join('&');
      return `${path}?${query}`;
    };
  const jobs = (...names: Filter[]): View => ({
    name: names.length === 0 ? 'jobs' : `jobs by ${names.join(', ')}`,
    next: list('/v1/jobs', () => one(values.jobs).id, ...names.map((name) => filters[name])),
  });
  const search = (name: string, draw: Draw): View => ({
    name: `search for ${name}`,
    next: list('/v1/jobs', () => one(values.jobs).id, text('q', draw)),
  });
  const events = (name: string, ...parts: Draw[]): View => ({
    name: `events${name}`,
    next: list('/v1/events', () => one(values.events).id, ...parts),
  });
  const plain = (name: string, next: Draw): View => ({ name, next });
  const singles: Filter[] = ['state', 'states', 'type', 'region', 'client', 'errorCode', 'label', 'mediaId', 'mediaIdPrefix', 'vodJobId', 'requestId', 'created']; // prettier-ignore
  const paired: Filter[] = ['state', 'type', 'region', 'client', 'errorCode', 'label', 'mediaIdPrefix', 'created'];
  const pairs = paired.flatMap((first, i) => paired.slice(i + 1).map((second) => [first, second] as const));

  return [
    jobs(),
    ...singles.map((name) => jobs(name)),
    ...pairs.map(([first, second]) => jobs(first, second)),
    jobs('labels'),
    jobs('mediaId', 'state'),
    jobs('state', 'client', 'region', 'type'),
    search('a media', () => one(values.jobs).mediaId),
    search('the beginning of a media', () => one(values.jobs).mediaId.slice(0, 4 + Math.floor(random() * 8))),
    search('a media in capitals', () => one(values.jobs).mediaId.toUpperCase()),
    search('a JobId', () => one(values.jobs).vodJobId),
    search('a job', () => one(values.jobs).id),
    search('a request', () => one(values.jobs).requestId),
    search('a label', () => one(values.label)),
    search('nothing that is there', () => `no-${Math.floor(random() * 1e9)}`),
    events(''),
    events(
      ' by verdict',
      text('verdict', () => one(values.verdict)),
    ),
    events(
      ' by mediaId',
      text('mediaId', () => one(values.events).mediaId),
    ),
    events(
      ' by vodJobId',
      text('vodJobId', () => one(values.events).vodJobId),
    ),
    events(
      ' by jobId',
      text('jobId', () => one(values.events).jobId),
    ),
    events(' by verdict, mediaId', text('verdict', () => one(values.verdict)), text('mediaId', () => one(values.events).mediaId)), // prettier-ignore
    plain('one job', () => `/v1/jobs/${one(values.jobs).id}`),
    plain('its history', () => `/v1/jobs/${one(values.jobs).id}/history`),
    plain('its evidence', () => `/v1/jobs/${one(values.jobs).id}/evidence`),
    plain('its request', () => `/v1/requests/${one(values.jobs).requestId}`),
    plain('counts', () => '/v1/stats'),
    plain('flow of an hour', () => '/v1/flow?window=1h'),
    plain('flow of a day', () => '/v1/flow?window=24h'),
  ];
}

const keyOf = (label: string) => label.slice(0, label.indexOf(':'));

/** What the api makes of a path that begins with /v1/jobs?. */
export function listOf(path: string): { filter: JobFilter; page: { limit: number; before: string | undefined } } {
  const query: Record<string, string | string[]> = {};
  const { searchParams } = new URL(path, 'http://localhost');
  for (const name of searchParams.keys()) {
    const values = searchParams.getAll(name);
    query[name] = values.length > 1 ? values : (values[0] ?? '');
  }
  const { limit, cursor, ...filter } = jobQuery.parse(query);
  return { filter: filterOf(filter), page: { limit: limit + 1, before: cursor } };
}

async function valuesIn(sql: Client): Promise<Values> {
  const distinct = async (statement: string) => {
    const { rows } = await sql.query<{ value: string }>(statement);
    return rows.map(({ value }) => value).filter((value) => value !== null);
  };
  const of = (column: string, table: string) =>
    distinct(`select ${column} as value from ${table} group by 1 order by 1`);
  const { rows: jobs } = await sql.query<Values['jobs'][number]>(
    `select id, request_id as "requestId", media_id as "mediaId", vod_job_id as "vodJobId", created_at as "createdAt"
       from job where vod_job_id is not null order by md5(id::text) limit 1000`,
  );
  const { rows: events } = await sql.query<Values['events'][number]>(
    `select id, media_id as "mediaId", vod_job_id as "vodJobId", job_id as "jobId"
       from event where job_id is not null order by md5(id::text) limit 1000`,
  );
  const { rows: popular } = await sql.query<Values['jobs'][number]>(
    `select id, request_id as "requestId", media_id as "mediaId", vod_job_id as "vodJobId", created_at as "createdAt"
       from job where vod_job_id is not null and media_id = 'media-popular' order by md5(id::text) limit 100`,
  );
  return {
    state: await of('state', 'job'),
    type: await of('type', 'job'),
    region: await of('region', 'job'),
    client: await of('client', 'job'),
    errorCode: await of('error_code', 'job'),
    // All but the many batches, and some of those.
    label: [
      ...(await distinct(
        `select key || ':' || value as value from job_label where key <> 'batch' group by 1 order by 1`,
      )),
      ...(await distinct(`select key || ':' || value as value from job_label where key = 'batch' group by 1 order by md5(min(value)) limit 20`)), // prettier-ignore
    ],
    jobs: [...jobs, ...popular],
    events,
    verdict: await of('verdict', 'event'),
  };
}
