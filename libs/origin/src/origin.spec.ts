import { cameFromOwnPage, refusalOf, type Asked } from './origin';

const pages = { listensOn: '127.0.0.1', servesPages: true };
const noPages = { listensOn: '127.0.0.1', servesPages: false };
const everywhere = { listensOn: '0.0.0.0', servesPages: false };

const asked = (method: string, headers: Asked['headers'] = {}): Asked => ({
  method,
  headers: { host: '127.0.0.1:3000', ...headers },
});
const rebound = { host: 'evil.example:3000', origin: 'http://evil.example:3000' };
const followed = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };

describe('On loopback', () => {
  it.each([
    'localhost',
    'localhost:3000',
    'LOCALHOST:1',
    '127.0.0.1',
    '127.9.9.9:3000',
    '[::1]:3000',
    '[::1]',
    'vod.localhost:3002',
  ])('the Host %s is ours', (host) => {
    expect(refusalOf(asked('POST', { host }), pages)).toBeNull();
  });

  it.each([
    'evil.example',
    'evil.example:3000',
    'localhost.evil.example',
    'evillocalhost',
    '.localhost',
    '127.0.0.1.evil.example',
    'localhost@evil.example',
    '10.0.0.1',
    '[::2]',
    '::1',
    '',
    'x'.repeat(5_000),
  ])('the Host "%s" is not, whatever else the request says', (host) => {
    for (const headers of [{}, followed, { 'sec-fetch-site': 'same-origin' }, { 'sec-fetch-site': 'none' }]) {
      for (const method of ['GET', 'POST']) {
        const refusal = refusalOf(asked(method, { ...headers, host }), pages);
        expect(refusal).toContain('expected the Host localhost');
        expect(refusal?.length).toBeLessThan(200);
      }
    }
  });

  it.each(['127.0.0.1', '::1', 'localhost'])('is where HOST is %s', (listensOn) => {
    expect(refusalOf(asked('GET', { host: 'evil.example' }), { ...pages, listensOn })).not.toBeNull();
  });

  it('a program of old that names no host is served', () => {
    expect(refusalOf({ method: 'GET', headers: {} }, pages)).toBeNull();
  });
});

it('Elsewhere any Host is taken: people give names to machines', () => {
  for (const host of ['emulator:3002', 'vod.example', '10.0.0.1:3002']) {
    expect(refusalOf(asked('POST', { host }), everywhere)).toBeNull();
  }
});

describe('A page of another origin', () => {
  it.each<Asked['headers']>([
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
    { 'sec-fetch-site': 'same-origin, cross-site' },
    { 'sec-fetch-site': 'cross-site', origin: 'http://127.0.0.1:3000' },
    { origin: 'https://evil.example' },
    { origin: 'http://127.0.0.1:9999' },
    { origin: 'http://localhost:3000' },
    { origin: 'null' },
    { origin: 'null', host: 'no host' },
    { origin: 'file://' },
    { origin: 'not a url' },
    { origin: '' },
  ])('is served nothing, and changes nothing: %j', (headers) => {
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS']) {
      for (const door of [{ ...pages, listensOn: '0.0.0.0' }, everywhere]) {
        expect(refusalOf(asked(method, headers), door)).toContain('expected a call of this origin');
      }
      expect(cameFromOwnPage(asked(method, headers))).toBe(false);
    }
  });

  it('can have a link that is followed, and a form that is not', () => {
    expect(refusalOf(asked('GET', followed), pages)).toBeNull();
    expect(refusalOf(asked('GET', followed), noPages)).toBeNull();
    expect(refusalOf(asked('POST', followed), pages)).not.toBeNull();
  });
});

describe('A page of this origin', () => {
  const ours = [
    { 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'same-origin', origin: 'http://localhost:5173' }, // a proxy in between: the browser knows better
    { origin: 'http://127.0.0.1:3000' },
    { origin: 'HTTP://127.0.0.1:3000' },
  ];

  it.each(ours)('is served where pages are: %j', (headers) => {
    for (const method of ['GET', 'POST', 'DELETE']) {
      expect(refusalOf(asked(method, headers), pages)).toBeNull();
      expect(cameFromOwnPage(asked(method, headers))).toBe(true);
    }
  });

  it.each([...ours, rebound, { 'sec-fetch-site': 'none' }])('does not exist where none are: %j', (headers) => {
    expect(refusalOf(asked('POST', headers), everywhere)).toContain('no page of ours');
    expect(refusalOf(asked('GET', headers), everywhere)).toBeNull();
  });
});

it('What is typed into the address bar, and what a program asks, is served; with a cookie they only read', () => {
  for (const headers of [{ 'sec-fetch-site': 'none' }, {}, { 'sec-fetch-mode': 'cors' }]) {
    expect(refusalOf(asked('GET', headers), pages)).toBeNull();
    expect(refusalOf(asked('POST', headers), pages)).toBeNull();
    expect(cameFromOwnPage(asked('GET', headers))).toBe(true);
    expect(cameFromOwnPage(asked('POST', headers))).toBe(false);
  }
});
