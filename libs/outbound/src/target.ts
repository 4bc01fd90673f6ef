import { setTimeout as pause } from 'node:timers/promises';
import { isIP } from 'node:net';
import { isForbidden, isGlobal, Networks } from './networks';
import { resolveHost, type Address, type Resolve } from './resolve';

/** Where something may be sent. */
export interface Target {
  url: URL;
  /** All that its host has; each has been looked at. */
  addresses: Address[];
}

type TargetCheck =
  ({ ok: true } & Target) | { ok: false; problem: 'malformed' | 'unresolved' | 'forbidden_address'; reason: string };

interface TargetRules {
  /** Networks whose addresses may be called although they are not global; `http:` is for these only. */
  allow: Networks;
  resolve?: Resolve;
  /** How long finding the host may take. */
  withinMs?: number;
}

const WITHIN_MS = 5_000;

/**
 * Whether a URL that somebody else has given may be called. Read as the one who calls reads it, and by all addresses that its host has
 * at this moment: whoever calls it has to call one of these, and not ask again.
 */
export async function findTarget(
  text: string,
  { allow, resolve = resolveHost, withinMs = WITHIN_MS }: TargetRules,
): Promise<TargetCheck> {
  const url = URL.canParse(text) ? new URL(text) : null;
  // guard: plain-targets
  if (!url || !['https:', 'http:'].includes(url.protocol) || url.username !== '' || url.password !== '') {
    return { ok: false, problem: 'malformed', reason: 'expected a URL of https: without user and password' };
  }
  const addresses = await addressesOf(url.hostname.replace(/^\[|\]$/g, ''), resolve, withinMs);
  if (addresses === null) return { ok: false, problem: 'unresolved', reason: 'its host was not found' };
  const all = addresses.map(({ address }) => address);
  // guard: never-allowed
  if (all.some((address) => isForbidden(address))) {
    return refused('its host has an address to which nothing is ever sent');
  }
  // guard: all-addresses-count
  if (!all.every((address) => isGlobal(address) || allow.has(address))) {
    return refused('its host has an address that is not public');
  }
  // guard: https-outside
  if (url.protocol === 'http:' && !all.every((address) => allow.has(address))) {
    return refused('expected https:, as http: is only for addresses that DELIVERY_ALLOW names');
  }
  return { ok: true, url, addresses };
}

/** The same for somebody who calls nobody yet. */
export async function checkTarget(
  text: string,
  { allow }: { allow: readonly string[] },
): Promise<{ ok: true } | { ok: false; reason: string }> {
  const check = await findTarget(text, { allow: new Networks(allow) });
  return check.ok ? { ok: true } : { ok: false, reason: check.reason };
}

/** Which address it is stays here: whoever gave the URL is not told what our name servers know. */
function refused(reason: string): TargetCheck {
  return { ok: false, problem: 'forbidden_address', reason };
}

/** Null when there is none, or none was found in time. */
async function addressesOf(host: string, resolve: Resolve, withinMs: number): Promise<Address[] | null> {
  const family = isIP(host);
  if (family !== 0) return [{ address: host, family: family === 6 ? 6 : 4 }];
  const late = new AbortController();
  try {
    const found = await Promise.race([
      resolve(host).catch(() => []),
      pause(withinMs, [], { signal: late.signal, ref: false }),
    ]);
    return found.length > 0 ? found : null;
  } finally {
    late.abort();
  }
}
