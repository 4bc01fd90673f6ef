import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { callbackUrls, ConfigError, loadConfig, parseDuration, version, type Role } from './index';

const database = 'postgres://app:hunter2@db.internal:5432/vodai';
const enough = {
  api: { DATABASE_URL: database, API_KEYS: 'demo:operator:s3cret' },
  worker: { DATABASE_URL: database },
  webhook: {
    DATABASE_URL: database,
    VOD_CALLBACK_URL: 'https://example.com/vod/{region}',
    VOD_CALLBACK_KEYS: 'Key1',
  },
  emulator: { ALIBABA_CLOUD_ACCESS_KEY_ID: 'id', ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'secret' },
  migrate: { DATABASE_URL: database },
  local: {},
} satisfies Record<Role, NodeJS.ProcessEnv>;
const roles = Object.keys(enough) as Role[];

function problemsOf(env: NodeJS.ProcessEnv, role: Role = 'local'): string[] {
  try {
    loadConfig(env, role);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
}

describe('the proxy', () => {
  const proxies = (env: NodeJS.ProcessEnv, role: Role = 'worker') =>
    loadConfig({ ...enough[role], ...env }, role as 'worker').vod.proxy;

  it('is read in upper and in lower case, and without a scheme', () => {
    const read = { https: 'http://proxy:3128', http: 'https://user:pw@proxy', none: 'a.example,b' };
    expect(
      proxies({ HTTPS_PROXY: 'proxy:3128', http_proxy: 'https://user:pw@proxy', no_proxy: 'a.example,b' }),
    ).toEqual(read);
    expect(proxies({ HTTPS_PROXY: '', https_proxy: 'http://lower' })).toEqual({ https: 'http://lower' });
  });

  it('is for those that call VOD alone: nobody else stumbles over it', () => {
    expect(proxies({ HTTPS_PROXY: 'socks5://proxy' }, 'api')).toEqual({});
    expect(proxies({ HTTPS_PROXY: 'http://proxy' }, 'webhook')).toEqual({});
  });

  it.each([
    'socks5://user:hunter2@proxy',
    'http://user:hunter2@',
    'user:hunter2@proxy:port',
    'http://user:hunter2%@proxy',
    'http://user:hunter2%ff@proxy',
    'hunter2%zz:password@proxy',
  ])('cannot be %s, and is not shown', (url) => {
    const problems = problemsOf({ HTTPS_PROXY: url }, 'local');
    expect(problems).toEqual([
      expect.stringMatching(/^HTTPS_PROXY: expected the URL of an HTTP proxy .*, got \(hidden\)$/),
    ]);
    expect(problems.join()).not.toContain('hunter2');
  });

  it('may have a password with any character, escaped', () => {
    expect(proxies({ HTTPS_PROXY: 'http://user:100%25@proxy' })).toEqual({ https: 'http://user:100%25@proxy' });
    expect(problemsOf({ HTTPS_PROXY: 'http://user:100%@proxy' }, 'worker').join()).toContain('%25');
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

describe('without anything set', () => {
  it('has the defaults of the contract', () => {
    expect(loadConfig(enough.worker, 'worker')).toEqual({
      databaseUrl: database,
      host: '127.0.0.1',
      ports: { api: 3000, webhook: 3001, worker: 3003, emulator: 3002 },
      apiKeys: [],
      vod: {
        regions: ['cn-shanghai'],
        endpoint: 'https://vod.{region}.aliyuncs.com',
        credentials: 'default-chain',
        timeoutMs: 10_000,
        proxy: {},
        configExtras: [],
        callback: { keys: [], auth: 'required', toleranceMs: 900_000 },
      },
      limits: { submitQps: 30, collectQps: 20, maxInFlight: 0, dispatchWindow: 1000 },
      alarms: {
        leaseMs: 60_000,
        pollFirstMs: 60_000,
        pollMaxMs: 600_000,
        recoverAfterMs: [10_000, 30_000, 120_000],
        recoverGraceMs: 1_200_000,
        jobDeadlineMs: 86_400_000,
      },
      recovery: { by: ['extend', 'event', 'listing'], resendPinned: true },
      log: { level: 'info', format: 'json' },
      emulator: { jobTimeMs: { minMs: 2_000, maxMs: 6_000 } },
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
  });

  it.each([
    ['production:red', { name: 'production', color: 'red' }],
    ['staging', { name: 'staging', color: 'gray' }],
    ['预发 2 : purple', { name: '预发 2', color: 'purple' }],
  ])('the environment %j is %j', (text, environment) => {
    expect(loadConfig({ ENVIRONMENT_NAME: text }, 'local')).toMatchObject({ environment });
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

  it('gives every region its callback URL, byte for byte', () => {
    const config = loadConfig({ ...enough.webhook, VOD_REGIONS: 'cn-shanghai,cn-beijing' }, 'webhook');
    expect([...callbackUrls(config)]).toEqual([
      ['cn-shanghai', 'https://example.com/vod/cn-shanghai'],
      ['cn-beijing', 'https://example.com/vod/cn-beijing'],
    ]);
    expect(callbackUrls(loadConfig({}, 'local')).size).toBe(0);
  });
});

describe('a role', () => {
  it.each(roles)('%s starts with what it needs and nothing else', (role) => {
    expect(problemsOf(enough[role], role)).toEqual([]);
  });

  const needs = roles.flatMap((role) => Object.keys(enough[role]).map((name) => [role, name] as const));
  it.each(needs)('%s does not start without %s', (role, name) => {
    const problems = problemsOf({ ...enough[role], [name]: undefined }, role);
    expect(problems).toEqual([
      expect.stringMatching(new RegExp(`^${name}: expected .*\\(${role} needs it\\), got nothing$`)),
    ]);
  });

  it('webhook does without keys when events are hints only', () => {
    expect(problemsOf({ ...enough.webhook, VOD_CALLBACK_KEYS: '', VOD_CALLBACK_AUTH: 'hint' }, 'webhook')).toEqual([]);
  });

  const cloudKey = {
    ALIBABA_CLOUD_ACCESS_KEY_ID: 'the-id',
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'the-secret',
    ALIBABA_CLOUD_SECURITY_TOKEN: 'the-token',
  };

  it.each(['webhook', 'api', 'migrate'] as const)('%s is never handed a cloud credential', (role) => {
    const config = loadConfig({ ...enough[role], ...cloudKey }, role);
    expect(config.vod).not.toHaveProperty('credentials');
    expect(JSON.stringify(config)).not.toMatch(/the-(id|secret|token)/);
  });

  it('worker gets the key that is set', () => {
    expect(loadConfig({ ...enough.worker, ...cloudKey }, 'worker').vod.credentials).toEqual({
      accessKeyId: 'the-id',
      accessKeySecret: 'the-secret',
      securityToken: 'the-token',
    });
  });

  it.each([
    ['ALIBABA_CLOUD_ACCESS_KEY_ID', 'ALIBABA_CLOUD_ACCESS_KEY_SECRET'],
    ['ALIBABA_CLOUD_ACCESS_KEY_SECRET', 'ALIBABA_CLOUD_ACCESS_KEY_ID'],
    ['ALIBABA_CLOUD_SECURITY_TOKEN', 'ALIBABA_CLOUD_ACCESS_KEY_ID'],
  ])('worker does not fall back to the default chain with only %s', (given, absent) => {
    expect(problemsOf({ ...enough.worker, [given]: 'x' }, 'worker')).toEqual([
      `${absent}: expected a value, because ${given} is set, got nothing`,
    ]);
  });
});

describe('a bad value', () => {
  it.each([
    ['API_PORT', '65536', 'a whole number from 0 to 65535'],
    ['API_PORT', '-1', 'a whole number from 0 to 65535'],
    ['API_PORT', '3000.5', 'a whole number from 0 to 65535'],
    ['SUBMIT_QPS', '0', 'a whole number from 1 to 10000'],
    ['SUBMIT_QPS', '3e1', 'a whole number from 1 to 10000'],
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
    ['VOD_CALLBACK_AUTH', 'none', 'one of required, hint'],
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
    expect(problemsOf({ LEASE: '20s', VOD_TIMEOUT: '10s' })).toEqual([
      'LEASE: expected longer than twice VOD_TIMEOUT, because a lease must outlive the call, got 20000 ms and a VOD_TIMEOUT of 10000 ms',
    ]);
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

describe('secrets', () => {
  it.each([
    ['API_KEYS', 'canary', "entry 1 doesn't have three parts"],
    ['API_KEYS', 'a:viewer:x,canary:viewer', "entry 2 doesn't have three parts"],
    ['API_KEYS', 'a:canary:viewer', 'the role of entry 1 is none of viewer, operator, admin'],
    ['API_KEYS', 'canary:viewer:x,canary:admin:y', 'two entries have the same name'],
    ['API_KEYS', 'a:viewer:canary,b:admin:canary', 'two entries have the same secret'],
    ['VOD_CALLBACK_KEYS', 'canary,canary', 'one of them is there twice'],
    ['VOD_CALLBACK_KEYS', 'canary,', 'one of them is empty'],
    ['DATABASE_URL', 'mysql://app:canary@db/vodai', 'a Postgres URL'],
    ['DATABASE_URL', 'postgres://app:can/ary@db:port/vodai', 'a Postgres URL'],
    ['REDIS_URL', 'http://:canary@cache', 'a Redis URL'],
    ['VOD_ENDPOINT', 'ftp://me:canary@example.com', 'an http(s) URL'],
    ['VOD_CALLBACK_URL', 'ftp://example.com/?token=canary', 'an http(s) URL'],
    ['API_KEY', 'canary', 'did you mean API_KEYS?'],
  ])('are not in the message about %s=%s, which still says what is wrong', (name, value, expected) => {
    const [problem, ...others] = problemsOf({ [name]: value });
    expect(others).toEqual([]);
    expect(problem).toContain(expected);
    expect(problem).not.toMatch(/canary|can\/ary/);
  });

  it('are not in any message about half a key either', () => {
    const problems = problemsOf({ ...enough.worker, ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'canary' }, 'worker');
    expect(problems.join()).not.toContain('canary');
  });
});

it('the version is that of the package', () => {
  expect(version).toBe(JSON.parse(readFileSync('package.json', 'utf8')).version);
});

describe('a misspelt variable', () => {
  it.each([
    ['VOD_CALLBACK_KEY', 'VOD_CALLBACK_KEYS'],
    ['VOD_REGION', 'VOD_REGIONS'],
    ['SUBMIT_QSP', 'SUBMIT_QPS'],
    ['POLL_FRIST', 'POLL_FIRST'],
    ['DISPATCH_WINDOWS', 'DISPATCH_WINDOW'],
    ['RECOVER_AFTR', 'RECOVER_AFTER'],
    ['DATABASE_URI', 'DATABASE_URL'],
    ['ALIBABA_CLOUD_ACCESSKEY_ID', 'ALIBABA_CLOUD_ACCESS_KEY_ID'],
  ])('%s is taken for %s', (name, meant) => {
    expect(problemsOf({ [name]: 'x' })).toEqual([
      `${name}: expected a variable that exists (did you mean ${meant}?), got an unknown one`,
    ]);
  });

  it("leaves other people's variables alone", () => {
    const others = ['PATH', 'HOSTS', 'LEASED', 'API_HOST', 'API_BASE_URL', 'REDIS_PORT', 'LOG_DIR', 'VOD_CONSOLE_URL'];
    const sdk = ['ALIBABA_CLOUD_PROFILE', 'ALIBABA_CLOUD_ROLE_ARN', 'ALIBABA_CLOUD_ECS_METADATA'];
    expect(problemsOf(Object.fromEntries([...others, ...sdk].map((name) => [name, 'x'])))).toEqual([]);
  });
});

describe('the URL of a store', () => {
  it.each([
    ['postgres://app:can%ary@db/vodai', 'it has a % that begins no escape: a % itself is written %25'],
    ['postgres://app:canary%@db/vodai', 'it has a % that begins no escape: a % itself is written %25'],
    ['postgres://app:can#ary@db/vodai', 'its user or password has a #, which is written %23'],
    ['postgres://app:can/ary@db:5432/vodai', 'its user or password has a /, which is written %2F'],
    ['postgres://app:can?ary@db:5432/vodai', 'its user or password has a ?, which is written %3F'],
    ['postgres://app:can ary@db/vodai', 'its user or password has a blank, which is written %20'],
  ])('that cannot be read is told what is wrong with it, and not shown', (url, wrong) => {
    const form = 'a Postgres URL such as postgres://user:password@host:5432/name';
    expect(problemsOf({ DATABASE_URL: url })).toEqual([`DATABASE_URL: expected ${form}; ${wrong}, got (hidden)`]);
  });

  it.each([
    'postgres://user@/db?host=/var/run/postgresql',
    'postgres:///db?host=/var/run/postgresql',
    'postgres://user:p%25%23%40@host/db',
    'postgresql://user@host/db?options=-c%20geqo%3Doff',
    'postgres://[::1]:5432/db',
  ])('may be %s', (url) => {
    expect(loadConfig({ DATABASE_URL: url }, 'migrate').databaseUrl).toBe(url);
  });
});

describe('a migration', () => {
  it('wants the database and nothing else, whatever is wrong with the rest', () => {
    const env = { DATABASE_URL: database, LEASE: '5s', VOD_TIMEOUT: '10s', SUBMIT_QPS: 'many', VOD_REGION: 'x' };
    expect(problemsOf(env, 'worker')).not.toEqual([]);
    expect(problemsOf(env, 'migrate')).toEqual([]);
    expect(problemsOf({ LEASE: '5s' }, 'migrate')).toEqual([expect.stringMatching(/^DATABASE_URL: expected /)]);
  });
});

describe('a secret in a file', () => {
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'vodai-secrets-'))));
  afterAll(() => rmSync(folder, { recursive: true }));

  function file(name: string, text: string): string {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  }

  it('is read from the path in <NAME>_FILE, without the line break at its end', () => {
    const config = loadConfig(
      { DATABASE_URL_FILE: file('url', `${database}\n`), API_KEYS_FILE: file('keys', 'demo:operator:s3cret\n') },
      'api',
    );
    expect(config).toMatchObject({ databaseUrl: database, apiKeys: [{ name: 'demo', secret: 's3cret' }] });
  });

  it('says which file is no use, and never what is in it', () => {
    const env = {
      DATABASE_URL_FILE: join(folder, 'nowhere'),
      REDIS_URL_FILE: file('empty', '\n'),
      API_KEYS_FILE: file('both', 'demo:operator:hunter2'),
      API_KEYS: 'demo:operator:s3cret',
    };
    expect(problemsOf(env, 'api')).toEqual([
      `DATABASE_URL_FILE: expected the path of a file that holds DATABASE_URL, got "${join(folder, 'nowhere')}" (ENOENT)`,
      `REDIS_URL_FILE: expected a file that holds REDIS_URL, got "${join(folder, 'empty')}", which is empty`,
      'API_KEYS_FILE: expected only one of it and API_KEYS, got both',
    ]);
  });

  it('with a bad value in it is blamed like the variable, and stays hidden', () => {
    const [problem] = problemsOf({ ...enough.api, DATABASE_URL: '', DATABASE_URL_FILE: file('bad', 'hunter2') }, 'api');
    expect(problem).toMatch(/^DATABASE_URL: expected a Postgres URL/);
    expect(problem).not.toContain('hunter2');
  });
});
