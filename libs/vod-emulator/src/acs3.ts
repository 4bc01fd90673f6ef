import { createHash, createHmac } from 'node:crypto';
import type { SignedByHeaders } from './call';
import { encode } from './signature';

// ACS3-HMAC-SHA256, from the page on it (docs/vod.md, "Signature of calls"), and like signature.ts not shared with any client.

export const ACS3 = 'ACS3-HMAC-SHA256';

export interface Authorization {
  accessKeyId: string;
  /** As the client wrote them: their order is part of the text to sign. */
  signedHeaders: string[];
  signature: string;
}

export interface Signable {
  method: string;
  path: string;
  query: SignedByHeaders['query'];
  headers: ReadonlyMap<string, string>;
  body: Buffer;
}

const AUTHORIZATION = /^ACS3-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;

/** Undefined when the header has another form. */
export function parseAuthorization(text: string): Authorization | undefined {
  const [, accessKeyId, names, signature] = AUTHORIZATION.exec(text) ?? [];
  if (accessKeyId === undefined || names === undefined || signature === undefined) return undefined;
  return { accessKeyId, signedHeaders: names.split(';'), signature };
}

/** `Host` and all that begin with `x-acs-` have to be signed. */
export function unsignedHeader(headers: ReadonlyMap<string, string>, signed: readonly string[]): string | undefined {
  return [...headers.keys()].find((name) => (name === 'host' || name.startsWith('x-acs-')) && !signed.includes(name));
}

/**
 * The request as both sides write it. A parameter without a value is `name=` on the page, and `name` in VOD's own client:
 * either is taken.
 */
export function canonicalRequest(
  { method, path, query, headers, body }: Signable,
  signedHeaders: readonly string[],
  emptyValue: '=' | '' = '=',
): string {
  const pairs = query.map(([name, value]) => `${encode(name)}${value === '' ? emptyValue : `=${encode(value)}`}`);
  const lines = signedHeaders.map((name) => `${name}:${(headers.get(name) ?? '').trim()}\n`);
  const payload = createHash('sha256').update(body).digest('hex');
  return [method, path, pairs.toSorted().join('&'), lines.join(''), signedHeaders.join(';'), payload].join('\n');
}

export function acs3StringToSign(canonical: string): string {
  return `${ACS3}\n${createHash('sha256').update(canonical).digest('hex')}`;
}

export function acs3Signature(text: string, accessKeySecret: string): string {
  return createHmac('sha256', accessKeySecret).update(text).digest('hex');
}
