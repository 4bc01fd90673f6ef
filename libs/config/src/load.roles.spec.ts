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

describe('a retention by hand', () => {
  it('wants the database and its own settings, whatever is wrong with the rest', () => {
    const env = { DATABASE_URL: database, LEASE: '5s', SUBMIT_QPS: 'many', RETENTION: '7d' };
    expect(problemsOf(env, 'retention')).toEqual([]);
    expect(loadConfig(env, 'retention').retention.recordsMs).toBe(7 * 86_400_000);
    expect(problemsOf({ ...env, RETENTION: 'long' }, 'retention')).toHaveLength(1);
  });
});
