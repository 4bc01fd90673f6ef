import { isIPv4, isIPv6 } from 'node:net';
import { z } from 'zod';
import { parseDuration } from './duration';

/** How one variable's text is read. `undefined` means unreadable: the reader's `expected` is then what the person is told. */
function reads<T>(expected: string, read: (text: string) => T | undefined) {
  return z.string().transform((text, context): T => {
    const value = read(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: expected });
    return z.NEVER;
  });
}

/** Like `reads`, for values that can be wrong in several ways. */
function readsOrSays<T>(format: string, read: (text: string) => { value: T } | { wrong: string | null }) {
  return z.string().transform((text, context): T => {
    const result = read(text);
    if ('value' in result) return result.value;
    context.addIssue({ code: 'custom', message: result.wrong === null ? format : `${format}; ${result.wrong}` });
    return z.NEVER;
  });
}

function readsEntries<T>(format: string, read: (entries: string[]) => { value: T } | { wrong: string }) {
  return readsOrSays(format, (text) => read(text.split(',').map((entry) => entry.trim())));
}

export function wholeNumber(min: number, max: number) {
  return reads(`a whole number from ${min} to ${max}`, (text) => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
    return value >= min && value <= max ? value : undefined;
  });
}

export const port = () => wholeNumber(0, 65_535);

export function oneOf<const T extends string>(values: readonly T[]) {
  return reads(`one of ${values.join(', ')}`, (text) => values.find((value) => value === text));
}

export function someOf<const T extends string>(values: readonly T[]) {
  return reads(`none, or a comma list of ${values.join(', ')}`, (text) => {
    if (text === 'none') return [];
    const names = text.split(',').map((name) => values.find((value) => value === name.trim()));
    return names.includes(undefined) ? undefined : names.filter((name) => name !== undefined);
  });
}

export function flag() {
  return reads('true or false', (text) => (text === 'true' || text === 'false' ? text === 'true' : undefined));
}

export const host = () => reads('an address or a host name', (text) => (/^[\w.:-]+$/.test(text) ? text : undefined));

/** Who stands in front: networks in which they are, or how many they are. */
export type TrustedProxies = { networks: string[] } | { hops: number };

export function trustedProxies() {
  const format =
    'a comma list of addresses and networks such as 10.0.0.0/8,::1, or how many proxies stand in front, 1 to 10';
  return readsOrSays<TrustedProxies>(format, (text) => {
    if (/^\d+$/.test(text)) {
      const hops = Number(text);
      return hops >= 1 && hops <= 10 ? { value: { hops } } : { wrong: null };
    }
    const networks = text.split(',').map((entry) => entry.trim());
    const wrong = networks.findIndex((network) => !isNetwork(network));
    return wrong < 0 ? { value: { networks } } : { wrong: `entry ${wrong + 1} is none` };
  });
}

export function networkList() {
  return readsEntries<string[]>(
    'a comma list of addresses and networks such as 10.20.0.0/16,fd12:3456::/32',
    (entries) => {
      const wrong = entries.findIndex((network) => !isNetwork(network));
      return wrong < 0 ? { value: entries } : { wrong: `entry ${wrong + 1} is none` };
    },
  );
}

/** Not all there is: what everybody may say is not worth believing. */
function isNetwork(text: string): boolean {
  const [, address = '', bits] = /^([\da-f.:]+)(?:\/([1-9]\d{0,2}))?$/i.exec(text) ?? [];
  const most = isIPv4(address) ? 32 : isIPv6(address) ? 128 : 0;
  return most > 0 && Number(bits ?? most) <= most;
}

/** setTimeout takes at most 2³¹−1 ms (24.8 days) and fires at once beyond that; every duration here may end in one. */
const longestMs = 576 * 3_600_000;
const durationForm = 'a duration from 1ms to 576h such as 500ms, 30s, 5m or 24h';

function boundedDuration(text: string): number | undefined {
  const ms = parseDuration(text);
  return ms !== undefined && ms >= 1 && ms <= longestMs ? ms : undefined;
}

export const duration = () => reads(durationForm, boundedDuration);

/** An amount of requests: as a number, or as what a quota lets through in a time. */
export type Amount = { requests: number } | { ms: number };

const dayMs = 86_400_000;

/** How long something is kept, in milliseconds; null for ever. Whole days: less than one would drop what has hardly been looked at. */
export function keptFor() {
  return reads('0 (for ever), or days from 1d to 36500d such as 180d', (text): { ms: number | null } | undefined => {
    if (text === '0') return { ms: null };
    const days = Number(/^(\d{1,5})d$/.exec(text)?.[1]);
    return days >= 1 && days <= 36_500 ? { ms: days * dayMs } : undefined;
  });
}

export function amount(max: number) {
  const expected = `a duration from 500ms on such as 2s, or a whole number of requests from 1 to ${max}`;
  return reads(expected, (text): Amount | undefined => {
    const requests = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
    if (requests >= 1 && requests <= max) return { requests };
    const ms = boundedDuration(text);
    return ms === undefined || ms < 500 ? undefined : { ms };
  });
}

/** With a quota that no worker can use up, the leases of what waits would be over before its turn. */
const MOST_IN_TIME = 1_000;

/** At least one request, or nothing would ever wait there. */
export function amountAt(callsPerSecond: number, wanted: Amount): number {
  if ('requests' in wanted) return wanted.requests;
  return Math.min(Math.max(1, Math.ceil((wanted.ms * callsPerSecond) / 1000)), MOST_IN_TIME);
}

export function risingDurations() {
  return reads('a comma list of durations, each longer than the one before, such as 10s,30s,2m', (text) => {
    const times = text.split(',').map((entry) => boundedDuration(entry.trim()));
    const rising = times.every((ms, i) => ms !== undefined && ms > (times[i - 1] ?? 0));
    return rising ? times.filter((ms) => ms !== undefined) : undefined;
  });
}

export interface DurationRange {
  minMs: number;
  maxMs: number;
}

export function durationRange() {
  return reads(`${durationForm}, or two of them as in 2s-6s`, (text): DurationRange | undefined => {
    const [minMs, maxMs = minMs, ...rest] = text.split('-').map(boundedDuration);
    if (minMs === undefined || maxMs === undefined || minMs > maxMs || rest.length > 0) return undefined;
    return { minMs, maxMs };
  });
}

/** The URL of a store. Its password is what goes wrong most often, and what must not be shown: so this says where to look. */
export function storeUrl(protocols: readonly string[], expected: string) {
  return readsOrSays(expected, (text) => {
    if (!protocols.some((protocol) => text.startsWith(`${protocol}//`))) return { wrong: null };
    const wrong = unescapedIn(text);
    if (wrong !== null) return { wrong };
    return isUrl(withHost(text), protocols) ? { value: text } : { wrong: null };
  });
}

/** A Postgres URL may leave the host to its query, where a socket can be named. */
function withHost(text: string): string {
  return text.replace('@/', '@socket/');
}

/** What ends the user or the password before their end, or makes another character of what follows it. */
function unescapedIn(text: string): string | null {
  if (/%(?![0-9a-f]{2})/i.test(text)) return 'it has a % that begins no escape: a % itself is written %25';
  const login = text.slice(text.indexOf('//') + 2, text.lastIndexOf('@'));
  if (text.includes('@') && (!URL.canParse(withHost(text)) || /\s/.test(login))) {
    const [character] = /[\s#/?@[\]]/.exec(login) ?? [];
    if (character) {
      const shown = /\s/.test(character) ? 'blank' : character;
      return `its user or password has a ${shown}, which is written ${encodeURIComponent(character)}`;
    }
  }
  return null;
}

/** Like other programs: what has no scheme is http. Never with what was got, as it may hold a password. */
export function proxyUrl() {
  return readsOrSays('the URL of an HTTP proxy such as http://host:3128 or http://user:password@host:3128', (text) => {
    const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
    if (!isUrl(url, ['http:', 'https:'])) return { wrong: null };
    const { username, password } = new URL(url);
    return [username, password].every(isEscaped)
      ? { value: url }
      : { wrong: 'its user or password has a % that begins no escape: a % itself is written %25' };
  });
}

/** Whoever uses it decodes it. */
function isEscaped(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** A URL in which `{region}` may stand where the region's id belongs, in the host as well. */
export function regionalUrl(expected: string) {
  return reads(expected, (text) => {
    const filled = fillRegion(text, 'cn-shanghai');
    return isUrl(filled, ['http:', 'https:']) && !/[{}]/.test(filled) ? text : undefined;
  });
}

export function fillRegion(url: string, region: string): string {
  return url.replaceAll('{region}', region);
}

/** SMQ's endpoint, in which `{region}` and `{uid}` may stand. What comes after its path is ours: the queue, and what is asked of it. */
export function queueEndpoint() {
  const format = 'an http(s) URL such as https://{uid}.mns.{region}.aliyuncs.com, without user, query or fragment';
  return reads(format, (text) => {
    const filled = fillAccount(fillRegion(text, 'cn-shanghai'), '1234567890123456');
    const isPlain = isUrl(filled, ['http:', 'https:']) && !/[{}@?#]/.test(filled);
    return isPlain ? text : undefined;
  });
}

/** SMQ's rule for a name; `{region}` and `{uid}` may stand in it. */
export function queueName() {
  const format =
    'the name of a queue: up to 120 letters, digits and hyphens, a letter or a digit first, {region} and {uid} allowed';
  return reads(format, (text) => {
    const filled = fillAccount(fillRegion(text, 'cn-shanghai'), '1234567890123456');
    return /^[A-Za-z0-9][A-Za-z0-9-]{0,119}$/.test(filled) ? text : undefined;
  });
}

export function accountId() {
  return reads('the id of the account, a number such as 1234567890123456', (text) =>
    /^\d{4,20}$/.test(text) ? text : undefined,
  );
}

export function fillAccount(text: string, account: string): string {
  return text.replaceAll('{uid}', account);
}

/** Blanks are refused rather than trimmed: what VOD signs is compared byte for byte. */
function isUrl(text: string, protocols: readonly string[]): boolean {
  return !/\s/.test(text) && URL.canParse(text) && protocols.includes(new URL(text).protocol);
}

export function regionList() {
  return reads('a comma list of region ids, each once, such as cn-shanghai,cn-beijing', (text) => {
    const regions = text.split(',').map((region) => region.trim());
    const [first, ...others] = regions;
    if (first === undefined || hasDuplicates(regions)) return undefined;
    return regions.every((region) => /^[a-z]{2}(-[a-z0-9]+)+$/.test(region))
      ? ([first, ...others] as const)
      : undefined;
  });
}

export const environmentColors = ['gray', 'red', 'orange', 'yellow', 'green', 'blue', 'purple'] as const;

export interface Environment {
  name: string;
  color: (typeof environmentColors)[number];
}

export function environmentName() {
  const expected = `a name of at most 32 characters, and after a colon one of ${environmentColors.join(', ')} if it should have a color, such as production:red`;
  return reads(expected, (text): Environment | undefined => {
    const [name = '', color = 'gray', ...rest] = text.split(':').map((part) => part.trim());
    const known = environmentColors.find((one) => one === color);
    const isName = /^[\p{L}\p{N}\p{P}\p{S} ]{1,32}$/u.test(name);
    return known && isName && rest.length === 0 ? { name, color: known } : undefined;
  });
}

export const apiRoles = ['viewer', 'operator', 'admin'] as const;
export type ApiRole = (typeof apiRoles)[number];

export interface ApiKey {
  name: string;
  role: ApiRole;
  secret: string;
}

/** What can stand behind `Authorization: Bearer`, and arrives as it was sent. */
const bearerSecret = /^[!-~]{1,4096}$/;

/** Entries are named by their number: in an entry with its parts swapped, the "name" may be the secret. */
export function apiKeyList() {
  return readsEntries<ApiKey[]>('name:role:secret, comma-separated', (entries) => {
    const keys: ApiKey[] = [];
    for (const [i, entry] of entries.entries()) {
      const [name = '', role = '', ...rest] = entry.split(':');
      const secret = rest.join(':'); // a secret may hold colons, a name can't
      const known = apiRoles.find((one) => one === role);
      if (!name || !role || !secret) return { wrong: `entry ${i + 1} doesn't have three parts` };
      if (!known) return { wrong: `the role of entry ${i + 1} is none of ${apiRoles.join(', ')}` };
      if (!bearerSecret.test(secret)) {
        const wrong = `the secret of entry ${i + 1} can't be sent in an Authorization header, which takes up to 4096 letters, digits and signs of ASCII, and no blank`;
        return { wrong };
      }
      keys.push({ name, role: known, secret });
    }
    if (hasDuplicates(keys.map((key) => key.name))) return { wrong: 'two entries have the same name' };
    if (hasDuplicates(keys.map((key) => key.secret))) return { wrong: 'two entries have the same secret' };
    return { value: keys };
  });
}

/** A key, or a value of one, that may stand in the config of a job of this type. */
export interface ConfigExtra {
  type: string;
  key: string;
  value: string | null;
}

export function configExtras() {
  return readsEntries<ConfigExtra[]>(
    'a comma list such as AIVideoTag.AnalyseTypes=NewOne or AIMediaDNA.NewKey',
    (entries) => {
      const extras = entries.map((entry) => /^(\w{1,64})\.(\w{1,64})(?:=([^\s=]{1,64}))?$/.exec(entry));
      const wrong = extras.indexOf(null);
      if (wrong >= 0) return { wrong: `entry ${wrong + 1} is none of these` };
      return {
        value: extras.map((extra) => ({ type: extra?.[1] ?? '', key: extra?.[2] ?? '', value: extra?.[3] ?? null })),
      };
    },
  );
}

export function secretList() {
  return readsEntries<string[]>('a comma list of keys', (entries) => {
    if (entries.includes('')) return { wrong: 'one of them is empty' };
    if (hasDuplicates(entries)) return { wrong: 'one of them is there twice' };
    return { value: entries };
  });
}

export const anyText = () => z.string();

function hasDuplicates(values: readonly string[]): boolean {
  return new Set(values).size < values.length;
}
