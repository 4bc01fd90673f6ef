import type { SubmitBody } from './client';

/**
 * What is asked for as text: the same in whatever order it was written. An Idempotency-Key made of it stays the same when only labels
 * or the priority differ: then the api refuses, where another key would have the same work paid for twice.
 */
export function askedFor({ mediaId, types, config = {}, region }: SubmitBody): string {
  return JSON.stringify([mediaId, [...new Set(types)].toSorted(), config, region ?? null], (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
