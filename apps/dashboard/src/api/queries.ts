import { queryOptions } from '@tanstack/react-query';
import type { Client } from '@app/client';

/** Every read of the pages, by the key under which its answer is kept. */

/** Counts are exact again this often; between two of these the stream corrects them. */
const STATS_MS = 15_000;

export const statsQuery = (api: Client) =>
  queryOptions({ queryKey: ['stats'], queryFn: ({ signal }) => api.stats({ signal }), refetchInterval: STATS_MS });

export const jobQuery = (api: Client, id: string) =>
  queryOptions({ queryKey: ['job', id], queryFn: ({ signal }) => api.job(id, { signal }) });

export const historyQuery = (api: Client, id: string) =>
  queryOptions({ queryKey: ['job', id, 'history'], queryFn: ({ signal }) => api.history(id, { signal }) });
