import { callByHand } from '../test/acs3';
import { ACCESS_KEY, closeAll, startEmulator } from '../test/support';
import { acs3Signature, acs3StringToSign, canonicalRequest, parseAuthorization } from './acs3';

afterEach(closeAll);

const NOW = Date.parse('2026-01-02T03:04:05Z');
const stamp = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

describe('the signature', () => {
  const headers = new Map([
    ['host', 'ecs.cn-shanghai.aliyuncs.com'],
    ['x-acs-action', 'RunInstances'],
    ['x-acs-content-sha256', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['x-acs-date', '2023-10-26T10:22:32Z'],
    ['x-acs-signature-nonce', '3156853299f313e23d1673dc12e1703d'],
    ['x-acs-version', '2014-05-26'],
  ]);
  const query: [string, string][] = [
    ['RegionId', 'cn-shanghai'],
    ['ImageId', 'win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd'],
  ];

  it('is that of the example on the page about it', () => {
    const request = { method: 'POST', path: '/', query, headers, body: Buffer.alloc(0) };
    const text = acs3StringToSign(canonicalRequest(request, [...headers.keys()]));
    expect(text).toBe('ACS3-HMAC-SHA256\n7ea06492da5221eba5297e897ce16e55f964061054b7695beedaac1145b1e259');
    expect(acs3Signature(text, 'YourAccessKeySecret')).toBe(
      '06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0',
    );
  });

  it('is read with and without blanks behind the commas', () => {
    const signature = 'a'.repeat(64);
    const expected = { accessKeyId: 'id', signedHeaders: ['host', 'x-acs-date'], signature };
    for (const comma of [',', ', ']) {
      const parts = ['Credential=id', 'SignedHeaders=host;x-acs-date', `Signature=${signature}`];
      expect(parseAuthorization(`ACS3-HMAC-SHA256 ${parts.join(comma)}`)).toEqual(expected);
    }
  });
});

describe('the gateway takes', () => {
  it.each([
    ['parameters in the query', { query: { JobIds: 'x' } }],
    ['an awkward query', { query: { JobIds: "a b+c*~'(é)!&=%20你好" } }],
    ['a GET', { method: 'GET', query: { JobIds: 'x' } }],
    ['a form', { body: 'JobIds=x', headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
    ['a parameter without a value', { query: { JobIds: 'x', Empty: '' } }],
    ['the same, signed as VOD’s own client does it', { query: { JobIds: 'x', Empty: '' }, emptyValue: '' as const }],
    ['a region in the path', { path: '/cn-beijing/', query: { JobIds: 'x' } }],
  ])('%s', async (_what, made) => {
    const { url } = await startEmulator();
    expect(await callByHand(url, 'ListAIJob', made)).toMatchObject({ status: 200, body: { AIJobList: { AIJob: [] } } });
  });

  it('a session token, when it belongs to the key', async () => {
    const { url } = await startEmulator({ accessKeys: [{ ...ACCESS_KEY, securityToken: 'STS.tok' }] });
    const headers = { 'x-acs-security-token': 'STS.tok', 'x-acs-accesskey-id': ACCESS_KEY.id };
    expect(await callByHand(url, 'ListAIJob', { query: { JobIds: 'x' }, headers })).toMatchObject({ status: 200 });
  });
});

describe('the gateway refuses', () => {
  it.each([
    ...['x-acs-action', 'x-acs-version', 'x-acs-date', 'x-acs-signature-nonce', 'x-acs-content-sha256'].map(
      (name) => [`no ${name}`, { headers: { [name]: undefined } }, 400, 'MissingParameter'] as const,
    ),
    ['another version', { headers: { 'x-acs-version': '2016-01-01' } }, 404, 'InvalidProduct.NotFound'],
    ['an unknown operation', { headers: { 'x-acs-action': 'DropAll' } }, 404, 'InvalidApi.NotFound'],
    ['a wrong secret', { secret: 'wrong' }, 400, 'SignatureDoesNotMatch'],
    ['a body that was not signed', { body: 'JobIds=x', sentBody: 'JobIds=y' }, 400, 'SignatureDoesNotMatch'],
    ['a time too old', { headers: { 'x-acs-date': stamp(NOW - 16 * 60_000) } }, 400, 'InvalidTimeStamp.Expired'],
    ['a time of another form', { headers: { 'x-acs-date': 'today' } }, 400, 'InvalidTimeStamp.Format'],
    ['a token that the key has not', { headers: { 'x-acs-security-token': 'STS.old' } }, 400, 'InvalidSecurityToken.Expired'],
    ['a header that is sent and not signed', { signedHeaders: ['host', 'x-acs-date'] }, 400, 'IncompleteSignature'],
    ['an Authorization cut short', { authorization: (right: string) => right.slice(0, -1) }, 400, 'IncompleteSignature'],
    [
      'another algorithm',
      { authorization: (right: string) => right.replace('ACS3-HMAC-SHA256', 'ACS3-HMAC-SM3') },
      400,
      'IncompleteSignature',
    ],
    [
      'an unknown key',
      { authorization: (right: string) => right.replace(ACCESS_KEY.id, 'nobody') },
      404,
      'InvalidAccessKeyId.NotFound',
    ],
  ] as const)('%s', async (_what, made, status, code) => {
    const { url } = await startEmulator({ clock: () => NOW });
    const headers = { 'x-acs-date': stamp(NOW), ...('headers' in made ? made.headers : {}) };
    const answer = await callByHand(url, 'ListAIJob', {
      query: { JobIds: 'x' },
      ...made,
      headers,
    });
    expect(answer).toMatchObject({ status, body: { Code: code, HostId: 'vod.cn-shanghai.aliyuncs.com' } });
  });

  it('a call without the session token that its key needs', async () => {
    const { url } = await startEmulator({ accessKeys: [{ ...ACCESS_KEY, securityToken: 'STS.tok' }] });
    const { body } = await callByHand(url, 'ListAIJob', { query: { JobIds: 'x' } });
    expect(body).toMatchObject({ Code: 'MissingParameter', Message: expect.stringContaining('x-acs-security-token') });
  });

  it('a nonce that was used, whichever way the first call was signed', async () => {
    const { url, ask } = await startEmulator();
    await ask('ListAIJob', { JobIds: 'x', SignatureNonce: 'once' });
    const made = { query: { JobIds: 'x' }, headers: { 'x-acs-signature-nonce': 'once' } };
    expect((await callByHand(url, 'ListAIJob', made)).body.Code).toBe('SignatureNonceUsed');
  });

  it('and explains what it would have signed, without secret, signature and token', async () => {
    const key = { ...ACCESS_KEY, securityToken: 'canary-token' };
    const { url } = await startEmulator({ accessKeys: [key] });
    let right = '';
    const { body } = await callByHand(url, 'ListAIJob', {
      query: { JobIds: 'x y' },
      secret: 'wrong',
      headers: { 'x-acs-security-token': 'canary-token' },
      authorization: (text) => (right = text),
    });
    expect(body.Message).toContain('server StringToSign is [ACS3-HMAC-SHA256\n');
    expect(body.Message).toContain('server CanonicalRequest is [POST\n/\nJobIds=x%20y\nhost:127.0.0.1');
    expect(body.Message).toContain('x-acs-security-token:***');
    for (const secret of [ACCESS_KEY.secret, 'canary-token', right.slice(-64)]) expect(body.Message).not.toContain(secret);
  });
});
