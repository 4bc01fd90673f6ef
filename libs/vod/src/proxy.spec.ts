import { readFileSync } from 'node:fs';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import tls from 'node:tls';
import type { Proxies } from '@app/config';
import { eventually } from '@app/testing';
import { answerJson, closeServers, deadUrl, serveHttp, serveTcp } from '../test/loopback';
import { startProxy, type TestProxy } from '../test/proxy';
import { VodClient } from './client';
import { originOf, proxyFor } from './proxy';
import type { SignedSubmission } from './types';
import { listAIJob } from './types/submit-ai-job';

const pem = (name: string) => readFileSync(join(__dirname, '../test/tls', name), 'utf8');
const submission: SignedSubmission = {
  operation: 'SubmitAIJob',
  mediaId: 'm',
  types: ['AIVideoTag'],
  config: null,
  extend: 'e',
  nonce: 'n',
  signedAt: new Date('2026-01-02T03:04:05Z'),
};
const accepted = {
  RequestId: 'R',
  AIJobList: { AIJob: [{ Type: 'AIVideoTag', JobId: 'job-1', MediaId: 'm' }] },
};
const timeoutMs = 300;

const opened: (() => unknown)[] = [];
afterEach(async () => {
  jest.restoreAllMocks();
  for (const close of opened.splice(0).toReversed()) await close();
  await closeServers();
});

async function proxyTo(to: string, how: Omit<Parameters<typeof startProxy>[0], 'to'> = {}): Promise<TestProxy> {
  const proxy = await startProxy({ to, ...how });
  opened.push(() => proxy.close());
  return proxy;
}

function clientOf(scheme: string, proxies: Proxies, patienceMs = timeoutMs): VodClient {
  const credentials = { accessKeyId: 'id', accessKeySecret: 'secret' };
  const client = new VodClient({
    endpoint: `${scheme}://vod.{region}.test`,
    timeoutMs: patienceMs,
    credentials,
    proxies,
  });
  opened.push(() => client.close());
  return client;
}

const submit = (client: VodClient) => client.submit('cn-shanghai', submission);

/** VOD over TLS, trusted by what is opened from here on: what NODE_EXTRA_CA_CERTS does for a process. */
async function secureVod({ trusted = true, answersAfterMs = 0 } = {}): Promise<{ url: string; calls: () => number }> {
  let calls = 0;
  const server = https.createServer({ key: pem('key.pem'), cert: pem('cert.pem') }, (request, response) => {
    calls += 1;
    request.resume().on('end', () => setTimeout(() => answerJson(accepted)(response), answersAfterMs));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));
  const connect = tls.connect as (options: tls.ConnectionOptions) => tls.TLSSocket;
  if (trusted) {
    const trusting = (options: tls.ConnectionOptions) => connect({ ...options, ca: pem('cert.pem') });
    jest.spyOn(tls, 'connect').mockImplementation(trusting as typeof tls.connect);
  }
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, calls: () => calls };
}

describe('a call over http', () => {
  it('goes to the proxy whole, with its login, and over one connection', async () => {
    const vod = await serveHttp(answerJson(accepted));
    const proxy = await proxyTo(vod.url);
    const client = clientOf('http', { http: proxy.url.replace('//', '//user:p%40ss@') }, 5_000);
    expect(await submit(client)).toMatchObject({ outcome: 'accepted', jobs: [{ vodJobId: 'job-1' }] });
    expect(await submit(client)).toMatchObject({ outcome: 'accepted' });
    const asked = { what: 'POST http://vod.cn-shanghai.test/', login: 'user:p@ss' };
    expect(proxy.asked).toEqual([asked, asked]);
    expect(vod.received[0]?.params).toMatchObject({ Action: 'SubmitAIJob', MediaId: 'm' });
    expect(vod.connections()).toBe(1);
    expect(proxy.connections()).toBe(1);
    expect(client.proxyTo('cn-shanghai')).toBe(proxy.url);
  });

  it.each([
    ['user@', 'user:'],
    ['user:@', 'user:'],
    [':token@', ':token'],
    ['', null],
  ])('has of the URL http://%sproxy the login %j', async (userInfo, login) => {
    const proxy = await proxyTo((await serveHttp(answerJson(accepted))).url);
    await submit(clientOf('http', { http: proxy.url.replace('//', `//${userInfo}`) }, 5_000));
    expect(proxy.asked).toEqual([{ what: 'POST http://vod.cn-shanghai.test/', login }]);
  });

  it('has no proxy to show when it goes without one', () => {
    expect(clientOf('http', {}).proxyTo('cn-shanghai')).toBeNull();
    expect(clientOf('http', { http: 'http://proxy', none: '.test' }).proxyTo('cn-shanghai')).toBeNull();
  });

  it('cannot be made with a login that nobody can read, which shows before a job is marked as sent', () => {
    const client = clientOf('http', { http: 'http://user:100%@proxy' });
    expect(() => client.proxyTo('cn-shanghai')).toThrow('URI malformed');
  });

  it('was not sent when the proxy cannot be reached', async () => {
    expect(await submit(clientOf('http', { http: await deadUrl() }))).toEqual({
      outcome: 'not_sent',
      cause: 'the proxy cannot be reached: ECONNREFUSED',
    });
  });

  it.each([407, 502, 503])('may have arrived when the proxy answers %i: it had the whole request', async (refuse) => {
    const proxy = await proxyTo(await deadUrl(), { refuse });
    expect(await submit(clientOf('http', { http: proxy.url }))).toMatchObject({ outcome: 'unknown' });
  });

  it('may have arrived when the proxy drops the connection: it had the whole request', async () => {
    const drops = await serveTcp((socket) => socket.once('data', () => socket.resetAndDestroy()));
    expect(await submit(clientOf('http', { http: drops.url }, 5_000))).toMatchObject({ outcome: 'unknown' });
  });

  it('may have arrived when the proxy hangs up or says nothing', async () => {
    const hangsUp = await proxyTo(await deadUrl());
    expect(await submit(clientOf('http', { http: hangsUp.url }))).toMatchObject({ outcome: 'unknown' });
    const mute = await proxyTo(await deadUrl(), { mute: true });
    expect(await submit(clientOf('http', { http: mute.url }))).toMatchObject({ outcome: 'unknown' });
  });
});

describe('a call over https', () => {
  it('goes through a tunnel, in which the proxy sees nothing, and over one connection', async () => {
    const vod = await secureVod();
    const proxy = await proxyTo(vod.url);
    const client = clientOf('https', { https: proxy.url.replace('//', '//user:pw@') }, 5_000);
    expect(await submit(client)).toMatchObject({ outcome: 'accepted', jobs: [{ vodJobId: 'job-1' }] });
    expect(await submit(client)).toMatchObject({ outcome: 'accepted' });
    expect(vod.calls()).toBe(2);
    expect(proxy.asked).toEqual([{ what: 'CONNECT vod.cn-shanghai.test:443', login: 'user:pw' }]);
  });

  it('keeps a tunnel for longer than it would have waited for one', async () => {
    const vod = await secureVod({ answersAfterMs: 1_200 });
    const proxy = await proxyTo(vod.url);
    const client = clientOf('https', { https: proxy.url }, 2_000);
    for (const _ of ['once', 'twice']) expect(await submit(client)).toMatchObject({ outcome: 'accepted' });
    expect(proxy.connections()).toBe(1);
  });

  it('closes what is idle before the other end does', async () => {
    const vod = await secureVod();
    const proxy = await proxyTo(vod.url);
    expect(await submit(clientOf('https', { https: proxy.url }, 5_000))).toMatchObject({ outcome: 'accepted' });
    expect(proxy.open()).toBe(1);
    await eventually('the tunnel is closed', () => Promise.resolve(proxy.open() === 0));
  });

  it.each([403, 407, 502, 503])('was not sent when the proxy refuses the tunnel with %i', async (refuse) => {
    const proxy = await proxyTo(await deadUrl(), { refuse });
    const client = clientOf('https', { https: proxy.url.replace('//', '//user:hunter2@') });
    const outcome = await submit(client);
    expect(outcome).toEqual({ outcome: 'not_sent', cause: `the proxy refuses the way to VOD: HTTP ${refuse}` });
    expect(await client.readJobs('cn-shanghai', listAIJob, ['a'])).toMatchObject({ outcome: 'unavailable' });
  });

  it('was not sent when the proxy cannot be reached, hangs up, or never answers', async () => {
    const cause = async (url: string) => {
      const outcome = await submit(clientOf('https', { https: url }));
      expect(outcome).toMatchObject({ outcome: 'not_sent' });
      return 'cause' in outcome ? outcome.cause : null;
    };
    expect(await cause(await deadUrl())).toBe('the proxy cannot be reached: ECONNREFUSED');
    const mute = await proxyTo(await deadUrl(), { mute: true });
    expect(await cause(mute.url)).toBe(`the proxy does not answer within ${timeoutMs} ms`);
    await eventually('nothing waits for the mute proxy any longer', () => mute.open() === 0, 1_500);
    const cut = await proxyTo(await deadUrl(), { cutTunnels: true });
    expect(await cause(cut.url)).not.toBeNull();
  });

  it('was not sent when nobody vouches for what is at the end of the tunnel', async () => {
    const vod = await secureVod({ trusted: false });
    const proxy = await proxyTo(vod.url);
    const outcome = await submit(clientOf('https', { https: proxy.url }, 5_000));
    expect(outcome).toEqual({ outcome: 'not_sent', cause: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    expect(vod.calls()).toBe(0);
  });
});

describe('the proxy of an endpoint', () => {
  const proxies = { https: 'http://secure', http: 'http://plain' };

  it('is that of its scheme', () => {
    expect(proxyFor('https://vod.cn-shanghai.aliyuncs.com', proxies)).toBe('http://secure');
    expect(proxyFor('http://vod.cn-shanghai.aliyuncs.com', proxies)).toBe('http://plain');
    expect(proxyFor('http://vod.cn-shanghai.aliyuncs.com', { https: 'http://secure' })).toBeNull();
  });

  it.each([
    ['http://127.0.0.1:3002/cn-shanghai', true],
    ['http://127.255.0.9', true],
    ['http://localhost:3002', true],
    ['http://LOCALHOST', true],
    ['http://vod.localhost:3002', true],
    ['https://[::1]', true],
    ['http://127.vod.example', false],
    ['http://128.0.0.1', false],
    ['http://10.0.0.5', false],
    ['https://[fd00::1]', false],
    ['http://localhost.example', false],
    ['http://notlocalhost', false],
  ])('is none for %s, as that is this machine: %j', (endpoint, isHere) => {
    expect(proxyFor(endpoint, { ...proxies, none: 'other.example' }) === null).toBe(isHere);
  });

  it.each([
    ['vod.cn-shanghai.aliyuncs.com', true],
    ['aliyuncs.com', true],
    ['.aliyuncs.com', true],
    ['*.aliyuncs.com', true],
    ['other.example, ALIYUNCS.com', true],
    ['*', true],
    ['aliyuncs.com:443', true],
    ['aliyuncs.com:80', false],
    ['yuncs.com', false],
    ['shanghai', false],
    [' aliyuncs.com ', true],
    ['other.example\taliyuncs.com', true],
    ['other.example,,aliyuncs.com,', true],
    ['aliyuncs.com:443,other.example', true],
    ['vod.cn-shanghai.aliyuncs.com.example', false],
    ['sub.vod.cn-shanghai.aliyuncs.com', false],
    ['*aliyuncs.com', false],
    ['', false],
    [' ', false],
    [',', false],
  ])('with NO_PROXY %j is %j', (none, isExempt) => {
    expect(proxyFor('https://vod.cn-shanghai.aliyuncs.com', { ...proxies, none }) === null).toBe(isExempt);
  });

  it.each([
    ['http://vod.example', 'example:80', true],
    ['http://vod.example', 'example:443', false],
    ['http://vod.example:8080', 'example:8080', true],
    ['http://vod.example:8080', 'example:80', false],
    ['http://vod.example:8080', 'example', true],
    ['https://vod.example:8443', 'example:443', false],
    ['http://10.0.0.5', '10.0.0.5', true],
    ['http://10.0.0.5', '10.0.0.5:80', true],
    ['http://10.0.0.5', '0.0.5', false],
    ['https://[fd00::a]', 'fd00::a', true],
    ['https://[fd00::5]', 'fd00::5', true],
    ['https://[2001:db8::10]', 'other.example 2001:DB8::10', true],
    ['https://[fd00::5]', '[fd00::5]', true],
    ['https://[fd00::5]', '[fd00::5]:443', true],
    ['https://[fd00::5]', '[fd00::5]:80', false],
    ['https://[fd00::5]', 'fd00::', false],
    ['https://[fd00::5]', 'fd00::6', false],
  ])('to %s with NO_PROXY %j is none: %j', (endpoint, none, isExempt) => {
    expect(proxyFor(endpoint, { ...proxies, none }) === null).toBe(isExempt);
  });

  it('is shown without user and password', () => {
    expect(originOf('http://user:hunter2@proxy:3128/x?y')).toBe('http://proxy:3128');
  });
});
