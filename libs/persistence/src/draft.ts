import { createHash } from 'node:crypto';
import type { JobType, Priority } from '@app/domain';

/** A client's request, checked and complete, before it is stored. Ids are made by the caller. */
export interface Draft {
  id: string;
  client: string;
  idempotencyKey: string | null;
  mediaId: string;
  region: string;
  types: { type: JobType; jobId: string }[];
  config: Record<string, unknown>;
  priority: Priority;
  labels: Record<string, string>;
  extend: string | null;
  force: boolean;
  now: Date;
}

/** A client that sends a key, or says `force`, has said what it means by "the same"; others get the natural key. */
export function isDeduplicated(draft: Draft): boolean {
  return draft.idempotencyKey === null && !draft.force;
}

/** What makes two jobs the same to one client: where, which media, which type, which configuration of that type. */
export function naturalKey(draft: Draft, type: JobType): string {
  return sha256(canonical([draft.client, draft.region, draft.mediaId, type, draft.config[type] ?? null]));
}

export function naturalKeys(draft: Draft): string[] {
  return draft.types.map(({ type }) => naturalKey(draft, type));
}

/** Equal for bodies that mean the same: the order of keys and of types says nothing. */
export function bodyHash({ mediaId, region, types, config, priority, labels, extend, force }: Draft): string {
  return sha256(
    canonical([mediaId, region, types.map(({ type }) => type).toSorted(), config, priority, labels, extend, force]),
  );
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** JSON with sorted keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
