import type { Role, Weakness } from './config';
import { fillAccount, fillRegion } from './values';
import type { Values } from './variables';

/** Whom each setting concerns: who doesn't read it doesn't speak of it. */
const readsKeys: readonly Role[] = ['api', 'local'];
const takesCallbacks: readonly Role[] = ['webhook', 'local'];
const registersUrl: readonly Role[] = [...takesCallbacks, 'vod'];
const takesFromQueue: readonly Role[] = ['worker', 'local'];
const speaksToPostgres: readonly Role[] = ['api', 'worker', 'webhook', 'local'];

export function weaknesses(values: Values, role: Role): Weakness[] {
  return [
    ...(readsKeys.includes(role) ? shortKeys(values) : []),
    ...(registersUrl.includes(role) ? openCallback(values) : []),
    ...(takesCallbacks.includes(role) ? impossibleCallbackKeys(values) : []),
    ...(takesFromQueue.includes(role) ? openQueue(values) : []),
    ...(speaksToPostgres.includes(role) ? openDatabase(values) : []),
  ];
}

/** What a person can't remember: 16 characters of `openssl rand -hex 8` are 64 bits, and each guess is a request. */
const KEY_CHARACTERS = 16;

/** By their number: a "name" may be the secret, when the parts were swapped. */
function shortKeys({ API_KEYS: keys = [] }: Values): Weakness[] {
  return keys.flatMap(({ secret }, i): Weakness[] => {
    if (secret.length >= KEY_CHARACTERS) return [];
    const weakness = `the secret of entry ${i + 1} has ${secret.length} characters and can be guessed; make one with: openssl rand -hex 24`;
    return [{ variable: 'API_KEYS', weakness }];
  });
}

function openCallback({ VOD_CALLBACK_URL: url, VOD_REGIONS: [region] }: Values): Weakness[] {
  if (url === undefined) return [];
  const { protocol, hostname } = new URL(fillRegion(url, region));
  if (protocol !== 'http:' || isLoopback(hostname)) return [];
  const weakness =
    'events come over http:, so whoever is on their way reads them, and their signature, which can be used again; register an https: URL at VOD';
  return [{ variable: 'VOD_CALLBACK_URL', weakness }];
}

function openQueue({ VOD_MNS_ENDPOINT: endpoint, VOD_REGIONS: [region] }: Values): Weakness[] {
  if (endpoint === undefined) return [];
  const { protocol, hostname } = new URL(fillAccount(fillRegion(endpoint, region), '0'));
  if (protocol !== 'http:' || isLoopback(hostname)) return [];
  const weakness =
    'the queue is read over http:, so whoever is on the way reads the events and can answer in its place; SMQ takes https: as well';
  return [{ variable: 'VOD_MNS_ENDPOINT', weakness }];
}

/** VOD's limit for AuthKey (SetMessageCallback). */
const CALLBACK_KEY_CHARACTERS = 32;

/** Not refused: what VOD really takes is known from its documentation only. */
function impossibleCallbackKeys({ VOD_CALLBACK_KEYS: keys = [] }: Values): Weakness[] {
  return keys.flatMap((key, i): Weakness[] => {
    if (key.length <= CALLBACK_KEY_CHARACTERS && /^[!-~]+$/.test(key)) return [];
    const weakness = `key ${i + 1} can't be one of VOD, which takes at most ${CALLBACK_KEY_CHARACTERS} letters and digits: no event will match it`;
    return [{ variable: 'VOD_CALLBACK_KEYS', weakness }];
  });
}

/** `prefer` and `allow` are content without TLS, for other programs that read the same URL. */
const withoutTls = ['disable', 'allow', 'prefer'];

function openDatabase({ DATABASE_URL: text }: Values): Weakness[] {
  if (text === undefined) return [];
  const url = new URL(text.replace('@/', '@socket/'));
  const host = url.searchParams.get('host') ?? decodeURIComponent(url.hostname);
  if (host === '' || host === 'socket' || host.startsWith('/') || isLoopback(host)) return [];
  const { searchParams: asked } = url;
  const mode = asked.get('sslmode');
  const hasTls = mode === null ? ['true', '1'].includes(asked.get('ssl') ?? '') : !withoutTls.includes(mode);
  if (hasTls) return [];
  const weakness = `Postgres is on another host and ${mode === null ? 'the URL asks for no TLS' : `sslmode=${mode} does not insist on TLS`}: the password and all data can be read on their way; end the URL with ?sslmode=verify-full`;
  return [{ variable: 'DATABASE_URL', weakness }];
}

function isLoopback(host: string): boolean {
  return (
    host === 'localhost' || host.endsWith('.localhost') || /^(\[?::1\]?|127\.\d{1,3}\.\d{1,3}\.\d{1,3})$/.test(host)
  );
}
