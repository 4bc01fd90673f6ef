import { database, enough, problemsOf, roles } from '../test/environments';
import { loadConfig } from './index';

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

describe('a migration', () => {
  it('wants the database and nothing else, whatever is wrong with the rest', () => {
    const env = { DATABASE_URL: database, LEASE: '5s', VOD_TIMEOUT: '10s', SUBMIT_QPS: 'many', VOD_REGION: 'x' };
    expect(problemsOf(env, 'worker')).not.toEqual([]);
    expect(problemsOf(env, 'migrate')).toEqual([]);
    expect(problemsOf({ LEASE: '5s' }, 'migrate')).toEqual([expect.stringMatching(/^DATABASE_URL: expected /)]);
  });
});

describe('a look at VOD from the command line', () => {
  it('wants the access key of a worker, and nothing of the other settings', () => {
    const env = { ALIBABA_CLOUD_ACCESS_KEY_ID: 'id', ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'secret', VOD_TIMEOUT: '40s' };
    expect(problemsOf({ ...env, LEASE: 'long', SUBMIT_QPS: 'many' }, 'vod')).toEqual([]);
    const { vod } = loadConfig({ ...env, VOD_APP_ID: 'app-2' }, 'vod');
    expect(vod).toMatchObject({ credentials: { accessKeyId: 'id' }, appId: 'app-2', timeoutMs: 40_000 });
    expect(loadConfig({}, 'vod').vod).toMatchObject({ credentials: 'default-chain', appId: 'app-1000000' });
  });

  it.each(['app 1', 'a'.repeat(65), 'app-1/../2'])('does not take %j for an application', (id) => {
    expect(problemsOf({ VOD_APP_ID: id }, 'vod')).toEqual([expect.stringMatching(/^VOD_APP_ID: expected the id of/)]);
  });

  it('says that a URL is too long for VOD', () => {
    const url = `https://example.com/${'x'.repeat(240)}`;
    expect(problemsOf({ VOD_CALLBACK_URL: url }, 'vod')).toEqual([
      `VOD_CALLBACK_URL: expected at most 256 bytes, which is VOD's limit, got ${url.length} bytes`,
    ]);
  });
});

describe('a retention by hand', () => {
  it('wants the database and its own settings, whatever is wrong with the rest', () => {
    const env = { DATABASE_URL: database, LEASE: '5s', SUBMIT_QPS: 'many', RETENTION: '7d' };
    expect(problemsOf(env, 'retention')).toEqual([]);
    expect(loadConfig(env, 'retention').retention.recordsMs).toBe(7 * 86_400_000);
    expect(problemsOf({ ...env, RETENTION: 'long' }, 'retention')).toHaveLength(1);
  });
});
