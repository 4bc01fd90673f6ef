import { createHash, createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { AccessKey } from '../gateway';
import { type QueueRefusal, queueRefusals } from './queue-refusals';

// Written from SMQ's description (docs/vod.md, "SMQ") and deliberately not shared with the client side of this repository:
// a misreading there must fail here.

/** A request as far as its signature is concerned. */
export interface SignedRequest {
  method: string;
  headers: IncomingHttpHeaders;
  body: string;
  /** Path and query as they were sent. Behind an endpoint with a path clients sign what follows it, or all of it. */
  resources: readonly string[];
}

const VERSION = '2015-06-06';
const TOLERANCE_MS = 15 * 60_000;
const AUTHORIZATION = /^MNS ([^:\s]+):([A-Za-z0-9+/]+=*)$/;
const DATE =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT$/;

/** Why a request is not served, undefined when it is. */
export function refusalOf(
  request: SignedRequest,
  keys: ReadonlyMap<string, AccessKey>,
  now: number,
): QueueRefusal | undefined {
  const { headers } = request;
  if (headers.authorization === undefined) return queueRefusals.missingAuthorization();
  const [, accessKeyId, signature] = AUTHORIZATION.exec(headers.authorization) ?? [];
  if (accessKeyId === undefined || signature === undefined) return queueRefusals.malformedAuthorization();
  if (headers['x-mns-version'] === undefined) return queueRefusals.missingVersion();
  if (headers['x-mns-version'] !== VERSION) return queueRefusals.otherVersion(VERSION);

  const date = headers.date ?? textOf(headers['x-mns-date']);
  if (date === undefined) return queueRefusals.missingDate();
  const sentAt = DATE.test(date) ? Date.parse(date) : NaN;
  if (Number.isNaN(sentAt)) return queueRefusals.malformedDate();
  if (Math.abs(now - sentAt) > TOLERANCE_MS) return queueRefusals.expired(sentAt, now);

  const key = keys.get(accessKeyId);
  if (!key) return queueRefusals.unknownAccessKey();
  const token = textOf(headers['security-token']);
  if (token !== key.securityToken) return queueRefusals.wrongSecurityToken(token !== undefined);
  if (!stringsToSign(request, date).some((text) => sign(text, key.secret) === signature)) {
    return queueRefusals.signatureDoesNotMatch(stringToSign(request, date, request.resources[0] ?? ''));
  }
  return isDigestOf(textOf(headers['content-md5']), request.body) ? undefined : queueRefusals.wrongDigest();
}

export function sign(stringToSign: string, accessKeySecret: string): string {
  return createHmac('sha1', accessKeySecret).update(stringToSign).digest('base64');
}

/** `security-token` is no part of it, nor is the host. */
export function stringToSign({ method, headers }: SignedRequest, date: string, resource: string): string {
  const own = Object.keys(headers)
    .filter((name) => name.startsWith('x-mns-'))
    .toSorted()
    .map((name) => `${name}:${textOf(headers[name])}\n`);
  const { 'content-md5': digest = '', 'content-type': type = '' } = headers;
  return `${method}\n${textOf(digest)}\n${type}\n${date}\n${own.join('')}${resource}`;
}

/** Without a Date it is left open whether its line then holds x-mns-date or nothing: both are taken. */
function stringsToSign(request: SignedRequest, date: string): string[] {
  const dates = request.headers.date === undefined ? [date, ''] : [date];
  return request.resources.flatMap((resource) => dates.map((line) => stringToSign(request, line, resource)));
}

/** RFC 1864 has the digest's bytes in base64; SMQ's own clients send its hex digits in base64. */
function isDigestOf(digest: string | undefined, body: string): boolean {
  if (digest === undefined || digest === '') return true;
  const md5 = createHash('md5').update(body).digest();
  return [md5, Buffer.from(md5.toString('hex'))].some((form) => form.toString('base64') === digest);
}

function textOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}
