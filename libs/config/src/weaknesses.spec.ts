import { enough } from '../test/environments';
import { loadConfig, type Role } from './index';

const safeDatabase = 'postgres://app:canary@localhost/vodai';

function weaknessesOf(env: NodeJS.ProcessEnv, role: Role = 'local'): string[] {
  return loadConfig(env, role).weaknesses.map(({ variable, weakness }) => `${variable}: ${weakness}`);
}

describe('A weak setting is said, without what is secret in it', () => {
  it('a key of fewer than 16 characters, by its number', () => {
    const API_KEYS = `canary:admin:${'k'.repeat(15)},b:viewer:${'k'.repeat(16)},c:viewer:canary`;
    expect(weaknessesOf({ API_KEYS })).toEqual([
      'API_KEYS: the secret of entry 1 has 15 characters and can be guessed; make one with: openssl rand -hex 24',
      'API_KEYS: the secret of entry 3 has 6 characters and can be guessed; make one with: openssl rand -hex 24',
    ]);
  });

  it.each([
    ['http://hooks.example.com/canary/{region}', 1],
    ['http://{region}.example.com/canary', 1],
    ['http://10.0.0.7:3001/canary', 1],
    ['https://hooks.example.com/canary', 0],
    ['http://127.0.0.1:3001/canary', 0],
    ['http://[::1]:3001/canary', 0],
    ['http://localhost:3001/canary', 0],
  ])('a callback URL that is not encrypted on its way: %s', (VOD_CALLBACK_URL, count) => {
    const said = weaknessesOf({ VOD_CALLBACK_URL });
    expect(said).toHaveLength(count);
    for (const one of said) expect(one).toMatch(/^VOD_CALLBACK_URL: events come over http:/);
    expect(said.join()).not.toContain('canary');
  });

  it.each([
    ['http://1234.mns.{region}.aliyuncs.com/', 1],
    ['http://{uid}.mns.{region}-internal.aliyuncs.com', 1],
    ['https://{uid}.mns.{region}.aliyuncs.com', 0],
    ['http://127.0.0.1:3002/_mns/{region}', 0],
  ])('a queue that is read without encryption: %s', (VOD_MNS_ENDPOINT, count) => {
    const env = { VOD_MNS_ENDPOINT, VOD_MNS_QUEUE: 'canary', ALIBABA_CLOUD_ACCOUNT_ID: '1234' };
    const said = weaknessesOf(env);
    expect(said).toHaveLength(count);
    for (const one of said) expect(one).toMatch(/^VOD_MNS_ENDPOINT: the queue is read over http:/);
  });

  it.each([
    ['Aa1canary', 0],
    [`Aa1${'x'.repeat(29)}`, 0],
    [`Aa1canary${'x'.repeat(29)}`, 1],
    ['Aa1 canary', 1],
    ['Aa1canary-é', 1],
  ])('a callback key that cannot be one of VOD: %s', (key, count) => {
    const said = weaknessesOf({ VOD_CALLBACK_KEYS: `Good1,${key}` });
    expect(said).toHaveLength(count);
    for (const one of said) expect(one).toMatch(/^VOD_CALLBACK_KEYS: key 2 can't be one of VOD/);
    expect(said.join()).not.toContain('canary');
  });

  it.each([
    ['postgres://app:canary@db.internal:5432/vodai', 'the URL asks for no TLS'],
    ['postgres://app:canary@10.0.0.7/vodai', 'the URL asks for no TLS'],
    ['postgres://app:canary@db/vodai?sslmode=disable', 'sslmode=disable does not insist on TLS'],
    ['postgres://app:canary@db/vodai?sslmode=prefer', 'sslmode=prefer does not insist on TLS'],
    ['postgres://app:canary@localhost/vodai?host=db.internal', 'the URL asks for no TLS'],
    ['postgres://app:canary@db/vodai?ssl=false', 'the URL asks for no TLS'],
  ])('Postgres on another host without TLS: %s', (DATABASE_URL, why) => {
    const said = weaknessesOf({ DATABASE_URL }, 'worker');
    expect(said).toEqual([expect.stringContaining(`DATABASE_URL: Postgres is on another host and ${why}`)]);
    expect(said.join()).not.toContain('canary');
  });

  it.each([
    'postgres://app:canary@db/vodai?sslmode=verify-full',
    'postgres://app:canary@db/vodai?sslmode=require',
    'postgres://app:canary@db/vodai?ssl=true',
    'postgres://app:canary@127.0.0.1:5432/vodai',
    'postgres://app:canary@[::1]:5432/vodai',
    'postgres://app:canary@localhost/vodai',
    'postgres:///vodai',
    'postgres://app@/vodai?host=/run/postgresql',
    'postgres://app@%2Frun%2Fpostgresql/vodai',
  ])('and nothing of one that is encrypted, or on this machine: %s', (DATABASE_URL) => {
    expect(weaknessesOf({ DATABASE_URL }, 'worker')).toEqual([]);
  });

  it.each([
    ['api', ['API_KEYS']],
    ['worker', []],
    ['webhook', ['VOD_CALLBACK_URL']],
    ['emulator', []],
  ] as [Role, string[]][])('by the process that reads it: %s', (role, variables) => {
    const env = {
      ...enough.emulator,
      ...enough.api,
      ...enough.webhook,
      VOD_CALLBACK_URL: 'http://hooks.example.com/vod',
    };
    const { weaknesses } = loadConfig({ ...env, DATABASE_URL: safeDatabase }, role);
    expect(weaknesses.map(({ variable }) => variable)).toEqual(variables);
  });
});
