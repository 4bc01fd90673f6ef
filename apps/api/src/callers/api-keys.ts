import { createHash, timingSafeEqual } from 'node:crypto';
import type { ApiKey, ApiRole } from '@app/config';

/** Whose key it was: the `client` of what is enqueued, the `actor` of what is done. */
export interface Caller {
  name: string;
  role: ApiRole;
}

export type Presented = { caller: Caller } | { refused: 'missing' | 'malformed' | 'unknown' };

/** The keys that are known, as digests. */
export class ApiKeys {
  private readonly keys: (Caller & { digest: Buffer })[];

  constructor(apiKeys: readonly ApiKey[]) {
    this.keys = apiKeys.map(({ name, role, secret }) => ({ name, role, digest: digestOf(secret) }));
  }

  /** Whose key a header `Authorization: Bearer <secret>` carries. */
  presentedBy(header: string | undefined): Presented {
    if (header === undefined) return { refused: 'missing' };
    const secret = /^Bearer +(\S+) *$/i.exec(header)?.[1];
    if (secret === undefined) return { refused: 'malformed' };
    const digest = digestOf(secret);
    // Digests of equal length, compared in constant time, and all of them: the time says nothing about any key.
    const found = this.keys.filter((key) => timingSafeEqual(key.digest, digest))[0];
    if (!found) return { refused: 'unknown' }; // guard: known-api-key
    return { caller: { name: found.name, role: found.role } };
  }
}

function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
