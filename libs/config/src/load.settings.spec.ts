import { database, enough, problemsOf } from '../test/environments';
import { callbackUrls, eventQueues, jobCallbacks, loadConfig, parseDuration, signedUrls } from './index';

const DAY = 86_400_000;

describe('without anything set', () => {
  it('has the defaults of the contract', () => {
    expect(loadConfig(enough.worker, 'worker')).toEqual({
      databaseUrl: database,
      host: '127.0.0.1',
      ports: { api: 3000, webhook: 3001, worker: 3003, emulator: 3002 },
      operationsPorts: {},
      apiKeys: [],
      callers: { rate: 2_500, streams: 1_000, waits: 1_000 },
      vod: {
        regions: ['cn-shanghai'],
        endpoint: 'https://vod.{region}.aliyuncs.com',
        credentials: 'default-chain',
        timeoutMs: 10_000,
        proxy: {},
        configExtras: [],
        callback: { keys: [], auth: 'required', toleranceMs: 900_000, perJob: null },
        appId: 'app-1000000',
      },
      limits: { submitQps: 30, collectQps: 20, maxInFlight: 0, dispatchWindow: 60 },
      alarms: {
        leaseMs: 60_000,
        pollFirstMs: 60_000,
        pollMaxMs: 600_000,
        recoverAfterMs: [10_000, 30_000, 120_000],
        recoverGraceMs: 1_200_000,
        jobDeadlineMs: 86_400_000,
      },
      deliveries: { allow: [] },
      recovery: { by: ['extend', 'event', 'listing'], resendPinned: true },
      retention: { recordsMs: 180 * DAY, eventBodiesMs: 30 * DAY, keysMs: 400 * DAY },
      log: { level: 'info', format: 'json' },
      emulator: { jobTimeMs: { minMs: 2_000, maxMs: 6_000 } },
      weaknesses: [expect.objectContaining({ variable: 'DATABASE_URL' })],
    });
  });

  it('local mode reads like a person wants it and leaves the endpoint to the emulator', () => {
    const config = loadConfig({}, 'local');
    expect(config.log.format).toBe('pretty');
    expect(config.vod.endpoint).toBeUndefined();
    expect(config.vod.credentials).toBeUndefined();
  });

  it('an empty variable counts as unset', () => {
    expect(loadConfig({ ...enough.worker, REDIS_URL: '', SUBMIT_QPS: '' }, 'worker')).toEqual(
      loadConfig(enough.worker, 'worker'),
    );
  });
});

describe('what is set', () => {
  it('gives the operations of each process a port of their own', () => {
    const env = { OPS_PORT_API: '9000', OPS_PORT_WORKER: '9003', OPS_PORT_WEBHOOK: '0' };
    expect(loadConfig(env, 'local').operationsPorts).toEqual({ api: 9000, worker: 9003, webhook: 0 });
    expect(problemsOf({ OPS_PORT_WEBHOOK: '3001' })).toEqual([
      'OPS_PORT_WEBHOOK: expected another port than WEBHOOK_PORT, got 3001 for both',
    ]);
    expect(problemsOf({ OPS_PORT_API: '0', API_PORT: '0' })).toEqual([]);
  });

  it.each([
    ['2s', '30', 60],
    ['500ms', '1', 1],
    ['2s', '10000', 1_000], // so many wait at most, whatever the quota
    ['5000', '30', 5_000],
  ])('lets wait in BullMQ what fits into DISPATCH_WINDOW=%s with SUBMIT_QPS=%s', (window, qps, requests) => {
    const { limits } = loadConfig({ ...enough.worker, DISPATCH_WINDOW: window, SUBMIT_QPS: qps }, 'worker');
    expect(limits.dispatchWindow).toBe(requests);
  });

  it('is read into its units', () => {
    const config = loadConfig(
      {
        ...enough.api,
        API_KEYS: 'demo:operator:s3cret, boss:admin:with:colons',
        VOD_REGIONS: 'cn-beijing, ap-southeast-1',
        VOD_CALLBACK_KEYS: 'New1,Old1',
        VOD_TIMEOUT: '1500ms',
        RECOVER_AFTER: '1s,1m',
        RECOVER_BY: 'event, listing',
        RESEND_PINNED: 'false',
        API_PORT: '0',
        REDIS_URL: 'rediss://cache:6380',
        EMULATOR_JOB_TIME: '2s',
        RETENTION: '2d',
        EVENT_BODY_RETENTION: '0',
      },
      'api',
    );
    expect(config.apiKeys).toEqual([
      { name: 'demo', role: 'operator', secret: 's3cret' },
      { name: 'boss', role: 'admin', secret: 'with:colons' },
    ]);
    expect(config.vod.regions).toEqual(['cn-beijing', 'ap-southeast-1']);
    expect(config.vod.callback.keys).toEqual(['New1', 'Old1']);
    expect(config.vod.timeoutMs).toBe(1500);
    expect(config.alarms.recoverAfterMs).toEqual([1000, 60_000]);
    expect(config.recovery).toEqual({ by: ['event', 'listing'], resendPinned: false });
    expect(config.ports.api).toBe(0);
    expect(config.redisUrl).toBe('rediss://cache:6380');
    expect(config.emulator.jobTimeMs).toEqual({ minMs: 2000, maxMs: 2000 });
    expect(config.retention).toEqual({ recordsMs: 172_800_000, eventBodiesMs: null, keysMs: 400 * DAY });
  });

  it.each([
    ['production:red', { name: 'production', color: 'red' }],
    ['staging', { name: 'staging', color: 'gray' }],
    ['预发 2 : purple', { name: '预发 2', color: 'purple' }],
  ])('the environment %j is %j', (text, environment) => {
    expect(loadConfig({ ENVIRONMENT_NAME: text }, 'local')).toMatchObject({ environment });
  });

  it.each([
    ['1', { hops: 1 }],
    ['10', { hops: 10 }],
    ['127.0.0.1', { networks: ['127.0.0.1'] }],
    ['10.0.0.0/8, ::1,2001:db8::/32', { networks: ['10.0.0.0/8', '::1', '2001:db8::/32'] }],
  ])('the proxies %j are %j', (text, trustedProxies) => {
    expect(loadConfig({ TRUST_PROXY: text }, 'local')).toMatchObject({ trustedProxies });
  });

  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['5m', 300_000],
    ['24h', 86_400_000],
    ['0s', 0],
    ['30', undefined],
    ['1.5s', undefined],
    ['-1s', undefined],
    ['5 m', undefined],
    ['5d', undefined],
    ['', undefined],
  ])('the duration %j is %j ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it('names whom clients may have told', () => {
    const { deliveries } = loadConfig({ ...enough.api, DELIVERY_ALLOW: '10.20.0.0/16, ::1,192.168.1.5' }, 'api');
    expect(deliveries).toEqual({ allow: ['10.20.0.0/16', '::1', '192.168.1.5'] });
  });

  it('gives every region its callback URL, byte for byte', () => {
    const config = loadConfig({ ...enough.webhook, VOD_REGIONS: 'cn-shanghai,cn-beijing' }, 'webhook');
    expect([...callbackUrls(config)]).toEqual([
      ['cn-shanghai', 'https://example.com/vod/cn-shanghai'],
      ['cn-beijing', 'https://example.com/vod/cn-beijing'],
    ]);
    expect(callbackUrls(loadConfig({}, 'local')).size).toBe(0);
  });
});

describe('a callback per job', () => {
  const both = { VOD_REGIONS: 'cn-shanghai,cn-beijing' };
  const url = { VOD_CALLBACK_URL: 'https://example.com/vod/{region}' };
  const queue = { VOD_MNS_ENDPOINT: 'https://1234.mns.{region}.aliyuncs.com', VOD_MNS_QUEUE: 'vod' };
  const named = (env: NodeJS.ProcessEnv) => [
    ...jobCallbacks(loadConfig({ ...enough.worker, ...both, ...env }, 'worker')),
  ];
  const urls = ['cn-shanghai', 'cn-beijing'].map((region) => [region, { url: `https://example.com/vod/${region}` }]);
  const queues = ['cn-shanghai', 'cn-beijing'].map((region) => [
    region,
    { endpoint: `http://1234.mns.${region}.aliyuncs.com/`, queue: 'vod' }, // as VOD wants to have it
  ]);

  it('is named by no submission unless that is asked for', () => {
    expect(named({ ...url, ...queue })).toEqual([]);
    expect(named({ ...url, ...queue, VOD_CALLBACK_PER_JOB: 'false' })).toEqual([]);
  });

  it.each([
    ['true', url, urls],
    ['true', queue, queues],
    ['http', { ...url, ...queue }, urls],
    ['queue', { ...url, ...queue }, queues],
  ])('with %s is that of the region: %j', (VOD_CALLBACK_PER_JOB, env, expected) => {
    expect(named({ ...env, VOD_CALLBACK_PER_JOB })).toEqual(expected);
  });

  it('is the one queue that all regions share', () => {
    const shared = { VOD_MNS_ENDPOINT: 'https://1234.mns.test', VOD_MNS_QUEUE: 'vod', VOD_CALLBACK_PER_JOB: 'queue' };
    const one = { endpoint: 'https://1234.mns.test', queue: 'vod' };
    expect(named(shared).map(([, callback]) => callback)).toEqual([one, one]);
  });

  it.each([
    ['true', {}, 'VOD_CALLBACK_URL'],
    ['http', queue, 'VOD_CALLBACK_URL'],
    ['queue', url, 'VOD_MNS_QUEUE'],
  ])('with %s wants what it names: %j', (VOD_CALLBACK_PER_JOB, env, variable) => {
    const asked = { ...env, VOD_CALLBACK_PER_JOB };
    expect(problemsOf({ ...enough.worker, ...asked }, 'worker')).toEqual([
      `${variable}: expected a value, because VOD_CALLBACK_PER_JOB has each submission name it, got nothing`,
    ]);
    expect(problemsOf({ ...enough.webhook, ...asked }, 'webhook')).toEqual([]);
  });

  it('has to be chosen where there are both a URL and a queue', () => {
    expect(problemsOf({ ...enough.worker, ...url, ...queue, VOD_CALLBACK_PER_JOB: 'true' }, 'worker')).toEqual([
      'VOD_CALLBACK_PER_JOB: expected http or queue, because both VOD_CALLBACK_URL and VOD_MNS_QUEUE are set, got "true"',
    ]);
  });

  it('goes with the URL of the account, which nobody would look at without', () => {
    const account = { ...enough.webhook, ...url, VOD_CALLBACK_ACCOUNT_URL: 'https://example.com/account' };
    const [problem, ...more] = problemsOf(account, 'webhook');
    expect(problem).toMatch(
      /^VOD_CALLBACK_PER_JOB: expected true, http or queue, because VOD_CALLBACK_ACCOUNT_URL is set/,
    );
    expect(more).toEqual([]);
    expect(problemsOf({ ...account, VOD_CALLBACK_PER_JOB: 'http' }, 'webhook')).toEqual([]);
  });

  it('may be signed for the URL that is named, as it is and parsed, or for that of the account', () => {
    const signed = (env: NodeJS.ProcessEnv) =>
      Object.fromEntries(signedUrls(loadConfig({ ...enough.webhook, ...both, ...env }, 'webhook')));
    const account = { VOD_CALLBACK_ACCOUNT_URL: 'https://other.example.com/{region}' };
    expect(signed({ ...account, VOD_CALLBACK_PER_JOB: 'true' })['cn-beijing']).toEqual([
      'https://example.com/vod/cn-beijing',
      'https://other.example.com/cn-beijing',
    ]);
    expect(signed({ VOD_CALLBACK_URL: 'https://EXAMPLE.com', VOD_CALLBACK_PER_JOB: 'http' })['cn-shanghai']).toEqual([
      'https://EXAMPLE.com',
      'https://example.com/',
    ]);
  });
});

describe('the queue of events', () => {
  const queuesOf = (env: NodeJS.ProcessEnv) => [...eventQueues(loadConfig({ ...enough.worker, ...env }, 'worker'))];

  it('is one for each region, with region and account filled in', () => {
    const env = {
      VOD_REGIONS: 'cn-shanghai,cn-beijing',
      VOD_MNS_ENDPOINT: 'https://{uid}.mns.{region}.aliyuncs.com/',
      VOD_MNS_QUEUE: 'vod-{uid}',
      ALIBABA_CLOUD_ACCOUNT_ID: '1234',
    };
    expect(queuesOf(env)).toEqual([
      ['cn-shanghai', { endpoint: 'https://1234.mns.cn-shanghai.aliyuncs.com/', queue: 'vod-1234' }],
      ['cn-beijing', { endpoint: 'https://1234.mns.cn-beijing.aliyuncs.com/', queue: 'vod-1234' }],
    ]);
  });

  it('is one for all of them where its name has no region, and belongs to its region where there is one', () => {
    const shared = { VOD_MNS_ENDPOINT: 'https://1234.mns.cn-shanghai.aliyuncs.com', VOD_MNS_QUEUE: 'vod' };
    const address = { endpoint: shared.VOD_MNS_ENDPOINT, queue: 'vod' };
    expect(queuesOf({ ...shared, VOD_REGIONS: 'cn-shanghai,cn-beijing' })).toEqual([['*', address]]);
    expect(queuesOf(shared)).toEqual([['cn-shanghai', address]]);
    expect(queuesOf({ ...shared, VOD_MNS_QUEUE: 'vod-{region}', VOD_REGIONS: 'cn-shanghai,cn-beijing' })).toHaveLength(
      2,
    );
    expect(queuesOf({})).toEqual([]);
  });

  it('is for those that call VOD alone', () => {
    const env = { VOD_MNS_ENDPOINT: 'https://{uid}.mns.{region}.aliyuncs.com' };
    expect(problemsOf({ ...enough.webhook, ...env }, 'webhook')).toEqual([]);
    const both = { ...env, VOD_MNS_QUEUE: 'vod' };
    expect(eventQueues(loadConfig({ ...enough.api, ...both }, 'api')).size).toBe(0);
  });
});

describe('what VOD has learned since', () => {
  it('is a list of keys and values', () => {
    const env = { VOD_CONFIG_EXTRA: 'AIVideoTag.AnalyseTypes=NewOne, AIMediaDNA.NewKey' };
    expect(loadConfig(env, 'local').vod.configExtras).toEqual([
      { type: 'AIVideoTag', key: 'AnalyseTypes', value: 'NewOne' },
      { type: 'AIMediaDNA', key: 'NewKey', value: null },
    ]);
  });

  it.each(['AIVideoTag', 'AIVideoTag.', 'AIVideoTag.Key=', 'AIVideoTag.Key=a b', '.Key', ','])('is not %j', (text) => {
    expect(problemsOf({ VOD_CONFIG_EXTRA: text })[0]).toMatch(
      /^VOD_CONFIG_EXTRA: expected a comma list such as .*entry 1/,
    );
  });
});
