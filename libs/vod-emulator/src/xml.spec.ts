import { send } from '../test/acs3';
import { ACCESS_KEY, closeAll, startEmulator, submit } from '../test/support';
import { faultRule } from './faults';
import { sign, stringToSign } from './signature';
import { xmlOf } from './xml';

afterEach(closeAll);

const COMMON = {
  Version: '2017-03-21',
  AccessKeyId: ACCESS_KEY.id,
  SignatureMethod: 'HMAC-SHA1',
  SignatureVersion: '1.0',
};

/** A signed call that says nothing of a format, unless it is among the parameters. */
function call(url: string, action: string, parameters: Record<string, string>) {
  const all = new Map(
    Object.entries({
      ...COMMON,
      Action: action,
      SignatureNonce: String(Math.random()),
      Timestamp: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
      ...parameters,
    }),
  );
  all.set('Signature', sign(stringToSign('GET', all), ACCESS_KEY.secret));
  return send(`${url}/?${new URLSearchParams([...all]).toString()}`);
}

describe('an answer without Format', () => {
  it('is XML, with each item of a list as an element', async () => {
    const { url, ask } = await startEmulator();
    const jobId = await submit(ask, 'speech-1');
    const { status, text, contentType } = await call(url, 'ListAIJob', { JobIds: `${jobId},a,b` });
    expect({ status, contentType }).toEqual({ status: 200, contentType: 'text/xml;charset=utf-8' });
    expect(text).toMatch(/^<\?xml version='1.0' encoding='UTF-8'\?><ListAIJobResponse><RequestId>[0-9A-F-]{36}<\/RequestId>/);
    expect(text).toContain('<NonExistAIJobIds><String>a</String><String>b</String></NonExistAIJobIds>');
    expect(text).toContain('<AIJobList><AIJob><Status>success</Status><Type>AIVideoTag</Type><MediaId>speech-1</MediaId>');
    expect(text).toContain('<Data>{}</Data></AIJob></AIJobList></ListAIJobResponse>');
  });

  it('is the same as with Format=XML, in any case', async () => {
    const { url } = await startEmulator();
    for (const Format of ['XML', 'xml']) {
      expect((await call(url, 'ListAIJob', { JobIds: 'x', Format })).text).toContain('<ListAIJobResponse>');
    }
  });

  it('is an XML error when the call is refused', async () => {
    const { url } = await startEmulator();
    const { status, text } = await call(url, 'ListAIJob', { JobIds: '' });
    expect(status).toBe(400);
    expect(text).toMatch(
      /<Error><RequestId>.+<\/RequestId><HostId>vod.cn-shanghai.aliyuncs.com<\/HostId><Code>MissingParameter<\/Code><Message>/,
    );
  });

  it('can be cut short like any other', async () => {
    const { url } = await startEmulator({ faults: [faultRule('ListAIJob', { fault: 'truncated' })] });
    await expect(call(url, 'ListAIJob', { JobIds: 'x' })).rejects.toThrow();
  });
});

it('A format that nobody knows is refused', async () => {
  const { url } = await startEmulator();
  expect((await call(url, 'ListAIJob', { JobIds: 'x', Format: 'YAML' })).text).toContain('<Code>InvalidParameter</Code>');
});

it('Text is escaped, what XML can not hold is replaced, and what is absent is left out', () => {
  expect(xmlOf('R', { a: `<&>"'\u0000\n`, b: undefined, c: null, d: false, e: [], f: {} })).toBe(
    `<?xml version='1.0' encoding='UTF-8'?><R><a>&lt;&amp;&gt;&quot;&apos;\uFFFD\n</a><d>false</d><f></f></R>`,
  );
});
