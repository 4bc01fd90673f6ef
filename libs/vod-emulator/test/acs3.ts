import { createHash, randomUUID } from 'node:crypto';
import http from 'node:http';
import { acs3Signature, acs3StringToSign, canonicalRequest } from '../src/acs3';
import { ACCESS_KEY, type Answered } from './support';

export interface HandMade {
  method?: string;
  path?: string;
  query?: Record<string, string>;
  /** Instead of, or besides, what every request has; undefined leaves one out. */
  headers?: Record<string, string | undefined>;
  body?: string;
  secret?: string;
  /** Default: `host` and all that begin with `x-acs-`. */
  signedHeaders?: readonly string[];
  /** What stands for the missing value of a parameter. */
  emptyValue?: '=' | '';
  /** What is done to the Authorization. */
  authorization?: (right: string) => string;
  /** Sent instead of the signed body. */
  sentBody?: string;
}

/** A call signed by headers, written by hand, for what VOD's own client would never send. */
export async function callByHand(url: string, action: string, made: HandMade = {}): Promise<Answered & { text: string }> {
  const { method = 'POST', path = '/', query = {}, body = '', secret = ACCESS_KEY.secret } = made;
  const target = new URL(url);
  const given: Record<string, string | undefined> = {
    host: target.host,
    'x-acs-action': action,
    'x-acs-version': '2017-03-21',
    'x-acs-date': new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
    'x-acs-signature-nonce': randomUUID(),
    'x-acs-content-sha256': createHash('sha256').update(body).digest('hex'),
    accept: 'application/json',
    ...made.headers,
  };
  const headers = new Map(Object.entries(given).filter((pair): pair is [string, string] => pair[1] !== undefined));
  const names = [...headers.keys()].filter((name) => name === 'host' || name.startsWith('x-acs-')).toSorted();
  const { signedHeaders = names } = made;
  const signable = { method, path, query: Object.entries(query), headers, body: Buffer.from(body) };
  const signature = acs3Signature(acs3StringToSign(canonicalRequest(signable, signedHeaders, made.emptyValue)), secret);
  const right = `ACS3-HMAC-SHA256 Credential=${ACCESS_KEY.id},SignedHeaders=${signedHeaders.join(';')},Signature=${signature}`;
  const authorization = made.authorization?.(right) ?? right;

  const search = new URLSearchParams(query).toString();
  const { status, text } = await send(`${target.origin}${path}${search && `?${search}`}`, {
    method,
    headers: { ...Object.fromEntries(headers), authorization },
    body: made.sentBody ?? body,
  });
  return { status, text, body: (text.startsWith('{') ? JSON.parse(text) : {}) as Answered['body'] };
}

/** With a Host of one's own, which fetch doesn't allow. */
export function send(
  url: string,
  { method = 'GET', headers = {}, body = '' }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<{ status: number; text: string; contentType: string | undefined }> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text, contentType: response.headers['content-type'] }),
      );
    });
    request.on('error', reject).end(body);
  });
}
