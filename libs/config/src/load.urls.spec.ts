import { enough, problemsOf } from '../test/environments';
import { loadConfig, type Role } from './index';

describe('the proxy', () => {
  const proxies = (env: NodeJS.ProcessEnv, role: Role = 'worker') =>
    loadConfig({ ...enough[role], ...env }, role as 'worker').vod.proxy;

  it('is read in upper and in lower case, and without a scheme', () => {
    const read = { https: 'http://proxy:3128', http: 'https://user:pw@proxy', none: 'a.example,b' };
    expect(
      proxies({ HTTPS_PROXY: 'proxy:3128', http_proxy: 'https://user:pw@proxy', no_proxy: 'a.example,b' }),
    ).toEqual(read);
    expect(proxies({ HTTPS_PROXY: '', https_proxy: 'http://lower' })).toEqual({ https: 'http://lower' });
  });

  it('is for those that call VOD alone: nobody else stumbles over it', () => {
    expect(proxies({ HTTPS_PROXY: 'socks5://proxy' }, 'api')).toEqual({});
    expect(proxies({ HTTPS_PROXY: 'http://proxy' }, 'webhook')).toEqual({});
  });

  it.each([
    'socks5://user:hunter2@proxy',
    'http://user:hunter2@',
    'user:hunter2@proxy:port',
    'http://user:hunter2%@proxy',
    'http://user:hunter2%ff@proxy',
    'hunter2%zz:password@proxy',
  ])('cannot be %s, and is not shown', (url) => {
    const problems = problemsOf({ HTTPS_PROXY: url }, 'local');
    expect(problems).toEqual([
      expect.stringMatching(/^HTTPS_PROXY: expected the URL of an HTTP proxy .*, got \(hidden\)$/),
    ]);
    expect(problems.join()).not.toContain('hunter2');
  });

  it('may have a password with any character, escaped', () => {
    expect(proxies({ HTTPS_PROXY: 'http://user:100%25@proxy' })).toEqual({ https: 'http://user:100%25@proxy' });
    expect(problemsOf({ HTTPS_PROXY: 'http://user:100%@proxy' }, 'worker').join()).toContain('%25');
  });
});

describe('the URL of a store', () => {
  it.each([
    ['postgres://app:can%ary@db/vodai', 'it has a % that begins no escape: a % itself is written %25'],
    ['postgres://app:canary%@db/vodai', 'it has a % that begins no escape: a % itself is written %25'],
    ['postgres://app:can#ary@db/vodai', 'its user or password has a #, which is written %23'],
    ['postgres://app:can/ary@db:5432/vodai', 'its user or password has a /, which is written %2F'],
    ['postgres://app:can?ary@db:5432/vodai', 'its user or password has a ?, which is written %3F'],
    ['postgres://app:can ary@db/vodai', 'its user or password has a blank, which is written %20'],
  ])('that cannot be read is told what is wrong with it, and not shown', (url, wrong) => {
    const form = 'a Postgres URL such as postgres://user:password@host:5432/name';
    expect(problemsOf({ DATABASE_URL: url })).toEqual([`DATABASE_URL: expected ${form}; ${wrong}, got (hidden)`]);
  });

  it.each([
    'postgres://user@/db?host=/var/run/postgresql',
    'postgres:///db?host=/var/run/postgresql',
    'postgres://user:p%25%23%40@host/db',
    'postgresql://user@host/db?options=-c%20geqo%3Doff',
    'postgres://[::1]:5432/db',
  ])('may be %s', (url) => {
    expect(loadConfig({ DATABASE_URL: url }, 'migrate').databaseUrl).toBe(url);
  });
});
