import { keepPreviousData, skipToken, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useEffectEvent } from 'react';
import type { JobAnswer, JobsAnswer, StreamedChange } from '@app/contract';
import { jobsQuery } from '../../api/queries';
import { asHeard } from '../../live/caches';
import { useLive } from '../../live/live';
import { useApi } from '../../session/session';
import { filterOf, type JobsSearch } from './search';
import { arrivals, isInView, streamFilterOf, withArrivals } from './view';

/** While the stream is away the list is read again this often. */
const WITHOUT_STREAM_MS = 10_000;

/** More are not kept: then "more than" says enough, and showing them reads the list anew. */
export const FRESH_MAX = 1_000;

interface Attention {
  /** Somebody is at the rows, or at what is done with them. */
  isRead: boolean;
  /** By id. Rows that are not shown any more may be among them. */
  selection: Record<string, boolean>;
}

type Jobs = ReadonlyMap<string, JobAnswer>;
const none: Jobs = new Map();

/**
 * A page of the list, live. Known rows change in place at once. Rows that come or go move what is below them, so that happens only
 * while it is calm: until then new ones wait and are counted, and those that left the view stay where they are.
 */
export function useJobsList(search: JobsSearch, limit: number, { isRead, selection }: Attention) {
  const api = useApi();
  const queryClient = useQueryClient();
  const filter = filterOf(search);
  const options = jobsQuery(api, { ...filter, ...(search.cursor && { cursor: search.cursor }), limit });
  // What waits is cached beside its list, and like it belongs to one view.
  const freshKey = ['fresh', ...options.queryKey];

  const connection = useLive(streamFilterOf(filter), (changes) => void onChanges(changes));
  const query = useQuery({
    ...options,
    placeholderData: keepPreviousData,
    refetchInterval: connection === 'live' ? false : WITHOUT_STREAM_MS,
  });
  const calm = !isRead && !query.data?.items.some(({ id }) => selection[id]);
  const { data: fresh = none } = useQuery({ queryKey: freshKey, queryFn: skipToken, initialData: none });

  async function onChanges(changes: StreamedChange[]) {
    // A read that is under way may have looked before these came: its answer would drop their rows. So they wait for it.
    if (queryClient.isFetching({ queryKey: options.queryKey, exact: true }) > 0) {
      await queryClient.fetchQuery({ ...options, staleTime: 0 }).catch(() => undefined); // the page shows what went wrong
    }
    const list = queryClient.getQueryData<JobsAnswer>(options.queryKey);
    if (!list) return;
    // An older page has none to add: what is new is shown by going back to the newest.
    const created = changes.filter(({ change, job }) => change.from === null && isInView(filter, job));
    const coming = search.cursor ? created.map(({ job }) => job) : arrivals(list, filter, changes);
    if (coming.length === 0) return;
    if (calm) add(coming);
    else {
      const waiting = new Map([
        ...(queryClient.getQueryData<Jobs>(freshKey) ?? none),
        ...coming.map((job) => [job.id, job] as const),
      ]);
      queryClient.setQueryData<Jobs>(freshKey, new Map([...waiting].slice(0, FRESH_MAX)));
    }
  }

  function add(jobs: JobAnswer[]) {
    const list = queryClient.getQueryData<JobsAnswer>(options.queryKey);
    const asTheyAre = jobs.map((job) => asHeard(queryClient, job)); // they may have waited
    const next = list && withArrivals(list, asTheyAre, limit);
    if (next) queryClient.setQueryData(options.queryKey, next);
    else void query.refetch();
  }

  const addFresh = useEffectEvent(() => {
    if (fresh.size === 0 || search.cursor) return;
    queryClient.setQueryData(freshKey, none);
    add([...fresh.values()]);
  });
  useEffect(() => {
    if (calm) addFresh();
  }, [calm]);

  const items = query.data?.items ?? [];
  return {
    query,
    items: calm ? items.filter((job) => isInView(filter, job)) : items,
    hasLeft: (job: JobAnswer) => !isInView(filter, job),
    nextCursor: query.data?.nextCursor ?? null,
    freshCount: fresh.size,
    showFresh: () => {
      queryClient.setQueryData(freshKey, none);
      void query.refetch();
    },
  };
}
