import { createHash, createHmac } from 'node:crypto';

// Written from VOD's description (docs/vod.md, "Signature of calls", "Callback signature") and deliberately not shared with
// the client side of this repository: a misreading there must fail here.

/** RFC 3986: encodeURIComponent leaves five characters alone that the gateway escapes. */
export function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => '%' + char.charCodeAt(0).toString(16).toUpperCase());
}

/** All parameters but `Signature`, query and form together. The method is part of it: a GET's signature fails on a POST. */
export function stringToSign(method: string, parameters: ReadonlyMap<string, string>): string {
  const names = [...parameters.keys()].filter((name) => name !== 'Signature').toSorted();
  const canonical = names.map((name) => `${encode(name)}=${encode(parameters.get(name) ?? '')}`).join('&');
  return `${method}&%2F&${encode(canonical)}`;
}

export function sign(text: string, accessKeySecret: string): string {
  return createHmac('sha1', `${accessKeySecret}&`).update(text).digest('base64');
}

/** Covers the URL and the time, not the body: that is VOD's rule (docs/vod.md, "Callback signature"). */
export function signCallback(url: string, timestamp: string, key: string): string {
  return createHash('md5').update(`${url}|${timestamp}|${key}`).digest('hex');
}
