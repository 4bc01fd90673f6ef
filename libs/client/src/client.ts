import type {
  Action,
  DeliveriesAnswer,
  DeliveryAnswer,
  DeliveryQuery,
  EndpointAnswer,
  EndpointPatch,
  EndpointQuery,
  EndpointRequest,
  EndpointsAnswer,
  EndpointWithSecretAnswer,
  EventAnswer,
  EventQuery,
  EventsAnswer,
  EvidenceAnswer,
  FlowAnswer,
  FlowQuery,
  HistoryAnswer,
  HistoryQuery,
  JobAnswer,
  JobFilterQuery,
  JobQuery,
  JobsAnswer,
  MeAnswer,
  OutlookAnswer,
  ReplayedAnswer,
  ReplayRange,
  RequestAnswer,
  Resolution,
  ResultAnswer,
  SignInLink,
  StatsAnswer,
  SubmitRequest,
  WorkersAnswer,
} from '@app/contract';
import { errorOf, unexpected, unreachable, type ApiError } from './errors';
import { pause } from './pause';
import { followChanges, type Init, type StreamOptions } from './stream';

export interface ClientOptions {
  /** Where the API is, path prefix included: `http://127.0.0.1:3000`, `https://intra.example/vodai/`, `document.baseURI`. */
  baseUrl: string | URL;
  /** The secret of an API key. Without one the browser's session counts, where the API opens some. */
  key?: string | undefined;
}

/** What the API gives at once. */
const MOST_OF_A_PAGE = 200;

/** How often a call is made again that was one too many, and for how long a rest it is waited at most. */
const RESTS = 3;
const REST_MAX_MS = 10_000;

interface Call {
  signal?: AbortSignal | undefined;
}

/** A query as one writes it down. The API parses it: a time may be a Date or text. */
type Asked<T> = {
  [Name in keyof T]?: T[Name] extends Date | undefined ? Date | string | undefined : T[Name] | undefined;
};

export type JobFilter = Asked<JobFilterQuery>;
export type EventFilter = Asked<EventQuery>;
type DeliveryFilter = Asked<DeliveryQuery>;
/** What has a default may be left out. */
export type SubmitBody = Pick<SubmitRequest, 'mediaId' | 'types'> & Asked<SubmitRequest>;
type EndpointBody = Pick<EndpointRequest, 'url' | 'events'> & Asked<EndpointRequest>;
type ReplayBody = Pick<ReplayRange, 'endpoint'> & Asked<ReplayRange>;
/** `replayed`: this Idempotency-Key had made the request before. */
export type Submitted = RequestAnswer & { replayed: boolean };

/** `text` is the answer as it came: numbers that JavaScript has no room for have lost digits everywhere else. */
export type Result = ResultAnswer & { text: string };

export type Client = ReturnType<typeof createClient>;

/**
 * The HTTP API, one method for each call, in Node and in browsers. A call that was one too many (429) had no effect, so it is made
 * again when the API says, a few times. A method throws `ApiError` when the API says no,
 * `Unreachable` when no answer came, the signal's reason when it was aborted, and `TypeError` for what cannot be sent.
 */
export function createClient({ baseUrl, key }: ClientOptions) {
  const base = folderOf(baseUrl);
  // fetch would refuse it too, and repeat it in the error.
  if (key !== undefined && !/^[\x21-\x7e]+$/.test(key))
    throw new TypeError('expected an API key of printable ASCII without blanks');
  const identity = key === undefined ? {} : { authorization: `Bearer ${key}` };

  async function send(url: URL | string, init: Init): Promise<Response> {
    for (let rests = 0; ; rests += 1) {
      const answer = await sendOnce(url, init);
      if (answer.ok) return answer;
      const error = await errorOf(answer);
      const restMs = restAfter(error);
      if (restMs === null || rests === RESTS) throw error;
      // Spread out: those that were told together would come back together.
      await pause(restMs * (1 + Math.random() / 4), init.signal);
      if (isAbort(init.signal)) throw init.signal?.reason;
    }
  }

  async function sendOnce(url: URL | string, init: Init): Promise<Response> {
    // Made first: what cannot be sent at all, a header beyond Latin-1 for example, isn't an api that does not answer.
    // Without a Request, which fetch would take apart again: hundreds of thousands of calls are made in a row.
    const headers = new Headers({ ...init.headers, ...identity });
    return fetch(url, { ...init, headers }).catch((error: unknown) => {
      throw isAbort(init.signal) ? error : unreachable(base, error);
    });
  }

  async function json<T>(url: URL, init: Init): Promise<{ answer: T; text: string; headers: Headers }> {
    const response = await send(url, init);
    const type = response.headers.get('content-type') ?? 'no content type';
    if (!/^application\/json\b/.test(type)) throw unexpected(response.status, type);
    try {
      const text = await response.text();
      return { answer: JSON.parse(text) as T, text, headers: response.headers };
    } catch (error) {
      throw isAbort(init.signal) ? error : unreachable(base, error);
    }
  }

  const to = (path: string, query: object = {}) => {
    const url = new URL(path, base);
    url.search = searchOf(query).toString();
    return url;
  };
  const get = async <T>(url: URL, { signal }: Call = {}) => (await json<T>(url, withSignal({}, signal))).answer;
  const withBody = <T>(
    method: string,
    url: URL,
    body: unknown,
    call: Call = {},
    headers: Record<string, string> = {},
  ) =>
    json<T>(
      url,
      withSignal(
        { method, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) },
        call.signal,
      ),
    );
  const post = <T>(url: URL, body: unknown, call?: Call, headers?: Record<string, string>) =>
    withBody<T>('POST', url, body, call, headers);
  const remove = async (url: URL, { signal }: Call = {}): Promise<void> =>
    void (await send(url, withSignal({ method: 'DELETE' }, signal)));
  const act = async (id: string, action: string, body: object, call?: Call) =>
    (await post<JobAnswer>(to(`${job(id)}/${action}`), body, call)).answer;
  const job = (id: string) => `v1/jobs/${encodeURIComponent(id)}`;
  const event = (id: string) => `v1/events/${encodeURIComponent(id)}`;
  const endpoint = (id: string) => `v1/endpoints/${encodeURIComponent(id)}`;
  const delivery = (id: string) => `v1/deliveries/${encodeURIComponent(id)}`;
  const history = (id: string, query: Asked<HistoryQuery> = {}, call?: Call) =>
    get<HistoryAnswer>(to(`${job(id)}/history`, query), call);

  return {
    submit: async (
      body: SubmitBody,
      { idempotencyKey, ...call }: Call & { idempotencyKey?: string | undefined } = {},
    ): Promise<Submitted> => {
      const headers = idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey };
      const made = await post<RequestAnswer>(to('v1/jobs'), body, call, headers);
      return { ...made.answer, replayed: made.headers.get('idempotent-replay') === 'true' };
    },
    request: (id: string, call?: Call) => get<RequestAnswer>(to(`v1/requests/${encodeURIComponent(id)}`), call),

    jobs: (query: Asked<JobQuery> = {}, call?: Call) => get<JobsAnswer>(to('v1/jobs', query), call),
    /** With `wait`, like `30s`: when the job is over, or as it is after that time. */
    job: (id: string, { wait, ...call }: Call & { wait?: string } = {}) => get<JobAnswer>(to(job(id), { wait }), call),
    /** A page of what happened, oldest first. */
    history,
    /** All of them. */
    wholeHistory: async (id: string, call?: Call): Promise<HistoryAnswer['items']> => {
      const items: HistoryAnswer['items'] = [];
      let cursor: string | undefined;
      do {
        const page = await history(id, { limit: MOST_OF_A_PAGE, cursor }, call);
        items.push(...page.items);
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      return items;
    },
    result: async (id: string, { signal }: Call = {}): Promise<Result> => {
      const { answer, text } = await json<ResultAnswer>(to(`${job(id)}/result`), withSignal({}, signal));
      return { ...answer, text };
    },
    /** Why it waits, and until when. */
    outlook: (id: string, call?: Call) => get<OutlookAnswer>(to(`${job(id)}/outlook`), call),
    evidence: (id: string, call?: Call) => get<EvidenceAnswer>(to(`${job(id)}/evidence`), call),
    /** All that the filter lets through, as a stream of text. */
    exportJobs: (format: 'csv' | 'ndjson', filter: JobFilter = {}, { signal }: Call = {}) =>
      send(to(`v1/jobs.${format}`, filter), withSignal({}, signal)),

    cancel: (id: string, action: Action = {}, call?: Call) => act(id, 'cancel', action, call),
    /** A new attempt. VOD bills it if it succeeds. */
    retry: (id: string, action: Action = {}, call?: Call) => act(id, 'retry', action, call),
    /** Reads the result again. Never billed. */
    refetch: (id: string, action: Action = {}, call?: Call) => act(id, 'refetch', action, call),
    resolve: (id: string, resolution: Resolution, call?: Call) => act(id, 'resolve', resolution, call),

    endpoints: (query: Asked<EndpointQuery> = {}, call?: Call) => get<EndpointsAnswer>(to('v1/endpoints', query), call),
    endpoint: (id: string, call?: Call) => get<EndpointAnswer>(to(endpoint(id)), call),
    /** The answer has the secret, this once. */
    addEndpoint: async (body: EndpointBody, call?: Call) =>
      (await post<EndpointWithSecretAnswer>(to('v1/endpoints'), body, call)).answer,
    changeEndpoint: async (id: string, change: EndpointPatch, call?: Call) =>
      (await withBody<EndpointAnswer>('PATCH', to(endpoint(id)), change, call)).answer,
    removeEndpoint: (id: string, call?: Call) => remove(to(endpoint(id)), call),
    /** A new secret, in this answer alone. The one before it signs as well for a day. */
    rotateSecret: async (id: string, call?: Call) =>
      (await post<EndpointWithSecretAnswer>(to(`${endpoint(id)}/rotate`), {}, call)).answer,
    /** Has a message about no job sent. */
    testEndpoint: async (id: string, call?: Call) =>
      (await post<DeliveryAnswer>(to(`${endpoint(id)}/test`), {}, call)).answer,
    deliveries: (query: DeliveryFilter = {}, call?: Call) => get<DeliveriesAnswer>(to('v1/deliveries', query), call),
    delivery: (id: string, call?: Call) => get<DeliveryAnswer>(to(delivery(id)), call),
    replayDelivery: async (id: string, call?: Call) =>
      (await post<DeliveryAnswer>(to(`${delivery(id)}/replay`), {}, call)).answer,
    replayDeliveries: async (range: ReplayBody, call?: Call) =>
      (await post<ReplayedAnswer>(to('v1/deliveries/replay'), range, call)).answer,

    events: (query: EventFilter = {}, call?: Call) => get<EventsAnswer>(to('v1/events', query), call),
    event: (id: string, call?: Call) => get<EventAnswer>(to(event(id)), call),
    /** It is looked at again, as if it had just come. */
    replayEvent: async (id: string, call?: Call) =>
      (await post<EventAnswer>(to(`${event(id)}/replay`), {}, call)).answer,
    /** Counts of the jobs that the filter lets through, and how far they are. */
    stats: (filter: JobFilter = {}, call?: Call) => get<StatsAnswer>(to('v1/stats', filter), call),
    flow: (query: Asked<FlowQuery> = {}, call?: Call) => get<FlowAnswer>(to('v1/flow', query), call),
    /** All processes that have been heard of within the last minute. */
    workers: (call?: Call) => get<WorkersAnswer>(to('v1/workers'), call),
    me: (call?: Call) => get<MeAnswer>(to('v1/me'), call),

    /** Of a local instance: the address of a link that signs a browser in as the owner of this key, once. */
    signInLink: async (call?: Call): Promise<string> =>
      new URL((await post<SignInLink>(to('v1/session/links'), {}, call)).answer.path, base).href,
    /** Ends the browser's session. */
    endSession: (call?: Call) => remove(to('v1/session'), call),

    /**
     * Follows the changes of the jobs that the filter lets through, over every interruption and without a gap. Ends when it is
     * aborted; throws when the API refuses it or when a listener throws.
     */
    stream: (filter: JobFilter, options: StreamOptions): Promise<void> =>
      followChanges((init) => send(to('v1/stream', filter), init), options),
  };
}

/** The rest that the API asks for, when it is worth waiting for. */
function restAfter({ status, retryAfterMs }: ApiError): number | null {
  return status === 429 && retryAfterMs !== undefined && retryAfterMs <= REST_MAX_MS ? retryAfterMs : null;
}

/** As a folder, so that paths are taken relative to it; `new URL('v1', 'http://host/prefix')` would lose the prefix. */
function folderOf(baseUrl: string | URL): URL {
  const base = new URL(baseUrl);
  base.search = '';
  base.hash = '';
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  return base;
}

type Parameter = string | number | Date | undefined;

function searchOf(query: object): URLSearchParams {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query) as [string, Parameter | Parameter[]][]) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined) search.append(name, one instanceof Date ? one.toISOString() : String(one));
    }
  }
  return search;
}

function withSignal(init: Init, signal: AbortSignal | undefined): Init {
  return signal ? { ...init, signal } : init;
}

function isAbort(signal: AbortSignal | null | undefined): boolean {
  return signal?.aborted ?? false;
}
