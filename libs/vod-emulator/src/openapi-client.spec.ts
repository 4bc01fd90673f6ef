import OpenApiClient, { Config, OpenApiRequest, Params } from '@alicloud/openapi-client';
import { ACCESS_KEY, closeAll, startEmulator, startReceiver } from '../test/support';

/** Alibaba Cloud's own client for generated SDKs, as it is installed: it signs with ACS3-HMAC-SHA256. */

afterEach(closeAll);

type Key = { id: string; secret: string; securityToken?: string };
type Runtime = Parameters<OpenApiClient['callApi']>[2];

interface Refused {
  code: string;
  statusCode: number;
  message: string;
}

async function call(
  url: string,
  action: string,
  query: Record<string, string>,
  { key = ACCESS_KEY, region, form }: { key?: Key; region?: string; form?: Record<string, string> } = {},
): Promise<Record<string, unknown>> {
  const client = new OpenApiClient(
    new Config({
      accessKeyId: key.id,
      accessKeySecret: key.secret,
      ...(key.securityToken && { securityToken: key.securityToken }),
      endpoint: new URL(url).host,
      protocol: 'http',
    }),
  );
  const params = new Params({
    action,
    version: '2017-03-21',
    protocol: 'HTTP',
    method: 'POST',
    authType: 'AK',
    style: 'RPC',
    pathname: region ? `/${region}/` : '/',
    reqBodyType: 'formData',
    bodyType: 'json',
  });
  const request = new OpenApiRequest({ query, ...(form && { body: form }) });
  const { body } = (await client.callApi(params, request, {} as Runtime)) as { body: Record<string, unknown> };
  return body;
}

const refusalOf = (attempt: Promise<unknown>) =>
  attempt.then(
    () => Promise.reject(new Error('expected a refusal')),
    (error: Refused) => error,
  );

it('submits a job, reads it and its result', async () => {
  const receiver = await startReceiver();
  const { url, emulator } = await startEmulator({ callback: { url: receiver.url } });
  const UserData = JSON.stringify({ Extend: "job-42*~'(é)! +&=%20你好" });
  const submitted = await call(url, 'SubmitAIJob', { MediaId: 'm', Types: 'AIVideoTag', UserData });
  const { AIJob } = submitted['AIJobList'] as { AIJob: { JobId: string }[] };
  await receiver.arrivedAtLeast(1);
  expect(await call(url, 'ListAIJob', { JobIds: AIJob[0]?.JobId ?? '' })).toMatchObject({
    AIJobList: { AIJob: [{ Status: 'success', MediaId: 'm' }] },
  });
  expect(await call(url, 'GetAIVideoTagResult', { MediaId: 'm' })).toHaveProperty('VideoTagResult.Keyword');
  expect(emulator.jobs()[0]?.extend).toBe("job-42*~'(é)! +&=%20你好");
});

it('sends parameters as a form, too', async () => {
  const { url, emulator } = await startEmulator();
  await call(url, 'SubmitAIJob', {}, { form: { MediaId: 'm', Types: 'AIVideoTag' } });
  expect(emulator.jobs()).toHaveLength(1);
});

it('reaches another region by a path', async () => {
  const { url, emulator } = await startEmulator();
  await call(url, 'SubmitAIJob', { MediaId: 'm', Types: 'AIVideoTag' }, { region: 'cn-beijing' });
  expect(emulator.jobs()[0]?.region).toBe('cn-beijing');
});

it('is refused what the region does not offer', async () => {
  const { url } = await startEmulator();
  const query = { MediaId: 'm', Types: 'AIVideoTag' };
  expect(await refusalOf(call(url, 'SubmitAIJob', query, { region: 'ap-southeast-1' }))).toMatchObject({
    code: 'InvalidParameter',
    message: expect.stringContaining('AIVideoTag is not offered in ap-southeast-1'),
  });
});

it('works with temporary keys, and is refused with another token', async () => {
  const key = { ...ACCESS_KEY, securityToken: 'STS.tok' };
  const { url } = await startEmulator({ accessKeys: [key] });
  expect(await call(url, 'ListAIJob', { JobIds: 'x' }, { key })).toHaveProperty('RequestId');
  const stale = { ...key, securityToken: 'STS.old' };
  expect(await refusalOf(call(url, 'ListAIJob', { JobIds: 'x' }, { key: stale }))).toMatchObject({
    code: 'InvalidSecurityToken.Expired',
  });
});

it('is refused with a wrong secret', async () => {
  const { url } = await startEmulator();
  const key = { ...ACCESS_KEY, secret: 'wrong' };
  expect(await refusalOf(call(url, 'ListAIJob', { JobIds: 'x' }, { key }))).toMatchObject({
    code: 'SignatureDoesNotMatch',
    statusCode: 400,
  });
});

it('is told about a media that it uploads', async () => {
  const receiver = await startReceiver();
  const { url } = await startEmulator({ callback: { url: receiver.url }, uploadTimeMs: 0 });
  const { VideoId } = await call(url, 'CreateUploadVideo', { Title: 't', FileName: 'f.mp4' });
  await receiver.arrivedAtLeast(2);
  expect(receiver.received.map(({ body }) => [body['EventType'], body['VideoId']])).toEqual([
    ['FileUploadComplete', VideoId],
    ['VideoAnalysisComplete', VideoId],
  ]);
});
