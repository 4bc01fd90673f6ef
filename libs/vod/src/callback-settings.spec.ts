import { answerJson, answerText, closeServers, type Loopback, serveHttp } from '../test/loopback';
import { sampleJson, sampleText } from '../test/samples';
import { callbackSettingsOf } from './callback-settings';
import { VodClient } from './client';

const key = 'Canary12345678';
const url = 'https://vodai.example/vod/events?tenant=1';

let server: Loopback;
let client: VodClient;
let answer: Parameters<typeof serveHttp>[0];

beforeEach(async () => {
  server = await serveHttp((response, received) => answer(response, received));
  const credentials = { accessKeyId: 'testAccessKeyId', accessKeySecret: 'testAccessKeySecret' };
  client = new VodClient({ endpoint: `${server.url}/{region}`, timeoutMs: 2000, credentials });
});
afterEach(closeServers);

describe('The callback settings of a region', () => {
  const ask = () => client.callbackSettings('cn-beijing', 'app-2');

  it('are those of HTTP, with whatever is kept of the queue beside them', async () => {
    answer = answerText(sampleText('api', 'GetMessageCallback.response.http.json'));
    const printed = sampleJson<{ MessageCallback: { EventTypeList: string } }>(
      'api',
      'GetMessageCallback.response.http.json',
    );
    expect(await ask()).toEqual({
      outcome: 'answered',
      requestId: '272A222A-F7F7-4A3E-90F6-F531574F1234',
      value: {
        type: 'HTTP',
        url: 'http://test.example.com/test',
        eventTypes: printed.MessageCallback.EventTypeList.split(','),
        signed: true,
        key: 'Abc12345678',
        mnsEndpoint: 'http://1234567.mns.cn-shanghai.aliyuncs.com/',
        mnsQueue: 'vodcallback',
      },
    });
    expect(server.received[0]).toMatchObject({
      url: '/cn-beijing/',
      params: { Action: 'GetMessageCallback', AppId: 'app-2', Version: '2017-03-21' },
    });
  });

  it('are those of a queue', async () => {
    answer = answerText(sampleText('api', 'GetMessageCallback.response.mns.json'));
    expect(await ask()).toMatchObject({
      value: { type: 'MNS', url: null, signed: false, key: null, eventTypes: ['AIComplete'], mnsQueue: 'vodcallback' },
    });
  });

  const nothing = {
    type: null,
    url: null,
    eventTypes: [],
    signed: false,
    key: null,
    mnsEndpoint: null,
    mnsQueue: null,
  };
  it.each([
    ['there is no member', {}],
    ['it is empty', { MessageCallback: {} }],
    ['it is null', { MessageCallback: null }],
    ['it holds empty texts', { MessageCallback: { CallbackType: '', CallbackURL: '', EventTypeList: ' , ' } }],
  ])('are nothing when %s', (_, body) => {
    expect(callbackSettingsOf(body)).toEqual(nothing);
  });

  it.each<[object, object]>([
    [{ CallbackType: 'http' }, { type: 'HTTP' }],
    [{ CallbackType: 'Simple Message Queue (formerly MNS)' }, { type: 'MNS' }],
    [{ CallbackType: 'Carrier' }, { type: 'Carrier' }],
    [{ AuthSwitch: 'ON' }, { signed: true }],
    [{ EventTypeList: 'A, AIComplete,A' }, { eventTypes: ['A', 'AIComplete'] }],
  ])('are read from %j', (MessageCallback, read) => {
    expect(callbackSettingsOf({ MessageCallback })).toMatchObject(read);
    expect(callbackSettingsOf({ MessageCallback: JSON.stringify(MessageCallback) })).toMatchObject(read);
  });

  it('are not known from an answer of another shape', async () => {
    answer = answerJson({ RequestId: 'r1', MessageCallback: 'none' });
    expect(await ask()).toEqual({
      outcome: 'unavailable',
      cause: 'an answer to GetMessageCallback of an unexpected shape',
    });
  });
});

describe('Setting a callback', () => {
  it('of HTTP sends the URL byte for byte, the list of events and the key', async () => {
    answer = answerText(sampleText('api', 'SetMessageCallback.response.json'));
    const set = await client.setCallback('cn-beijing', 'app-2', { type: 'HTTP', url, key }, ['A', 'AIComplete']);
    expect(set.outcome).toBe('answered');
    const { params } = server.received[0] ?? { params: {} };
    expect(params).toMatchObject({
      Action: 'SetMessageCallback',
      AppId: 'app-2',
      CallbackType: 'HTTP',
      CallbackURL: url,
      EventTypeList: 'A,AIComplete',
      AuthSwitch: 'on',
      AuthKey: key,
    });
    expect(params).not.toHaveProperty('MnsQueueName');
  });

  it('of HTTP without a key switches signing off', async () => {
    answer = answerText(sampleText('api', 'SetMessageCallback.response.json'));
    await client.setCallback('cn-beijing', 'app-2', { type: 'HTTP', url, key: null }, ['ALL']);
    expect(server.received[0]?.params).toMatchObject({ AuthSwitch: 'off', EventTypeList: 'ALL' });
    expect(server.received[0]?.params).not.toHaveProperty('AuthKey');
  });

  it('of a queue sends its endpoint and name', async () => {
    answer = answerText(sampleText('api', 'SetMessageCallback.response.json'));
    const target = { type: 'MNS', endpoint: 'http://1.mns.cn-shanghai.aliyuncs.com/', queue: 'q' } as const;
    await client.setCallback('cn-shanghai', 'app-1000000', target, ['AIComplete']);
    expect(server.received[0]?.params).toMatchObject({
      CallbackType: 'MNS',
      MnsEndpoint: target.endpoint,
      MnsQueueName: 'q',
    });
    expect(server.received[0]?.params).not.toHaveProperty('CallbackURL');
  });

  it('does not let the key come back in what VOD says of it', async () => {
    answer = answerJson({ RequestId: 'r1', Code: 'InvalidParameter', Message: `The AuthKey ${key} is too short` }, 400);
    const refused = await client.setCallback('cn-beijing', 'app-2', { type: 'HTTP', url, key }, ['ALL']);
    expect(refused).toEqual({
      outcome: 'refused',
      code: 'InvalidParameter',
      message: 'The AuthKey [removed] is too short',
      requestId: 'r1',
    });
  });
});

describe("VOD's clock", () => {
  const dated = (aheadMs: number, status: number, body: object) =>
    void (answer = (response) => {
      response.sendDate = false;
      const date = new Date(Date.now() + aheadMs).toUTCString();
      response.writeHead(status, { date }).end(JSON.stringify(body));
    });
  /** Both are this machine's clock: what lies between is the call, and the second to which a header is written. */
  const nearly = (ms: number) => expect.closeTo(ms, -4.3);

  it('is not known before it has answered', () => {
    expect(client.clockAheadMs('cn-shanghai')).toBeNull();
  });

  it.each([0, 600_000, -600_000])('is %d ms ahead by what its answers say, refusals too', async (aheadMs) => {
    dated(aheadMs, 200, { RequestId: 'r1' });
    await client.callbackSettings('cn-shanghai', 'app-1000000');
    expect(client.clockAheadMs('cn-shanghai')).toEqual(nearly(aheadMs));
    dated(aheadMs, 400, { RequestId: 'r1', Code: 'InvalidTimeStamp.Expired', Message: 'expired' });
    await client.callbackSettings('cn-beijing', 'app-1000000');
    expect(client.clockAheadMs('cn-beijing')).toEqual(nearly(aheadMs));
  });

  it('is that of the latest answer that said one', async () => {
    dated(600_000, 200, { RequestId: 'r1' });
    await client.callbackSettings('cn-shanghai', 'app-1000000');
    answer = (response) => void response.writeHead(200, { date: 'soon' }).end('{}');
    await client.callbackSettings('cn-shanghai', 'app-1000000');
    expect(client.clockAheadMs('cn-shanghai')).toEqual(nearly(600_000));
  });
});
