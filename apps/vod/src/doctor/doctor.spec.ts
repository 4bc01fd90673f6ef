import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { eventually } from '@app/testing';
import { EventQueue } from '@app/vod';
import { faultRule } from '@app/vod-emulator';
import { Relay } from '../../../../test/support/relay';
import { accountSecrets, VodAccount } from '../../../../test/support/vod-account';
import { lineOf, type Finding } from './finding';
import { checkNonces } from './nonce';
import { submissionOf } from './submission';

let account: VodAccount;
let relay: Relay | null = null;
const variables = { ...process.env };
afterEach(async () => {
  process.env = { ...variables };
  account.assertKeptSecrets();
  await relay?.close();
  relay = null;
  await account.close();
});

const permissions = [
  'SubmitAIJob',
  'SubmitAIMediaAuditJob',
  'ListAIJob',
  'GetAIMediaAuditJob',
  'GetAIVideoTagResult',
  'GetMediaDNAResult',
  'GetMediaAuditResult',
  'GetMediaAuditResultTimeline',
  'ListJobInfo',
] as const;

/** How many messages a worker is given. */
async function receivedFrom(endpoint: string, queue: string): Promise<number> {
  const { accessKeyId, accessKeySecret } = accountSecrets;
  const credentials = { accessKeyId, accessKeySecret };
  const reader = new EventQueue({ endpoint, queue, credentials, timeoutMs: 5_000 });
  const received = await reader.receive(new AbortController().signal);
  reader.close();
  return received.outcome === 'messages' ? received.messages.length : 0;
}

const verdicts = (found: Map<string, Finding>) =>
  Object.fromEntries([...found].map(([name, { verdict }]) => [name, verdict]));
const wrong = (found: Map<string, Finding>) =>
  [...found].filter(([, { verdict }]) => verdict === 'bad').map(([name]) => name);

describe('vod:doctor', () => {
  it('finds nothing wrong where all is as it should be, pays nothing and leaves nothing behind', async () => {
    account = await VodAccount.start();
    await account.run(['configure', '--yes']);
    const { code, heard } = await account.run(['doctor']);
    expect(heard.said.map((line) => line.split(':')[0])).toEqual([
      '✓ credentials',
      '✓ cn-shanghai types',
      '✓ cn-shanghai access',
      '✓ cn-shanghai clock',
      ...Array.from(permissions, () => '✓ cn-shanghai vod'),
      '✓ cn-shanghai nonce memory',
      '✓ cn-shanghai callback settings',
      '– cn-shanghai queue',
      '– cn-shanghai callback URL',
    ]);
    expect([code, heard.noted]).toEqual([0, ['nothing is wrong']]);
    expect(account.emulator.ledger().billed).toBe(0);
    expect(account.emulator.jobs()).toEqual([]);
  });

  it.each(permissions)('finds that vod:%s is missing, and nothing else', async (operation) => {
    const forbidden = { fault: 'error', status: 403, code: 'Forbidden.RAM' } as const;
    account = await VodAccount.start({}, { faults: [faultRule(operation, forbidden)] });
    await account.run(['configure', '--yes']);
    const found = await account.examine();
    expect(wrong(found)).toEqual([`cn-shanghai vod:${operation}`]);
    expect(found.get(`cn-shanghai vod:${operation}`)?.remedy).toMatch(new RegExp(`^allow vod:${operation}: `));
  });

  it.each<[string, Record<string, string>, string, RegExp]>([
    [
      'a wrong secret',
      { ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'wrong' },
      'SignatureDoesNotMatch',
      /ALIBABA_CLOUD_ACCESS_KEY_SECRET/,
    ],
    [
      'an unknown key',
      { ALIBABA_CLOUD_ACCESS_KEY_ID: 'unknown' },
      'InvalidAccessKeyId.NotFound',
      /ALIBABA_CLOUD_ACCESS_KEY_ID/,
    ],
    ['nobody there', { VOD_ENDPOINT: 'http://127.0.0.1:9' }, 'ECONNREFUSED', /VOD_ENDPOINT/],
  ])('says once what stands in the way of every call: %s', async (_, env, says, remedy) => {
    account = await VodAccount.start();
    const found = await account.examine([], env);
    expect(wrong(found)).toEqual(['cn-shanghai access']);
    expect(found.get('cn-shanghai access')).toMatchObject({
      says: expect.stringContaining(says),
      remedy: expect.stringMatching(remedy),
    });
    expect(found.get('cn-shanghai permissions')?.verdict).toBe('skipped');
    expect(JSON.stringify([...found])).not.toMatch(/wrong/);
  });

  it('says that there is no access key, and asks nobody', async () => {
    for (const name of Object.keys(process.env)) if (name.startsWith('ALIBABA_CLOUD_')) delete process.env[name];
    process.env['ALIBABA_CLOUD_CLI_PROFILE_DISABLED'] = 'true';
    process.env['ALIBABA_CLOUD_ECS_METADATA_DISABLED'] = 'true';
    process.env['ALIBABA_CLOUD_CREDENTIALS_FILE'] = join(tmpdir(), 'nowhere', 'none');
    process.env['ALIBABA_CLOUD_CREDENTIALS_URI'] = 'http://127.0.0.1:9/none';
    account = await VodAccount.start();
    const found = await account.examine([], { ALIBABA_CLOUD_ACCESS_KEY_ID: '', ALIBABA_CLOUD_ACCESS_KEY_SECRET: '' });
    expect(verdicts(found)).toEqual({ credentials: 'bad', VOD: 'skipped' });
    expect(account.emulator.overview().calls).toEqual({});
  });

  it('goes through all regions, each with what VOD offers there', async () => {
    account = await VodAccount.start({ VOD_REGIONS: 'cn-shanghai,ap-southeast-1,eu-central-1,xx-nowhere' });
    const found = await account.examine();
    expect(found.get('ap-southeast-1 types')?.says).toBe('Video fingerprint, Automated review');
    expect(found.has('ap-southeast-1 vod:GetAIVideoTagResult')).toBe(false);
    expect(found.get('ap-southeast-1 vod:GetMediaDNAResult')?.verdict).toBe('ok');
    expect(found.get('eu-central-1 types')).toMatchObject({
      verdict: 'bad',
      remedy: expect.stringContaining('cn-beijing'),
    });
    expect(found.get('xx-nowhere types')).toMatchObject({
      verdict: 'bad',
      remedy: expect.stringContaining('VOD_REGIONS'),
    });
    expect(found.get('xx-nowhere access')?.verdict).toBe('bad');
  });

  it.each([
    [600, "behind VOD's"],
    [-600, "ahead of VOD's"],
  ])('sees by the date of an answer that the clocks are %d s apart', async (seconds, said) => {
    relay = await Relay.start(async (_passing, passOn) => {
      const passed = await passOn(account.url);
      const date = new Date(Date.now() + seconds * 1000).toUTCString();
      return { ...passed, headers: { ...passed.headers, date } };
    });
    account = await VodAccount.start();
    const found = await account.examine([], { VOD_ENDPOINT: `${relay.url}/{region}` });
    expect(found.get('cn-shanghai clock')).toMatchObject({ verdict: 'bad', says: expect.stringContaining(said) });
    expect((await account.examine()).get('cn-shanghai clock')?.verdict).toBe('ok');
  });

  it('compares the callback settings, and takes any key of ours for right', async () => {
    account = await VodAccount.start();
    const settings = async () => (await account.examine()).get('cn-shanghai callback settings');
    expect(await settings()).toMatchObject({ verdict: 'bad', remedy: 'npm run vod:configure sets it' });
    const url = 'https://vodai.example/vod/cn-shanghai';
    await account.set({ type: 'HTTP', url, key: accountSecrets.oldCallbackKey }, ['ALL']);
    expect(await settings()).toMatchObject({ verdict: 'ok', says: 'events go to VOD_CALLBACK_URL' });
    await account.set({ type: 'HTTP', url, key: accountSecrets.foreignCallbackKey }, ['SnapshotComplete']);
    expect((await settings())?.says).toBe(
      'AuthKey is another key, not key 1 of VOD_CALLBACK_KEYS; EventTypeList is 1 others, not these and AIComplete',
    );
  });

  it('takes either way for right where there are two', async () => {
    const queue = { VOD_MNS_ENDPOINT: 'http://127.0.0.1:9/_mns', VOD_MNS_QUEUE: 'events' };
    account = await VodAccount.start(queue);
    const settings = async () => (await account.examine()).get('cn-shanghai callback settings');
    await account.run(['configure', '--yes', '--to', 'queue']);
    expect(await settings()).toMatchObject({ verdict: 'ok', says: 'events go to VOD_MNS_QUEUE' });
    await account.run(['configure', '--yes', '--to', 'url']);
    expect(await settings()).toMatchObject({ verdict: 'ok', says: 'events go to VOD_CALLBACK_URL' });
  });

  it('does not hold a key for wrong that may not ask for the settings: a worker needs no such permission', async () => {
    const forbidden = { fault: 'error', status: 403, code: 'Forbidden.RAM' } as const;
    account = await VodAccount.start({}, { faults: [faultRule('GetMessageCallback', forbidden)] });
    const found = await account.examine();
    expect(found.get('cn-shanghai callback settings')).toMatchObject({
      verdict: 'skipped',
      says: expect.stringContaining('vod:GetMessageCallback'),
    });
  });

  it('sees whether the queue is there, and takes nothing out of it', async () => {
    account = await VodAccount.start({}, { queues: ['events'] });
    const queue = async (env: Record<string, string> = {}) => {
      const all = { VOD_MNS_ENDPOINT: `${account.url}/_mns/{region}`, VOD_MNS_QUEUE: 'events', ...env };
      return (await account.examine([], all)).get('cn-shanghai queue');
    };
    await account.run(['configure', '--yes', '--to', 'queue'], {
      env: { VOD_MNS_ENDPOINT: `${account.url}/_mns/{region}`, VOD_MNS_QUEUE: 'events' },
    });
    await account.client().submit('cn-shanghai', submissionOf('AIVideoTag', 'a-media'));
    const waiting = () => account.emulator.overview().callbacks.delivered;
    await eventually('its event is in the queue', () => waiting() === 1);
    expect(await queue()).toMatchObject({ verdict: 'ok', says: 'events is there, and lets this key delete' });
    expect(await receivedFrom(`${account.url}/_mns/cn-shanghai`, 'events')).toBe(1);

    expect(await queue({ VOD_MNS_QUEUE: 'others' })).toMatchObject({
      verdict: 'bad',
      says: expect.stringContaining('QueueNotExist'),
      remedy: expect.stringContaining('VOD_MNS_QUEUE'),
    });
    expect(await queue({ VOD_MNS_ENDPOINT: 'http://127.0.0.1:9' })).toMatchObject({
      verdict: 'bad',
      says: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('is in JSON what it is in lines', async () => {
    account = await VodAccount.start();
    const lines = await account.run(['doctor']);
    const json = await account.run(['doctor', '--json']);
    const { ok, findings } = JSON.parse(json.heard.said.join('\n')) as { ok: boolean; findings: Finding[] };
    expect(findings.map(lineOf)).toEqual(lines.heard.said.map((line) => expect.stringContaining(line.slice(0, 20))));
    expect([ok, json.code, lines.code]).toEqual([false, 1, 1]);
  });
});

describe('The memory of nonces', () => {
  const nonces = async () => (await account.examine()).get('cn-shanghai nonce memory');

  it('is tried with bytes that cost nothing, whatever VOD makes of them', async () => {
    account = await VodAccount.start();
    expect(await nonces()).toMatchObject({ verdict: 'ok', says: '3 of 3 repetitions of the same bytes refused' });
    account.emulator.configure({ nonceMemory: 'off' });
    expect(await nonces()).toMatchObject({
      verdict: 'bad',
      says: '0 of 3 repetitions of the same bytes refused',
      remedy: expect.stringContaining('RESEND_PINNED=false'),
    });
    expect(account.emulator.ledger().billed).toBe(0);
  });

  it('is tried once more after a time', async () => {
    account = await VodAccount.start();
    const found = await account.examine(['--nonce-after', '50ms']);
    expect(found.get('cn-shanghai nonce memory')?.says).toBe('4 of 4 repetitions of the same bytes refused');
  });

  it.each([
    ['throttles the first', { fault: 'throttle' }, 1],
    ['throttles a repetition', { fault: 'throttle' }, 3],
    ['loses the answer to the first', { fault: 'drop_after' }, 1],
    ['loses the answer to a repetition', { fault: 'drop_after' }, 2],
  ] as const)('is not judged when VOD %s', async (_, fault, nth) => {
    account = await VodAccount.start({}, { nonceMemory: 'off', faults: [faultRule('SubmitAIJob', fault, { nth })] });
    const found = await checkNonces({ open: () => account.client(), wait: async () => {} }, 'cn-shanghai', null);
    expect(found).toMatchObject({ verdict: 'skipped', says: expect.stringMatching(/^not known/) });
  });
});
