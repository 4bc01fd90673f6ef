import type {
  ActionBody,
  EventAnswer,
  EventsAnswer,
  EvidenceAnswer,
  FlowAnswer,
  HistoryAnswer,
  JobAnswer,
  JobsAnswer,
  MeAnswer,
  RequestAnswer,
  ResolutionBody,
  ResultAnswer,
  StatsAnswer,
  SubmitBody,
} from '@app/contract';
import { authorization, expectOk, send, urlOf, type CallOptions, type Connection, type Query } from './http';
import { follow, type StreamOptions } from './stream';

/** What the API did with a submission besides what its answer says. */
export interface Submitted {
  request: RequestAnswer;
  /** An earlier answer to the same idempotency key. */
  replayed: boolean;
}

export type Client = ReturnType<typeof createClient>;

/**
 * The HTTP API, one function for each of its calls. Every one throws ApiError when the API said no, and Unreachable when
 * there was no API. Runs in Node and in browsers.
 */
export function createClient(connection: Connection) {
  const { baseUrl, key } = connection;

  async function ask(method: 'GET' | 'POST', path: string, options: CallOptions & Asked = {}): Promise<Response> {
    const { query, body, headers, signal } = options;
    const response = await send(urlOf(baseUrl, path, query), {
      method,
      headers: {
        ...authorization(key),
        ...headers,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    });
    return expectOk(response);
  }
  const get = async <T>(path: string, options?: CallOptions & Asked) =>
    (await (await ask('GET', path, options)).json()) as T;
  const post = async <T>(path: string, options?: CallOptions & Asked) =>
    (await (await ask('POST', path, options)).json()) as T;
  const act = (action: string) => (id: string, body: ActionBody, options?: CallOptions) =>
    post<JobAnswer>(`v1/jobs/${encodeURIComponent(id)}/${action}`, { ...options, body });
  const of = (id: string, part = '') => `v1/jobs/${encodeURIComponent(id)}${part}`;

  return {
    me: (options?: CallOptions) => get<MeAnswer>('v1/me', options),

    async submit(body: SubmitBody, options: CallOptions & { idempotencyKey?: string } = {}): Promise<Submitted> {
      const { idempotencyKey } = options;
      const headers = idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey };
      const response = await ask('POST', 'v1/jobs', { ...options, body, headers });
      const replayed = response.headers.get('idempotent-replay') === 'true';
      return { request: (await response.json()) as RequestAnswer, replayed };
    },

    jobs: (query: Query, options?: CallOptions) => get<JobsAnswer>('v1/jobs', { ...options, query }),
    job: (id: string, options?: CallOptions) => get<JobAnswer>(of(id), options),
    /** When the job is over, or `wait` is: `30s`, at most `60s`. */
    waitForJob: (id: string, wait: string, options?: CallOptions) =>
      get<JobAnswer>(of(id), { ...options, query: { wait } }),
    history: (id: string, options?: CallOptions) => get<HistoryAnswer>(of(id, '/history'), options),
    result: (id: string, options?: CallOptions) => get<ResultAnswer>(of(id, '/result'), options),
    evidence: (id: string, options?: CallOptions) => get<EvidenceAnswer>(of(id, '/evidence'), options),

    cancel: act('cancel'),
    /** Submits once more, and VOD bills it. */
    retry: act('retry'),
    refetch: act('refetch'),
    resolve: (id: string, body: ResolutionBody, options?: CallOptions) =>
      post<JobAnswer>(of(id, '/resolve'), { ...options, body }),

    /** All jobs that match, as a stream of bytes. */
    exportJobs: (format: 'csv' | 'ndjson', query: Query, options?: CallOptions) =>
      ask('GET', `v1/jobs.${format}`, { ...options, query }),

    request: (id: string, options?: CallOptions) =>
      get<RequestAnswer>(`v1/requests/${encodeURIComponent(id)}`, options),
    events: (query: Query, options?: CallOptions) => get<EventsAnswer>('v1/events', { ...options, query }),
    event: (id: string, options?: CallOptions) => get<EventAnswer>(`v1/events/${encodeURIComponent(id)}`, options),
    stats: (options?: CallOptions) => get<StatsAnswer>('v1/stats', options),
    flow: (query: Query, options?: CallOptions) => get<FlowAnswer>('v1/flow', { ...options, query }),

    /** Follows the changes of the jobs that match `filter`, for ever. */
    stream: (filter: Query, options: StreamOptions) => follow(connection, filter, options),
  };
}

interface Asked {
  query?: Query;
  body?: unknown;
  headers?: Record<string, string>;
}
