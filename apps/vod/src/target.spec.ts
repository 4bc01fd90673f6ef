import { loadConfig, publicAddress } from '@app/config';
import { objectionsToKey, targetsOf } from './target';

describe('The target of events', () => {
  const queue = {
    VOD_MNS_ENDPOINT: 'https://{uid}.mns.{region}-internal.aliyuncs.com',
    VOD_MNS_QUEUE: 'vod-{region}',
    ALIBABA_CLOUD_ACCOUNT_ID: '1234567890',
  };
  const url = { VOD_CALLBACK_URL: 'https://vodai.example/{region}', VOD_CALLBACK_KEYS: 'New1,Old1' };
  const targets = (env: NodeJS.ProcessEnv) =>
    targetsOf(loadConfig({ VOD_REGIONS: 'cn-shanghai,cn-beijing', ...env }, 'vod'), 'cn-beijing');
  const ofUrl = { way: 'url', callback: { type: 'HTTP', url: 'https://vodai.example/cn-beijing', key: 'New1' } };
  const ofQueue = {
    way: 'queue',
    callback: { type: 'MNS', endpoint: 'http://1234567890.mns.cn-beijing.aliyuncs.com/', queue: 'vod-cn-beijing' },
  };

  it('is the URL of the region with the first key, the queue at its public address, both, or none', () => {
    expect(targets(url)).toEqual([ofUrl]);
    expect(targets(queue)).toEqual([ofQueue]);
    expect(targets({ ...url, ...queue })).toEqual([ofUrl, ofQueue]);
    expect(targets({})).toEqual([]);
    expect(targets({ ...url, VOD_CALLBACK_KEYS: '' })).toMatchObject([{ callback: { key: null } }]);
  });

  it('may be one queue for all regions', () => {
    const one = { ...queue, VOD_MNS_ENDPOINT: 'http://127.0.0.1:9/_mns', VOD_MNS_QUEUE: 'events' };
    expect(targets(one)).toEqual([
      { way: 'queue', callback: { type: 'MNS', endpoint: 'http://127.0.0.1:9/_mns', queue: 'events' } },
    ]);
  });
});

it.each([
  ['https://12.mns.cn-shanghai.aliyuncs.com', 'http://12.mns.cn-shanghai.aliyuncs.com/'],
  ['http://12.mns.cn-shanghai-internal.aliyuncs.com/', 'http://12.mns.cn-shanghai.aliyuncs.com/'],
  ['http://12.mns.ap-southeast-1-internal-vpc.aliyuncs.com', 'http://12.mns.ap-southeast-1.aliyuncs.com/'],
  ['http://127.0.0.1:3002/_mns', 'http://127.0.0.1:3002/_mns'],
  ['http://12.mns.cn-shanghai.aliyuncs.com.evil.example/', 'http://12.mns.cn-shanghai.aliyuncs.com.evil.example/'],
])('The public address of %s is %s', (endpoint, address) => {
  expect(publicAddress(endpoint)).toBe(address);
});

it.each([
  ['Aa1', []],
  [`Aa1${'x'.repeat(29)}`, []],
  [`Aa1${'x'.repeat(30)}`, ['has 33 characters, and VOD takes at most 32']],
  ['aa1', ['has no upper case letter']],
  ['AA1', ['has no lower case letter']],
  ['Aaa', ['has no digit']],
  ['Aa1-', ['has something else than letters and digits']],
  ['Äa1', ['has no upper case letter', 'has something else than letters and digits']],
])('Against the key %s speaks %j', (key, objections) => {
  expect(objectionsToKey(key)).toEqual(objections);
});
