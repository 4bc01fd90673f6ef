import { callByHand, send } from '../test/acs3';
import { closeAll, startEmulator } from '../test/support';
import { regionOfHost } from './regions';

afterEach(closeAll);

it.each([
  ['vod.cn-beijing.aliyuncs.com', 'cn-beijing'],
  ['VOD.CN-BEIJING.aliyuncs.com:443', 'cn-beijing'],
  ['vod-vpc.ap-southeast-1.aliyuncs.com', 'ap-southeast-1'],
  ['vod.eu-central-1.localhost:3002', 'eu-central-1'],
  ['vod.aliyuncs.com', undefined],
  ['127.0.0.1:3002', undefined],
  ['vod.cn-beijing.aliyuncs.com.evil.example', undefined],
  ['evil.vod.cn-beijing.aliyuncs.com', undefined],
  [undefined, undefined],
])('The host %s is that of %s', (host, region) => {
  expect(regionOfHost(host)).toBe(region);
});

describe('The region of a call', () => {
  const submit = async (host: string | undefined, path = '/') => {
    const { url, emulator } = await startEmulator();
    const query = { MediaId: 'm', Types: 'AIVideoTag' };
    const headers = host === undefined ? {} : { host };
    const { status, body } = await callByHand(url, 'SubmitAIJob', { query, headers, path });
    return { status, code: body.Code, region: emulator.jobs()[0]?.region };
  };

  it.each([
    ['vod.cn-beijing.aliyuncs.com', '/', 'cn-beijing'],
    ['vod.cn-beijing.localhost', '/', 'cn-beijing'],
    ['localhost', '/', 'cn-shanghai'],
    // The path is more to the point than a name that leads here.
    ['vod.cn-beijing.aliyuncs.com', '/cn-shanghai', 'cn-shanghai'],
  ])('is said by the host %s and the path %s: %s', async (host, path, region) => {
    expect(await submit(host, path)).toMatchObject({ status: 200, region });
  });

  it('decides what is offered', async () => {
    expect(await submit('vod.cn-shenzhen.aliyuncs.com')).toMatchObject({ status: 400, code: 'InvalidParameter' });
    expect(await submit('vod.moon-1.aliyuncs.com')).toMatchObject({ status: 404, code: 'InvalidProduct.NotFound' });
  });
});

it('Other names are still nobody, and pages too where they use one of those of VOD', async () => {
  const { url } = await startEmulator();
  expect(await send(`${url}/_emulator`, { headers: { host: 'evil.example' } })).toMatchObject({ status: 403 });
  const headers = { host: 'vod.cn-beijing.aliyuncs.com', origin: 'http://vod.cn-beijing.aliyuncs.com' };
  expect(await send(`${url}/_emulator`, { headers })).toMatchObject({ status: 403 });
});
