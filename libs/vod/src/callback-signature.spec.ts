import fc from 'fast-check';
import { sampleJson } from '../test/samples';
import { signCallback, verifyCallback } from './callback-signature';

const vectors = sampleJson<
  { name: string; callbackUrl: string; timestamp: string; authKey: string; signature: string }[]
>('vectors', 'callback-signature.json');

const url = 'https://www.example.com/vod/callback';
const timestamp = '1767323045';
const key = 'Abc123Abc123';
const genuine = {
  timestamp,
  signature: signCallback(url, timestamp, key),
  urls: [url],
  keys: [key],
  nowMs: 1767323045_000,
  toleranceMs: 300_000,
};

describe('callback signature', () => {
  it.each(vectors)('is computed as VOD does: $name', (vector) => {
    expect(signCallback(vector.callbackUrl, vector.timestamp, vector.authKey)).toBe(vector.signature);
    expect(signCallback(vector.callbackUrl, Number(vector.timestamp), vector.authKey)).toBe(vector.signature);
  });

  it('row 36: accepts any pair of a registered URL and a current or old key', () => {
    const urls = ['https://www.example.com/other', url];
    const keys = ['NewKey123', key];
    expect(verifyCallback({ ...genuine, urls, keys })).toEqual({ verdict: 'valid' });
  });

  it('accepts upper-case hex', () => {
    expect(verifyCallback({ ...genuine, signature: genuine.signature.toUpperCase() })).toEqual({ verdict: 'valid' });
  });

  it.each([
    ['a slash more in the URL', { urls: [`${url}/`] }],
    ['another key', { keys: ['Abc123Abc124'] }],
    ['no key at all', { keys: [] }],
    ['no URL at all', { urls: [] }],
    ['another second', { timestamp: '1767323046' }],
  ])('does not match with %s', (_, change) => {
    expect(verifyCallback({ ...genuine, ...change })).toEqual({ verdict: 'mismatch' });
  });

  it.each([
    [undefined, genuine.signature],
    [timestamp, undefined],
    ['', ''],
  ])('misses a header (%j, %j)', (time, signature) => {
    expect(verifyCallback({ ...genuine, timestamp: time, signature })).toEqual({ verdict: 'missing' });
  });

  it.each([
    ['1767323045000', genuine.signature],
    ['17673230.5', genuine.signature],
    ['1767323045 ', genuine.signature],
    [timestamp, genuine.signature.slice(1)],
    [timestamp, `${genuine.signature}0`],
    [timestamp, 'z'.repeat(32)],
  ])('calls %j, %j malformed', (time, signature) => {
    expect(verifyCallback({ ...genuine, timestamp: time, signature })).toEqual({ verdict: 'malformed' });
  });

  it('holds the tolerance in both directions, to the millisecond', () => {
    const at = (offsetMs: number) => verifyCallback({ ...genuine, nowMs: genuine.nowMs + offsetMs });
    expect(at(300_000)).toEqual({ verdict: 'valid' });
    expect(at(300_001)).toEqual({ verdict: 'stale', skewMs: 300_001 });
    expect(at(-300_000)).toEqual({ verdict: 'valid' });
    expect(at(-300_001)).toEqual({ verdict: 'stale', skewMs: -300_001 });
  });

  it('calls an old forgery a mismatch, not stale', () => {
    const old = { nowMs: genuine.nowMs + 1_000_000, keys: ['another'] };
    expect(verifyCallback({ ...genuine, ...old })).toEqual({ verdict: 'mismatch' });
  });

  const timestamps = fc.integer({ min: 1_000_000_000, max: 9_999_999_999 });

  it('accepts whatever was signed', () => {
    fc.assert(
      fc.property(fc.webUrl(), timestamps, fc.string({ minLength: 1 }), (anyUrl, seconds, anyKey) => {
        const signature = signCallback(anyUrl, seconds, anyKey);
        const input = { ...genuine, timestamp: String(seconds), signature, urls: [anyUrl], keys: [anyKey] };
        expect(verifyCallback({ ...input, nowMs: seconds * 1000 })).toEqual({ verdict: 'valid' });
      }),
    );
  });

  it('rejects a signature, timestamp, URL or key with one character changed', () => {
    const changed = (text: string, at: number, by: string) => {
      const index = at % text.length;
      return text.slice(0, index) + by + text.slice(index + 1);
    };
    const part = fc.constantFrom('signature', 'timestamp', 'url', 'key');
    fc.assert(
      fc.property(part, fc.nat(), fc.string({ minLength: 1, maxLength: 1 }), (which, at, by) => {
        const input = {
          ...genuine,
          signature: which === 'signature' ? changed(genuine.signature, at, by) : genuine.signature,
          timestamp: which === 'timestamp' ? changed(timestamp, at, by) : timestamp,
          urls: [which === 'url' ? changed(url, at, by) : url],
          keys: [which === 'key' ? changed(key, at, by) : key],
        };
        const same =
          input.signature.toLowerCase() === genuine.signature &&
          input.timestamp === timestamp &&
          input.urls[0] === url &&
          input.keys[0] === key;
        fc.pre(!same);
        expect(['mismatch', 'malformed']).toContain(verifyCallback(input).verdict);
      }),
      { numRuns: 1000 },
    );
  });
});
