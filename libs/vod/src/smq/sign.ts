import { createHmac } from 'node:crypto';
import type { AccessKey } from '../credentials';

const apiVersion = '2015-06-06';

/** What of a request is signed. A header that isn't sent is the empty text. */
export interface Signed {
  method: string;
  contentMd5: string;
  contentType: string;
  date: string;
  /** Every header whose name begins with `x-mns-`, in lower case. */
  mnsHeaders: Readonly<Record<string, string>>;
  /** Path and query, byte for byte as they are sent. */
  resource: string;
}

/** SMQ's signature (docs/vod.md, "SMQ"): HMAC-SHA1 in Base64. */
export function signatureOf(signed: Signed, secret: string): string {
  const { method, contentMd5, contentType, date, mnsHeaders, resource } = signed;
  const ofMns = Object.keys(mnsHeaders)
    .toSorted()
    .map((name) => `${name}:${mnsHeaders[name]}`);
  const text = [method, contentMd5, contentType, date, ...ofMns, resource].join('\n');
  return createHmac('sha1', secret).update(text, 'utf8').digest('base64');
}

/** The headers of a call, its signature among them. A temporary key's token isn't signed. */
export function signedHeaders(
  { method, resource, contentType = '' }: { method: string; resource: string; contentType?: string },
  { accessKeyId, accessKeySecret, securityToken }: AccessKey,
  now: Date,
): Record<string, string> {
  const date = now.toUTCString();
  const mnsHeaders = { 'x-mns-version': apiVersion };
  const signature = signatureOf({ method, contentMd5: '', contentType, date, mnsHeaders, resource }, accessKeySecret);
  return {
    ...mnsHeaders,
    date,
    ...(contentType && { 'content-type': contentType }),
    ...(securityToken && { 'security-token': securityToken }),
    authorization: `MNS ${accessKeyId}:${signature}`,
  };
}
