import type { IncomingHttpHeaders } from 'node:http';
import { refusalOf, sign, stringToSign } from './authorization';

const KEY = { id: 'test-id', secret: 'canary-secret' };
const SESSION = { id: 'STS.session', secret: 'canary-session', securityToken: 'canary-token' };
const KEYS = new Map([KEY, SESSION].map((key) => [key.id, key]));
const DATE = 'Fri, 02 Jan 2026 03:04:05 GMT';
const NOW = Date.parse('2026-01-02T03:04:05Z');
const RESOURCE = '/queues/events/messages?numOfMessages=16&waitseconds=20';

interface Given {
  key?: { id: string; secret: string };
  method?: string;
  body?: string;
  headers?: IncomingHttpHeaders;
  /** Signed as if this were the date, or the resource. */
  signed?: { date?: string; resource?: string };
}

function request({ key = KEY, method = 'GET', body = '', headers = {}, signed = {} }: Given = {}) {
  const all: IncomingHttpHeaders = { date: DATE, 'x-mns-version': '2015-06-06', ...headers };
  const parts = { method, headers: all, body, resources: [RESOURCE, `/_mns/cn-shanghai${RESOURCE}`] };
  const text = stringToSign(parts, signed.date ?? all.date ?? '', signed.resource ?? RESOURCE);
  return { ...parts, headers: { authorization: `MNS ${key.id}:${sign(text, key.secret)}`, ...all } };
}

function codeOf(parts: ReturnType<typeof request>, now = NOW): string | undefined {
  const refusal = refusalOf(parts, KEYS, now);
  return refusal && `${refusal.status} ${refusal.code}`;
}

describe('The signature', () => {
  it.each([
    // The example of SMQ's page on signing; it masks the last four characters.
    ['GET', { 'x-mns-version': '2015-06-06' }, 'Thu, 09 Jul 2015 03:01:34 GMT', '/MyQueue', 'TestAccessSecret', 'uwx3yeWoILzgmvesW0BQSgfM7b8='],
    // From the tests of SMQ's own client for Node.
    [
      'PUT',
      { 'x-mns-version': '2015-06-06', 'content-type': 'text/xml', 'content-md5': '574683b3684e3cff610afa155cc2506d' },
      'Tue, 11 Apr 2017 10:09:19 GMT',
      '/',
      'ACCESS_KEY_SECRET',
      'A9zehggaYHHujmuRMxGIDrhWwx8=',
    ],
  ])('of %s is the one that is published', (method, headers, date, resource, secret, signature) => {
    expect(sign(stringToSign({ method, headers, body: '', resources: [] }, date, resource), secret)).toBe(signature);
  });

  it('has the headers of SMQ in the order of their names, and no other header', () => {
    const headers = { 'x-mns-b': '2', 'x-mns-a-b': '1', host: 'somewhere', 'x-mns-a': '0', 'security-token': 'x' };
    expect(stringToSign({ method: 'GET', headers, body: '', resources: [] }, 'date', '/queues')).toBe(
      'GET\n\n\ndate\nx-mns-a:0\nx-mns-a-b:1\nx-mns-b:2\n/queues',
    );
  });
});

describe('A request', () => {
  it.each<[string, Given]>([
    ['with a date', {}],
    ['with a body', { method: 'POST', body: '<a/>', headers: { 'content-type': 'text/xml;charset=utf-8' } }],
    ['with the digest of RFC 1864', { body: 'hello', headers: { 'content-md5': 'XUFAKrxLKna5cZ2REBfFkg==' } }],
    [
      'with the digest of its own clients',
      { body: 'hello', headers: { 'content-md5': btoa('5d41402abc4b2a76b9719d911017c592') } },
    ],
    ['with both dates', { headers: { 'x-mns-date': 'Fri, 02 Jan 2026 03:04:06 GMT' } }],
    ['with a date of SMQ alone', { headers: { date: undefined, 'x-mns-date': DATE }, signed: { date: DATE } }],
    ['with that date, not signed twice', { headers: { date: undefined, 'x-mns-date': DATE }, signed: { date: '' } }],
    ['of a session', { key: SESSION, headers: { 'security-token': SESSION.securityToken } }],
    ['signed with the path of the endpoint', { signed: { resource: `/_mns/cn-shanghai${RESOURCE}` } }],
  ])('%s is served', (_what, given) => {
    expect(codeOf(request(given))).toBeUndefined();
  });

  it.each<[string, string, Given]>([
    ['without authorization', '400 MissingAuthorizationHeader', { headers: { authorization: undefined } }],
    ['with another kind of it', '400 InvalidAuthorizationHeader', { headers: { authorization: 'Bearer x' } }],
    ['with no signature in it', '400 InvalidAuthorizationHeader', { headers: { authorization: 'MNS test-id:' } }],
    ['without a version', '400 MissingVersionHeader', { headers: { 'x-mns-version': undefined } }],
    ['of another version', '400 InvalidArgument', { headers: { 'x-mns-version': '2014-07-08' } }],
    ['without a date', '400 MissingDateHeader', { headers: { date: undefined } }],
    ['with a date of another form', '400 InvalidDateHeader', { headers: { date: '2026-01-02T03:04:05Z' } }],
    ['with a date that is none', '400 InvalidDateHeader', { headers: { date: 'Fri, 32 Jan 2026 03:04:05 GMT' } }],
    ['of a stranger', '403 InvalidAccessKeyId', { key: { id: 'nobody', secret: 'x' } }],
    ['with a wrong secret', '403 SignatureDoesNotMatch', { key: { id: KEY.id, secret: 'wrong' } }],
    ['signed for another path', '403 SignatureDoesNotMatch', { signed: { resource: '/queues/other/messages' } }],
    ['signed with another date', '403 SignatureDoesNotMatch', { signed: { date: 'Fri, 02 Jan 2026 03:04:06 GMT' } }],
    ['with a date that is not signed', '403 SignatureDoesNotMatch', { signed: { date: '' } }],
    ['with the digest of another body', '400 InvalidDegist', { body: 'hell', headers: { 'content-md5': 'XUFAKrxLKna5cZ2REBfFkg==' } }],
    ['of a session without its token', '403 AccessDenied', { key: SESSION }],
    ['of a session with another token', '403 AccessDenied', { key: SESSION, headers: { 'security-token': 'other' } }],
    ['with a token that its key has not', '403 AccessDenied', { headers: { 'security-token': 'other' } }],
  ])('%s is refused: %s', (_what, code, given) => {
    expect(codeOf(request(given))).toBe(code);
  });

  it.each([
    [-900, undefined],
    [900, undefined],
    [-901, '408 TimeExpired'],
    [901, '408 TimeExpired'],
  ])('may be 15 minutes old, or early: %s s is %s', (seconds, code) => {
    expect(codeOf(request(), NOW + seconds * 1000)).toBe(code);
  });

  it('that is refused learns why, and no secret', () => {
    const wrong = refusalOf(request({ key: { id: KEY.id, secret: 'wrong' } }), KEYS, NOW);
    expect(wrong?.message).toContain(
      JSON.stringify(`GET\n\n\n${DATE}\nx-mns-version:2015-06-06\n${RESOURCE}`),
    );
    const late = refusalOf(request(), KEYS, NOW + 3_600_000);
    expect(late?.message).toContain('Its date is 2026-01-02T03:04:05.000Z, here it is 2026-01-02T04:04:05.000Z');
    const denied = refusalOf(request({ key: SESSION }), KEYS, NOW);
    expect([wrong, late, denied].map((refusal) => refusal?.message).join()).not.toContain('canary');
  });
});
