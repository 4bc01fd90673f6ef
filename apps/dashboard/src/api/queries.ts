import { keepPreviousData, queryOptions, replaceEqualDeep } from '@tanstack/react-query';
import { ApiError, type Client, type EventFilter } from '@app/client';
import type { FlowQuery, JobAnswer, JobsAnswer } from '@app/contract';
import { allAsHeard, asHeard } from '../live/caches';

type FlowWindow = FlowQuery['window'];

/** Every read of the pages, by the key under which its answer is kept. */

/** Counts are exact again this often; between two of these the stream corrects them. */
const STATS_MS = 15_000;

/** Those of a filter are not corrected in between: the stream of a page may be narrower. */
const FILTERED_STATS_MS = 5_000;

export const statsQuery = (api: Client, filter: Parameters<Client['stats']>[0] = {}) => {
  const isOfAll = Object.keys(filter).length === 0;
  return queryOptions({
    queryKey: isOfAll ? ['stats'] : ['stats', filter],
    queryFn: ({ signal }) => api.stats(filter, { signal }),
    refetchInterval: isOfAll ? STATS_MS : FILTERED_STATS_MS,
  });
};

/** `query` is what `GET /v1/jobs` takes. */
export const jobsQuery = (api: Client, query: Parameters<Client['jobs']>[0]) =>
  queryOptions({
    queryKey: ['jobs', query],
    queryFn: async ({ signal, client }) => allAsHeard(client, await api.jobs(query, { signal })),
    structuralSharing: (before, now) => withKnownJobs(before as JobsAnswer | undefined, now as JobsAnswer),
  });

/**
 * A job that has not changed stays the same object, and its row is not drawn again. The library compares by place, and one new job at
 * the top has moved all others.
 */
function withKnownJobs(before: JobsAnswer | undefined, now: JobsAnswer): JobsAnswer {
  if (!before) return now;
  const known = new Map(before.items.map((job) => [job.id, job]));
  const items = now.items.map((job) => replaceEqualDeep(known.get(job.id), job));
  const isSame = items.length === before.items.length && items.every((job, i) => job === before.items[i]);
  return isSame && now.nextCursor === before.nextCursor ? before : { ...now, items };
}

export const jobQuery = (api: Client, id: string) =>
  queryOptions({
    queryKey: ['job', id],
    queryFn: async ({ signal, client }) => asHeard(client, await api.job(id, { signal })),
  });

/** Others go before it, and nothing is streamed about them. */
const OUTLOOK_MS = 5_000;

export const outlookQuery = (api: Client, id: string) =>
  queryOptions({
    queryKey: ['job', id, 'outlook'],
    queryFn: ({ signal }) => api.outlook(id, { signal }),
    refetchInterval: OUTLOOK_MS,
  });

export const historyQuery = (api: Client, id: string) =>
  queryOptions({ queryKey: ['job', id, 'history'], queryFn: ({ signal }) => api.wholeHistory(id, { signal }) });

export const requestQuery = (api: Client, id: string) =>
  // What was asked for doesn't change. The states of its jobs do, and the stream of one job says nothing of the others.
  queryOptions({
    queryKey: ['request', id],
    queryFn: ({ signal }) => api.request(id, { signal }),
    refetchInterval: STATS_MS,
  });

/** Null before there is one. */
export const resultQuery = (api: Client, id: string) =>
  queryOptions({
    queryKey: ['job', id, 'result'],
    queryFn: ({ signal }) =>
      api.result(id, { signal }).catch((error: unknown) => {
        if (error instanceof ApiError && error.code === 'no_result') return null;
        throw error;
      }),
  });

export const evidenceQuery = (api: Client, id: string) =>
  queryOptions({ queryKey: ['job', id, 'evidence'], queryFn: ({ signal }) => api.evidence(id, { signal }) });

/** A page holds them all but for a job that somebody floods with events. */
const EVENTS_OF_A_JOB = 200;

export const eventsOfJobQuery = (api: Client, jobId: string) =>
  queryOptions({
    queryKey: ['job', jobId, 'events'],
    queryFn: ({ signal }) => api.events({ jobId, limit: EVENTS_OF_A_JOB }, { signal }),
  });

/** Events aren't streamed: the newest page looks again this often. */
const EVENTS_MS = 5_000;

export const eventsQuery = (api: Client, filter: EventFilter) =>
  queryOptions({
    queryKey: ['events', filter],
    queryFn: ({ signal }) => api.events(filter, { signal }),
    placeholderData: keepPreviousData,
    ...(filter.cursor === undefined && { refetchInterval: EVENTS_MS }),
  });

/** One that waits to be looked at is so for a moment. */
const RECEIVED_MS = 1_000;

export const eventQuery = (api: Client, id: string) =>
  queryOptions({
    queryKey: ['event', id],
    queryFn: ({ signal }) => api.event(id, { signal }),
    refetchInterval: ({ state }) => state.data?.verdict === 'received' && RECEIVED_MS,
  });

/** As many as a person can be shown at once. The list is newest first, and the oldest are wanted: all of them are read. */
const HELD_AT_MOST = 1_000;

export const heldQuery = (api: Client) =>
  queryOptions({
    queryKey: ['jobs', 'held'],
    queryFn: async ({ signal, client }): Promise<JobsAnswer> => {
      const items: JobAnswer[] = [];
      let cursor: string | undefined;
      do {
        const page = await api.jobs({ state: ['held'], limit: 200, cursor }, { signal });
        items.push(...page.items);
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined && items.length < HELD_AT_MOST);
      return allAsHeard(client, { items, nextCursor: cursor ?? null });
    },
  });

/** Only the bucket that is still open changes. */
const FLOW_MS = 10_000;

/** A process beats every 10 s. */
const WORKERS_MS = 10_000;

export const workersQuery = (api: Client) =>
  queryOptions({
    queryKey: ['workers'],
    queryFn: ({ signal }) => api.workers({ signal }),
    refetchInterval: WORKERS_MS,
  });

export const flowQuery = (api: Client, window: FlowWindow) =>
  queryOptions({
    queryKey: ['flow', window],
    queryFn: ({ signal }) => api.flow({ window }, { signal }),
    placeholderData: keepPreviousData,
    refetchInterval: FLOW_MS,
  });
