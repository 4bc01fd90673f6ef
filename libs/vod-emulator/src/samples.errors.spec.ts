import { fieldsOf, samplesOf } from '../test/fields';
import { ACCESS_KEY, type Ask, asker, closeAll, exchange, signedBytes, startEmulator } from '../test/support';
import { type Fault, faultRule } from './faults';

/** Every documented refusal can be had from the emulator: status, code, text and fields. */

afterEach(closeAll);

const samples = samplesOf('errors');

interface Sample {
  Code: string;
  Message: string;
}

const sampleOf = (name: string) => JSON.parse(samples.get(name) ?? '{}') as Sample;
const statusOf = (name: string) => Number(/\.http(\d{3})\./.exec(name)?.[1]);

const list: (ask: Ask) => ReturnType<Ask> = (ask) => ask('ListAIJob', { JobIds: 'x' });
/** By a rule: nobody knows how to come by these. */
const struck = (fault: Fault) => async () => list((await startEmulator({ faults: [faultRule('ListAIJob', fault)] })).ask);
const refused = (name: string) => {
  const { Code: code, Message: message } = sampleOf(name);
  return struck({ fault: 'error', status: statusOf(name), code, message });
};

const produced: Record<string, () => ReturnType<Ask>> = {
  'Forbidden.RAM.http403.json': refused('Forbidden.RAM.http403.json'),
  'Forbidden.http403.json': refused('Forbidden.http403.json'),
  'InternalError.http500.json': struck({ fault: 'http_5xx_before', status: 500 }),
  'InvalidAccessKeyId.NotFound.http404.json': async () =>
    list(asker((await startEmulator()).url, { id: 'nobody', secret: 'x' })),
  'InvalidParameter.http400.json': async () =>
    (await startEmulator()).ask('SubmitAIJob', { MediaId: 'm', Types: 'AIVideoTag,Other' }),
  'InvalidTimeStamp.Expired.http400.json': async () =>
    (await startEmulator()).ask('ListAIJob', { JobIds: 'x', Timestamp: '2017-10-10T12:02:54Z' }),
  'InvalidVideo.NotFound.http404.json': async () =>
    (await startEmulator()).ask('SubmitAIJob', { MediaId: 'missing', Types: 'AIVideoTag' }),
  'MissingParameter.http400.json': async () => (await startEmulator()).ask('SubmitAIJob', { Types: 'AIVideoTag' }),
  'OperationDenied.Suspended.http403.json': refused('OperationDenied.Suspended.http403.json'),
  'OperationDenied.http403.json': refused('OperationDenied.http403.json'),
  'ServiceUnAvailable-vod-spelling.http503.json': refused('ServiceUnAvailable-vod-spelling.http503.json'),
  'ServiceUnavailable.http503.json': struck({ fault: 'http_5xx_before', status: 503 }),
  'SignatureDoesNotMatch.http400.json': async () =>
    list(asker((await startEmulator()).url, { ...ACCESS_KEY, secret: 'wrong' })),
  'SignatureNonceUsed.http400.json': async () => {
    const { ask } = await startEmulator();
    await ask('ListAIJob', { JobIds: 'x', SignatureNonce: 'once' });
    return ask('ListAIJob', { JobIds: 'x', SignatureNonce: 'once' });
  },
  'Throttling.User.http400.json': async () => {
    const { ask } = await startEmulator({ qps: { ListAIJob: 1 }, clock: () => Date.parse('2026-01-02T03:04:05Z') });
    const parameters = { JobIds: 'x', Timestamp: '2026-01-02T03:04:05Z' };
    await ask('ListAIJob', parameters);
    return ask('ListAIJob', parameters);
  },
  'Throttling.http400.json': struck({ fault: 'throttle', code: 'Throttling' }),
};

it.each(Object.entries(produced))('%s is an answer of the emulator', async (name, produce) => {
  const { status, body } = await produce();
  expect({ status, code: body.Code }).toEqual({ status: statusOf(name), code: sampleOf(name).Code });
  expect(fieldsOf(body)).toEqual(fieldsOf(sampleOf(name)));
});

it('non-json.http502.txt comes from a proxy in front of the gateway', async () => {
  const { url } = await startEmulator({ faults: [faultRule('ListAIJob', { fault: 'html_before', status: 502 })] });
  const answer = await exchange(url, signedBytes('ListAIJob', { JobIds: 'x' }));
  expect(answer).toMatchObject({ status: 502, body: expect.stringMatching(/^<html>.*<\/html>\n$/) });
});

it('leaves no sample of a refusal out', () => {
  expect([...Object.keys(produced), 'non-json.http502.txt'].toSorted()).toEqual([...samples.keys()].toSorted());
});
