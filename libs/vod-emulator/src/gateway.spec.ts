import net from 'node:net';
import { ACCESS_KEY, type Answered, asker, closeAll, entriesOf, startEmulator, submit, until } from '../test/support';
import { Emulator } from './emulator';
import { sign, stringToSign } from './signature';

afterEach(closeAll);

const NOW = Date.parse('2026-01-02T03:04:05Z');
const minutes = (count: number) => count * 60_000;
const stamp = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

const COMMON = {
  Format: 'JSON',
  Version: '2017-03-21',
  AccessKeyId: ACCESS_KEY.id,
  SignatureMethod: 'HMAC-SHA1',
  SignatureVersion: '1.0',
  SignatureNonce: 'nonce-1',
  Timestamp: '2026-01-02T03:04:05Z',
  Action: 'ListAIJob',
  JobIds: 'nobody',
};

/** A request written by hand, for what pop-core would never send. */
async function send(
  url: string,
  changes: Record<string, string | undefined>,
  { method = 'GET', signedAs = method }: { method?: string; signedAs?: string } = {},
): Promise<Answered> {
  const given = Object.entries({ ...COMMON, ...changes }).filter(
    (pair): pair is [string, string] => pair[1] !== undefined,
  );
  const parameters = new Map(given);
  if (!('Signature' in changes))
    parameters.set('Signature', sign(stringToSign(signedAs, parameters), ACCESS_KEY.secret));
  const answer = await fetch(`${url}/?${new URLSearchParams([...parameters]).toString()}`, { method });
  return { status: answer.status, body: (await answer.json()) as Answered['body'] };
}

const frozen = () => startEmulator({ clock: () => NOW });

describe('what the gateway takes', () => {
  it.each(['GET', 'POST'] as const)('a %s of pop-core, with every awkward character', async (method) => {
    const { ask } = await startEmulator();
    const UserData = JSON.stringify({ Extend: { ref: "job-42*~'(é)! +&=%20你好" } });
    const answered = await ask('SubmitAIJob', { MediaId: 'm', Types: 'AIVideoTag', UserData }, { method });
    expect(answered).toMatchObject({ status: 200, body: { RequestId: expect.stringMatching(/^[0-9A-F-]{36}$/) } });
  });

  it('a POST whose parameters are in the URL', async () => {
    const { url } = await frozen();
    expect(await send(url, {}, { method: 'POST' })).toMatchObject({ status: 200 });
  });

  it('a request written by hand', async () => {
    const { url } = await frozen();
    expect(await send(url, {})).toMatchObject({ status: 200 });
  });

  it('a session token, when it belongs to the key', async () => {
    const key = { ...ACCESS_KEY, securityToken: 'STS.tok' };
    const { url } = await startEmulator({ accessKeys: [key] });
    expect(await asker(url, key)('ListAIJob', { JobIds: 'x' })).toMatchObject({ status: 200 });
  });

  it.each([-15, 15])('a timestamp %d minutes away', async (distance) => {
    const { url } = await frozen();
    expect(await send(url, { Timestamp: stamp(NOW + minutes(distance)) })).toMatchObject({ status: 200 });
  });
});

describe('what the gateway refuses', () => {
  it.each([
    ...['Action', 'Version', 'AccessKeyId', 'SignatureMethod', 'SignatureVersion', 'SignatureNonce', 'Timestamp'].map(
      (name) => [`no ${name}`, { [name]: undefined }, 400, 'MissingParameter'] as const,
    ),
    ['no signature', { Signature: undefined }, 400, 'MissingParameter'],
    ['another version', { Version: '2016-01-01' }, 404, 'InvalidProduct.NotFound'],
    ['an unknown operation', { Action: 'DropEverything' }, 404, 'InvalidApi.NotFound'],
    ['an operation named like an inherited property', { Action: 'constructor' }, 404, 'InvalidApi.NotFound'],
    ['an unknown key', { AccessKeyId: 'nobody' }, 404, 'InvalidAccessKeyId.NotFound'],
    ['a session token that the key has not', { SecurityToken: 'STS.old' }, 400, 'InvalidSecurityToken.Expired'],
    ['another signature method', { SignatureMethod: 'HMAC-SHA256' }, 400, 'InvalidParameter'],
    ['another signature version', { SignatureVersion: '2.0' }, 400, 'InvalidParameter'],
    ['a time with milliseconds', { Timestamp: '2026-01-02T03:04:05.000Z' }, 400, 'InvalidTimeStamp.Format'],
    ['a time that does not exist', { Timestamp: '2026-13-02T03:04:05Z' }, 400, 'InvalidTimeStamp.Format'],
    ['a time too old', { Timestamp: stamp(NOW - minutes(15) - 1000) }, 400, 'InvalidTimeStamp.Expired'],
    ['a time too far ahead', { Timestamp: stamp(NOW + minutes(15) + 1000) }, 400, 'InvalidTimeStamp.Expired'],
    ['a wrong signature', { Signature: 'AAAA' }, 400, 'SignatureDoesNotMatch'],
  ] as const)('%s', async (_name, changes, status, code) => {
    const { url } = await frozen();
    expect(await send(url, changes)).toMatchObject({
      status,
      body: { Code: code, HostId: 'vod.cn-shanghai.aliyuncs.com', RequestId: expect.any(String) },
    });
  });

  it('a call without the session token that its key needs', async () => {
    const { url } = await startEmulator({ accessKeys: [{ ...ACCESS_KEY, securityToken: 'STS.tok' }] });
    expect(await asker(url)('ListAIJob', { JobIds: 'x' })).toMatchObject({ body: { Code: 'MissingParameter' } });
  });

  it('a POST with the signature of a GET', async () => {
    const { url } = await frozen();
    expect(await send(url, {}, { method: 'POST', signedAs: 'GET' })).toMatchObject({
      body: { Code: 'SignatureDoesNotMatch' },
    });
  });

  it('a wrong secret, telling the string to sign but neither secret nor signature', async () => {
    const { url } = await startEmulator();
    const { status, body } = await asker(url, { ...ACCESS_KEY, secret: 'wrong' })('ListAIJob', { JobIds: 'x' });
    expect({ status, code: body.Code }).toEqual({ status: 400, code: 'SignatureDoesNotMatch' });
    expect(body.Message).toContain('server string to sign is:POST&%2F&AccessKeyId%3Dtest-id%26Action%3DListAIJob');
    expect(JSON.stringify(body)).not.toContain(ACCESS_KEY.secret);
    expect(body.Message).not.toMatch(/Signature%3D/);
  });

  it('a host that is no region', async () => {
    const { ask } = await startEmulator();
    expect(await ask('ListAIJob', { JobIds: 'x' }, { region: 'moon-1' })).toMatchObject({
      status: 404,
      body: { Code: 'InvalidProduct.NotFound' },
    });
  });

  it('another HTTP method', async () => {
    const { url } = await startEmulator();
    const answer = await fetch(`${url}/cn-shanghai?Format=JSON`, { method: 'PUT' });
    expect([answer.status, await answer.json()]).toMatchObject([400, { Code: 'UnsupportedHTTPMethod' }]);
  });

  it('refuses in order: the key is looked at before the signature, the signature before the nonce', async () => {
    const { url } = await frozen();
    await send(url, {});
    expect((await send(url, { AccessKeyId: 'nobody', Signature: 'AAAA' })).body.Code).toBe(
      'InvalidAccessKeyId.NotFound',
    );
    expect((await send(url, { Signature: 'AAAA' })).body.Code).toBe('SignatureDoesNotMatch');
    expect((await send(url, {})).body.Code).toBe('SignatureNonceUsed');
  });
});

describe('a nonce', () => {
  it('is used up by the first right signature', async () => {
    const { url } = await frozen();
    expect((await send(url, {})).status).toBe(200);
    expect(await send(url, {})).toMatchObject({ status: 400, body: { Code: 'SignatureNonceUsed' } });
  });

  it('is used up even when the operation then fails', async () => {
    const { url } = await frozen();
    expect((await send(url, { JobIds: undefined })).body.Code).toBe('MissingParameter');
    expect((await send(url, {})).body.Code).toBe('SignatureNonceUsed');
  });

  it('is used up even when the call is throttled', async () => {
    const { url } = await startEmulator({ clock: () => NOW, qps: { ListAIJob: 1 } });
    await send(url, { SignatureNonce: 'other' });
    expect((await send(url, {})).body.Code).toBe('Throttling.User');
    expect((await send(url, {})).body.Code).toBe('SignatureNonceUsed');
  });

  it('is not used up by a wrong signature', async () => {
    const { url } = await frozen();
    await send(url, { Signature: 'AAAA' });
    expect((await send(url, {})).status).toBe(200);
  });

  it('is remembered for longer than a signed request is valid', async () => {
    let now = NOW;
    const { url } = await startEmulator({ clock: () => now });
    await send(url, {});
    // Other calls meanwhile, so that the memory has reason to forget.
    for (let passed = 1; passed <= 15; passed++) {
      now = NOW + minutes(passed);
      await send(url, { SignatureNonce: `other-${passed}`, Timestamp: stamp(now) });
    }
    expect((await send(url, {})).body.Code).toBe('SignatureNonceUsed');
  });

  it('is forgotten some time after that', async () => {
    let now = NOW;
    const { url } = await startEmulator({ clock: () => now });
    await send(url, {});
    for (const passed of [20, 40]) {
      now = NOW + minutes(passed);
      await send(url, { SignatureNonce: `other-${passed}`, Timestamp: stamp(now) });
    }
    expect((await send(url, { Timestamp: stamp(now) })).status).toBe(200);
  });
});

describe('the memory of nonces', () => {
  it('can be off', async () => {
    const { url } = await startEmulator({ clock: () => NOW, nonceMemory: 'off' });
    expect([(await send(url, {})).status, (await send(url, {})).status]).toEqual([200, 200]);
  });

  it('of several nodes is not shared: a nonce is refused where it was seen', async () => {
    const outcomes = async (faultSeed: number) => {
      const { url } = await startEmulator({ clock: () => NOW, nonceMemory: { nodes: 2 }, faultSeed });
      const codes = [];
      for (let i = 0; i < 12; i++) codes.push((await send(url, {})).body.Code ?? 'ok');
      return codes;
    };
    const first = await outcomes(1);
    expect(first.filter((code) => code === 'ok')).toHaveLength(2);
    expect(first.filter((code) => code === 'SignatureNonceUsed')).toHaveLength(10);
    expect(await outcomes(1)).toEqual(first);
    expect([await outcomes(2), await outcomes(3), await outcomes(4)]).not.toEqual([first, first, first]);
  });

  it('goes on when there are more nodes', async () => {
    const { url, emulator } = await startEmulator({ clock: () => NOW });
    await send(url, {});
    emulator.configure({ nonceMemory: { nodes: 1 } });
    expect((await send(url, {})).body.Code).toBe('SignatureNonceUsed');
  });
});

describe('flow control', () => {
  it('admits the limit and not one more in any second, per operation and region', async () => {
    let now = NOW;
    const { ask, emulator } = await startEmulator({
      clock: () => now,
      accessKeys: [ACCESS_KEY],
      qps: { SubmitAIJob: 3 },
    });
    const Timestamp = stamp(NOW);
    const once = async (region = 'cn-shanghai') => {
      const { body } = await ask('SubmitAIJob', { MediaId: 'm', Types: 'AIVideoTag', Timestamp }, { region });
      return body.Code ?? 'ok';
    };

    expect(await once()).toBe('ok');
    now = NOW + 400;
    expect([await once(), await once(), await once()]).toEqual(['ok', 'ok', 'Throttling.User']);
    now = NOW + 999;
    expect(await once()).toBe('Throttling.User');
    expect(await once('cn-beijing')).toBe('ok');
    now = NOW + 1000;
    expect([await once(), await once()]).toEqual(['ok', 'Throttling.User']);
    now = NOW + 1400;
    expect([await once(), await once(), await once()]).toEqual(['ok', 'ok', 'Throttling.User']);

    const { billed, calls } = emulator.ledger();
    expect({ billed, submits: calls['SubmitAIJob'] }).toEqual({
      billed: 7,
      submits: { ok: 7, throttled: 4, refused: 0 },
    });
  });

  it('answers a throttled call with status 400', async () => {
    const { ask } = await startEmulator({ clock: () => NOW, qps: { ListAIJob: 1 } });
    const parameters = { JobIds: 'x', Timestamp: stamp(NOW) };
    await ask('ListAIJob', parameters);
    expect(await ask('ListAIJob', parameters)).toMatchObject({ status: 400, body: { Code: 'Throttling.User' } });
  });

  it('has the documented limits unless told otherwise', () => {
    const emulator = new Emulator({ accessKeys: [ACCESS_KEY], qps: { SubmitAIJob: 5 } });
    expect(emulator.settings().qps).toMatchObject({
      SubmitAIJob: 5,
      ListAIJob: 100,
      GetAIVideoTagResult: 10,
      GetMediaDNAResult: 20,
      ListJobInfo: 15,
      GetJobDetail: 15,
      SubmitAIMediaAuditJob: 30,
      GetMediaAuditResult: 20,
      SetMessageCallback: 15,
      SearchMedia: 50,
    });
  });

  it('lets everything through without a limit', async () => {
    const { ask } = await startEmulator({ clock: () => NOW, qps: { SubmitAIJob: 0 } });
    const parameters = { MediaId: 'm', Types: 'AIVideoTag', Timestamp: stamp(NOW) };
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask('SubmitAIJob', parameters)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(50);
  });
});

describe('regions', () => {
  it('are named by the path, and the first one is meant when none is', async () => {
    const { ask, emulator } = await startEmulator({ regions: ['cn-beijing', 'cn-shanghai'] });
    await submit(ask, 'm1');
    await ask('SubmitAIJob', { MediaId: 'm2', Types: 'AIVideoTag' }, { region: 'cn-shanghai' });
    expect(emulator.jobs().map(({ mediaId, region }) => [mediaId, region])).toEqual([
      ['m2', 'cn-shanghai'],
      ['m1', 'cn-beijing'],
    ]);
  });

  it('do not see the jobs of each other', async () => {
    const { ask } = await startEmulator();
    const jobId = await submit(ask, 'm');
    const elsewhere = await ask('ListAIJob', { JobIds: jobId }, { region: 'cn-beijing' });
    expect(entriesOf(elsewhere)).toEqual([]);
    expect(elsewhere.body).toMatchObject({ NonExistAIJobIds: { String: [jobId] } });
  });
});

it('executes a submission whose client has gone away before the answer', async () => {
  const { url, emulator } = await startEmulator({ clock: () => NOW });
  const parameters = new Map(Object.entries({ ...COMMON, Action: 'SubmitAIJob', MediaId: 'm', Types: 'AIVideoTag' }));
  parameters.set('Signature', sign(stringToSign('GET', parameters), ACCESS_KEY.secret));
  const target = new URL(url);
  const socket = net.connect(Number(target.port), target.hostname);
  const path = `/?${new URLSearchParams([...parameters]).toString()}`;
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${target.host}\r\n\r\n`, () => socket.destroy());
  // The bytes had left, so VOD has them: the job runs and is billed although nobody read the answer.
  await until(() => emulator.jobs({ state: 'success' }).length === 1);
  expect(emulator.ledger().billed).toBe(1);
});
