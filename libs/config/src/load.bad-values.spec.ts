import { problemsOf } from '../test/environments';

describe('a bad value', () => {
  it.each([
    ['API_PORT', '65536', 'a whole number from 0 to 65535'],
    ['API_PORT', '-1', 'a whole number from 0 to 65535'],
    ['API_PORT', '3000.5', 'a whole number from 0 to 65535'],
    ['OPS_PORT_API', 'x', 'a whole number from 0 to 65535'],
    ['SUBMIT_QPS', '0', 'a whole number from 1 to 10000'],
    ['SUBMIT_QPS', '3e1', 'a whole number from 1 to 10000'],
    ['DISPATCH_WINDOW', '0', 'a duration from 500ms on such as 2s, or a whole number of requests'],
    ['DISPATCH_WINDOW', '499ms', 'a duration from 500ms on such as 2s'], // it would run dry between two looks
    ['DISPATCH_WINDOW', '2 s', 'a whole number of requests from 1 to 1000000'],
    ['API_RATE', '0', 'a whole number from 1 to 1000000'],
    ['API_STREAMS', '-1', 'a whole number from 1 to 100000'],
    ['API_WAITS', 'many', 'a whole number from 1 to 100000'],
    ['TRUST_PROXY', '0', 'a comma list of addresses and networks such as 10.0.0.0/8,::1, or how many proxies stand in front, 1 to 10'], // prettier-ignore
    ['TRUST_PROXY', '11', '1 to 10'],
    ['TRUST_PROXY', 'true', 'entry 1 is none'],
    ['TRUST_PROXY', '10.0.0.0/8,', 'entry 2 is none'],
    ['TRUST_PROXY', '10.0.0.0/33', 'entry 1 is none'],
    ['TRUST_PROXY', '0.0.0.0/0', 'entry 1 is none'], // everybody
    ['TRUST_PROXY', '::/0', 'entry 1 is none'],
    ['TRUST_PROXY', '10.0.0', 'entry 1 is none'],
    ['TRUST_PROXY', '::1, 2001:db8::/129', 'entry 2 is none'],
    ['LEASE', '60', 'a duration from 1ms to 576h'],
    ['LEASE', '0s', 'a duration from 1ms to 576h'],
    ['JOB_DEADLINE', '577h', 'a duration from 1ms to 576h'],
    ['RECOVER_AFTER', '30s,10s', 'each longer than the one before'],
    ['RECOVER_AFTER', '10s,', 'each longer than the one before'],
    ['RECOVER_BY', 'events', 'none, or a comma list of extend, event, listing'],
    ['RESEND_PINNED', 'yes', 'true or false'],
    ['RESEND_PINNED', 'constructor', 'true or false'],
    ['ENVIRONMENT_NAME', 'production:crimson', 'one of gray, red, orange, yellow, green, blue, purple'],
    ['ENVIRONMENT_NAME', ':red', 'a name of at most 32 characters'],
    ['ENVIRONMENT_NAME', 'production:red:', 'such as production:red'],
    ['ENVIRONMENT_NAME', 'a\nb', 'a name of at most 32 characters'],
    ['ENVIRONMENT_NAME', 'x'.repeat(33), 'a name of at most 32 characters'],
    ['VOD_REGIONS', 'cn-shanghai,cn-shanghai', 'a comma list of region ids'],
    ['VOD_REGIONS', 'Shanghai', 'a comma list of region ids'],
    ['VOD_ENDPOINT', 'vod.aliyuncs.com', 'an http(s) URL'],
    ['VOD_ENDPOINT', 'ftp://vod.aliyuncs.com', 'an http(s) URL'],
    ['VOD_ENDPOINT', 'https://vod.{zone}.aliyuncs.com', 'an http(s) URL'],
    ['VOD_CALLBACK_URL', ' https://example.com/vod', 'an http(s) URL'],
    ['VOD_MNS_ENDPOINT', '1234.mns.cn-shanghai.aliyuncs.com', 'an http(s) URL such as https://{uid}.mns.{region}.aliyuncs.com'], // prettier-ignore
    ['VOD_MNS_ENDPOINT', 'https://{account}.mns.cn-shanghai.aliyuncs.com', 'without user, query or fragment'],
    ['VOD_MNS_ENDPOINT', 'https://mns.test/#queue', 'without user, query or fragment'],
    ['VOD_MNS_QUEUE', 'vod_callback', 'up to 120 letters, digits and hyphens'],
    ['VOD_MNS_QUEUE', '-vod', 'a letter or a digit first'],
    ['VOD_MNS_QUEUE', '{uid}'.repeat(8), 'the name of a queue'],
    ['ALIBABA_CLOUD_ACCOUNT_ID', 'me@example.com', 'a number such as 1234567890123456'],
    ['VOD_CALLBACK_AUTH', 'none', 'one of required, hint'],
    [
      'DELIVERY_ALLOW',
      'shop.internal',
      'a comma list of addresses and networks such as 10.20.0.0/16,fd12:3456::/32; entry 1 is none',
    ],
    ['DELIVERY_ALLOW', '10.0.0.0/8,0.0.0.0/0', 'entry 2 is none'],
    ['DELIVERY_ALLOW', 'fd00::/129', 'entry 1 is none'],
    ['RETENTION', '180', '0 (for ever), or days from 1d to 36500d such as 180d'],
    ['RETENTION', '0d', 'days from 1d'],
    ['EVENT_BODY_RETENTION', '12h', 'days from 1d'],
    ['KEY_RETENTION', '40000d', 'to 36500d'],
    ['LOG_LEVEL', 'loud', 'one of trace, debug'],
    ['LOG_FORMAT', 'xml', 'one of json, pretty'],
    ['HOST', 'http://localhost', 'an address'],
    ['EMULATOR_JOB_TIME', '6s-2s', 'two of them as in 2s-6s'],
    ['EMULATOR_JOB_TIME', '1s-2s-3s', 'two of them as in 2s-6s'],
  ])('%s=%s says what was expected and what was got', (name, value, expected) => {
    const [problem, ...others] = problemsOf({ [name]: value });
    expect(others).toEqual([]);
    expect(problem).toMatch(new RegExp(`^${name}: expected `));
    expect(problem).toContain(expected);
    expect(problem).toContain(`got ${JSON.stringify(value)}`);
  });

  it('never comes alone: all of them are said at once, with what contradicts what', () => {
    const problems = problemsOf(
      { API_PORT: 'x', LOG_LEVEL: 'loud', POLL_FIRST: '20m', VOD_REGION: 'cn-beijing' },
      'api',
    );
    const named = new Set(problems.map((line) => line.split(':')[0]));
    expect(named).toEqual(new Set(['API_KEYS', 'API_PORT', 'DATABASE_URL', 'LOG_LEVEL', 'POLL_FIRST', 'VOD_REGION']));
    expect(problems).toHaveLength(named.size);
  });

  it('of a relation is not judged twice', () => {
    expect(problemsOf({ POLL_FIRST: '20m', POLL_MAX: 'long' })).toHaveLength(1);
  });

  it('POLL_FIRST is at most POLL_MAX, and equal is fine', () => {
    expect(problemsOf({ POLL_FIRST: '20m' })).toEqual([
      'POLL_FIRST: expected at most POLL_MAX, got 1200000 ms and a POLL_MAX of 600000 ms',
    ]);
    expect(problemsOf({ POLL_FIRST: '10m' })).toEqual([]);
  });

  it('LEASE outlives the call', () => {
    expect(problemsOf({ LEASE: '20999ms', VOD_TIMEOUT: '10s' })).toEqual([
      'LEASE: expected twice VOD_TIMEOUT and a second more at least, because a lease must outlive the call and the wait for it, got 20999 ms and a VOD_TIMEOUT of 10000 ms',
    ]);
    expect(problemsOf({ LEASE: '21s', VOD_TIMEOUT: '10s' })).toEqual([]);
  });

  it('a key outlives the record of its request', () => {
    expect(problemsOf({ RETENTION: '500d' })).toEqual([
      'KEY_RETENTION: expected at least RETENTION, because a request that is repeated after its key is forgotten is paid again, got 400d and a RETENTION of 500d',
    ]);
    expect(problemsOf({ RETENTION: '400d' })).toEqual([]);
    expect(problemsOf({ RETENTION: '500d', KEY_RETENTION: '0' })).toEqual([]);
    expect(problemsOf({ RETENTION: '0', KEY_RETENTION: '1d' })).toEqual([]);
  });

  it('a queue is an endpoint and a name', () => {
    const [endpoint, queue] = ['https://1234.mns.{region}.aliyuncs.com', 'vod-{region}'];
    expect(problemsOf({ VOD_MNS_ENDPOINT: endpoint })).toEqual([
      'VOD_MNS_QUEUE: expected a value, because VOD_MNS_ENDPOINT is set, got nothing',
    ]);
    expect(problemsOf({ VOD_MNS_QUEUE: queue })).toEqual([
      'VOD_MNS_ENDPOINT: expected a value, because VOD_MNS_QUEUE is set, got nothing',
    ]);
    expect(problemsOf({ VOD_MNS_ENDPOINT: endpoint, VOD_MNS_QUEUE: queue })).toEqual([]);
  });

  it('an account that has to be filled in is known', () => {
    const [endpoint, queue] = ['https://{uid}.mns.{region}.aliyuncs.com', 'vod'];
    expect(problemsOf({ VOD_MNS_ENDPOINT: endpoint, VOD_MNS_QUEUE: queue })).toEqual([
      'ALIBABA_CLOUD_ACCOUNT_ID: expected the id of your account, which the console shows, because VOD_MNS_ENDPOINT has {uid}; or write the number there, got nothing',
    ]);
    expect(problemsOf({ VOD_MNS_ENDPOINT: 'https://1.mns.test', VOD_MNS_QUEUE: 'vod-{uid}' })).toHaveLength(1);
    const account = { ALIBABA_CLOUD_ACCOUNT_ID: '1234567890123456' };
    expect(problemsOf({ VOD_MNS_ENDPOINT: endpoint, VOD_MNS_QUEUE: queue, ...account })).toEqual([]);
  });

  it('the callback URL is at most 256 bytes in every region', () => {
    const ascii = `https://example.com/${'x'.repeat(236)}`;
    expect(problemsOf({ VOD_CALLBACK_URL: ascii })).toEqual([]);
    expect(problemsOf({ VOD_CALLBACK_URL: `${ascii}x` })).toEqual([
      "VOD_CALLBACK_URL: expected at most 256 bytes, which is VOD's limit, got 257 bytes",
    ]);
    expect(problemsOf({ VOD_CALLBACK_URL: `https://example.com/${'é'.repeat(119)}` })).toHaveLength(1); // characters aren't bytes
    const short = `https://example.com/{region}/${'x'.repeat(224)}`; // 256 with cn-shanghai
    expect(problemsOf({ VOD_CALLBACK_URL: short, VOD_REGIONS: 'cn-shanghai' })).toEqual([]);
    expect(problemsOf({ VOD_CALLBACK_URL: short, VOD_REGIONS: 'cn-shanghai,ap-southeast-1' })).toHaveLength(1);
  });
});
