import { faultRule } from '@app/vod-emulator';
import { accountSecrets, VodAccount } from '../../../test/support/vod-account';

const shanghai = 'https://vodai.example/vod/cn-shanghai';
const { callbackKey, oldCallbackKey, foreignCallbackKey } = accountSecrets;
const theirs = { type: 'HTTP', url: 'https://others.example/hook', key: foreignCallbackKey } as const;

let account: VodAccount;
afterEach(async () => {
  account.assertKeptSecrets();
  await account.close();
});

const configure = (args: string[] = [], options: Parameters<VodAccount['run']>[1] = {}) =>
  account.run(['configure', ...args], options);

describe('vod:configure', () => {
  it('shows how VOD differs, sets it, and has nothing left to do', async () => {
    account = await VodAccount.start();
    const { code, heard } = await configure(['--yes']);
    expect(code).toBe(0);
    expect(heard.said).toEqual([
      'cn-shanghai, app-1000000: different',
      '  CallbackType: none → HTTP',
      `  CallbackURL: none → ${shanghai}`,
      '  AuthSwitch: off → on',
      '  AuthKey: none → key 1 of VOD_CALLBACK_KEYS',
      '  EventTypeList: none → AIComplete',
      'cn-shanghai: set',
    ]);
    expect(await account.settings()).toMatchObject({
      type: 'HTTP',
      url: shanghai,
      signed: true,
      key: callbackKey,
      eventTypes: ['AIComplete'],
    });
    const again = await configure();
    expect([again.code, again.heard.said]).toEqual([
      0,
      ['cn-shanghai, app-1000000: as it should be, events go to the URL'],
    ]);
  });

  it('only compares with --check: 1 when it differs, 0 when it does not', async () => {
    account = await VodAccount.start();
    await account.set(theirs, ['AIComplete']);
    expect(await configure(['--check'], { answer: true })).toMatchObject({ code: 1, heard: { asked: [] } });
    expect(await account.settings()).toMatchObject({ url: theirs.url });
    await configure(['--yes']);
    expect(await configure(['--check'])).toMatchObject({ code: 0 });
  });

  it.each([
    [
      ['FileUploadComplete', 'SnapshotComplete'],
      ['FileUploadComplete', 'SnapshotComplete', 'AIComplete'],
    ],
    [['ALL'], ['ALL']],
    [
      ['AIComplete', 'TranscodeComplete'],
      ['AIComplete', 'TranscodeComplete'],
    ],
  ])('leaves what others have selected: %j becomes %j', async (before, after) => {
    account = await VodAccount.start();
    await account.set(theirs, before);
    const { code } = await configure(['--yes']);
    expect([code, (await account.settings()).eventTypes]).toEqual([0, after]);
  });

  it('asks a person, and says what a yes means to others; a no changes nothing', async () => {
    account = await VodAccount.start();
    await account.set(theirs, ['AIComplete']);
    const no = await configure([], { answer: false });
    expect([no.code, (await account.settings()).url]).toEqual([1, theirs.url]);
    expect(no.heard.asked).toEqual([
      'Set this at VOD in cn-shanghai? All events of the region go there from then on, those of other systems too.',
    ]);
    const yes = await configure([], { answer: true });
    expect([yes.code, (await account.settings()).url]).toEqual([0, shanghai]);
  });

  it('changes nothing where nobody can be asked and nobody has said --yes', async () => {
    account = await VodAccount.start();
    await account.set(theirs, ['AIComplete']);
    const { code, heard } = await configure();
    expect([code, (await account.settings()).url]).toEqual([2, theirs.url]);
    expect(heard.noted.join()).toContain('Say --yes');
  });

  it('sets the first key while another of ours still verifies', async () => {
    account = await VodAccount.start();
    await account.set({ type: 'HTTP', url: shanghai, key: oldCallbackKey }, ['AIComplete']);
    const { code, heard } = await configure(['--yes']);
    expect(heard.said).toContain('  AuthKey: key 2 of VOD_CALLBACK_KEYS → key 1 of VOD_CALLBACK_KEYS');
    expect([code, (await account.settings()).key]).toEqual([0, callbackKey]);
  });

  it('goes through all regions, and sets those that differ', async () => {
    account = await VodAccount.start({ VOD_REGIONS: 'cn-shanghai,cn-beijing' });
    await account.set({ type: 'HTTP', url: shanghai, key: callbackKey }, ['AIComplete']);
    const { code, heard } = await configure(['--yes']);
    expect(heard.said.filter((line) => !line.startsWith(' '))).toEqual([
      'cn-shanghai, app-1000000: as it should be, events go to the URL',
      'cn-beijing, app-1000000: different',
      'cn-beijing: set',
    ]);
    expect(code).toBe(0);
    expect(await account.settings('cn-beijing')).toMatchObject({ url: 'https://vodai.example/vod/cn-beijing' });
  });

  it('is about the application that is named', async () => {
    account = await VodAccount.start({ VOD_APP_ID: 'app-2' });
    await configure(['--yes']);
    expect(await account.settings('cn-shanghai', 'app-2')).toMatchObject({ url: shanghai });
    expect(await account.settings()).not.toMatchObject({ url: shanghai });
  });

  const queue = { VOD_MNS_ENDPOINT: 'http://127.0.0.1:9/_mns', VOD_MNS_QUEUE: 'vod-{region}' };

  it('sets a queue, and goes from a URL to it', async () => {
    account = await VodAccount.start({ ...queue, VOD_CALLBACK_URL: '', VOD_CALLBACK_KEYS: '' });
    await account.set(theirs, ['ALL']);
    const { code, heard } = await configure(['--yes']);
    expect(heard.said).toContain('  CallbackType: HTTP → MNS');
    expect(code).toBe(0);
    expect(await account.settings()).toMatchObject({
      type: 'MNS',
      mnsEndpoint: 'http://127.0.0.1:9/_mns',
      mnsQueue: 'vod-cn-shanghai',
      eventTypes: ['ALL'],
    });
    expect(await configure(['--check'])).toMatchObject({ code: 0 });
  });

  it('wants to be told which, when there are both', async () => {
    account = await VodAccount.start(queue);
    const undecided = await configure(['--yes']);
    expect(undecided.code).toBe(2);
    expect(undecided.heard.noted.join()).toContain('--to url or --to queue');
    expect(await configure(['--yes', '--to', 'queue'])).toMatchObject({ code: 0 });
    expect(await configure(['--check', '--to', 'queue'])).toMatchObject({ code: 0 });
    expect(await configure(['--check', '--to', 'url'])).toMatchObject({ code: 1 });
  });

  it.each([
    [{ VOD_CALLBACK_URL: '' }, /VOD_CALLBACK_URL, or VOD_MNS_ENDPOINT/],
    [{ VOD_CALLBACK_KEYS: '' }, /^VOD_CALLBACK_KEYS: expected/],
  ])('says what is missing when %j', async (env, said) => {
    account = await VodAccount.start(env);
    const { code, heard } = await configure(['--yes']);
    expect([code, heard.said]).toEqual([2, []]);
    expect(heard.noted.join('\n')).toMatch(said);
  });

  it('switches signing off where events are hints and there is no key', async () => {
    account = await VodAccount.start({ VOD_CALLBACK_KEYS: '', VOD_CALLBACK_AUTH: 'hint' });
    expect(await configure(['--yes'])).toMatchObject({ code: 0 });
    expect(await account.settings()).toMatchObject({ signed: false });
  });

  it('warns of a key that breaks the rules of VOD, and of a URL that anybody on the way reads', async () => {
    account = await VodAccount.start({ VOD_CALLBACK_KEYS: 'weak', VOD_CALLBACK_URL: 'http://vodai.example/events' });
    const { code, heard } = await configure(['--yes']);
    expect(heard.noted.join('\n')).toMatch(/^VOD_CALLBACK_URL: events come over http:/);
    for (const objection of ['has no upper case letter', 'has no digit']) {
      expect(heard.noted.join('\n')).toContain(`VOD_CALLBACK_KEYS: key 1 ${objection}`);
    }
    // VOD refuses it then, and nothing is set.
    expect(code).toBe(1);
    expect(heard.noted.join('\n')).toContain('cn-shanghai: not set. VOD refuses: InvalidParameter');
  });

  it('refuses a URL that is longer than VOD takes', async () => {
    account = await VodAccount.start();
    const long = { VOD_CALLBACK_URL: `https://vodai.example/${'x'.repeat(240)}` };
    await expect(configure(['--check'], { env: long })).rejects.toThrow(/at most 256 bytes/);
  });
});

describe('vod:configure, when VOD does not answer as it should,', () => {
  it.each<[string, Record<string, string>, RegExp]>([
    ['the secret is wrong', { ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'wrong' }, /SignatureDoesNotMatch.*ACCESS_KEY_SECRET/],
    ['the key is unknown', { ALIBABA_CLOUD_ACCESS_KEY_ID: 'unknown' }, /InvalidAccessKeyId.*ACCESS_KEY_ID/],
    ['nobody is there', { VOD_ENDPOINT: 'http://127.0.0.1:9' }, /no usable answer: ECONNREFUSED/],
  ])('ends with 2, as %s', async (_, env, said) => {
    account = await VodAccount.start();
    for (const args of [['--check'], ['--yes']]) {
      const { code, heard } = await configure(args, { env });
      expect([code, heard.said]).toEqual([2, []]);
      expect(heard.noted.join('\n')).toMatch(said);
    }
  });

  it('changes nothing in any region unless all of them can be asked', async () => {
    account = await VodAccount.start({ VOD_REGIONS: 'cn-shanghai,cn-beijing' }, { regions: ['cn-shanghai'] });
    const { code, heard } = await configure(['--yes']);
    expect(code).toBe(2);
    expect(heard.noted.join('\n')).toMatch(/^cn-beijing, app-1000000: VOD refuses: InvalidProduct.NotFound/m);
    expect((await account.settings()).url).toBeNull();
  });

  it('says which permission is missing', async () => {
    const faults = [faultRule('GetMessageCallback', { fault: 'error', status: 403, code: 'Forbidden.RAM' })];
    account = await VodAccount.start({}, { faults });
    const { code, heard } = await configure(['--check']);
    expect([code, heard.noted.join('\n')]).toEqual([
      2,
      expect.stringMatching(/Forbidden.RAM.* → allow vod:GetMessageCallback: the RAM policy/),
    ]);
  });

  it('believes what VOD says afterwards, when the answer to the setting was lost', async () => {
    account = await VodAccount.start({}, { faults: [faultRule('SetMessageCallback', { fault: 'drop_after' })] });
    const { code, heard } = await configure(['--yes']);
    expect([code, heard.said.at(-1)]).toEqual([0, 'cn-shanghai: set']);
  });

  it('ends with 1 when it is not set', async () => {
    account = await VodAccount.start({}, { faults: [faultRule('SetMessageCallback', { fault: 'drop_before' })] });
    const { code, heard } = await configure(['--yes']);
    expect(code).toBe(1);
    expect(heard.noted.join('\n')).toMatch(/^cn-shanghai: not set. no usable answer: /m);
  });
});

describe('The commands', () => {
  it.each([
    [[], /expected configure or doctor, got nothing/],
    [['dig'], /expected configure or doctor, got dig/],
    [['configure', '--force'], /--force/],
    [['configure', 'now'], /now/],
    [['configure', '--to', 'both'], /--to: expected url or queue, got both/],
    [['configure', '--check', '--yes'], /--check changes nothing/],
    [['doctor', '--spend', '1'], /--spend wants --media/],
    [['doctor', '--spend', '3', '--media', 'm'], /--spend: expected 1 or 2/],
    [['doctor', '--media', 'm'], /--media is for --spend/],
    [['doctor', '--spend', '1', '--media', 'm', '--type', 'x'], /--type: expected one of AIVideoTag/],
    [['doctor', '--nonce-after', 'soon'], /--nonce-after: expected a duration/],
    [['doctor', '--nonce-after', '15m'], /--nonce-after: expected a duration up to 14m/],
  ])('do not take %j', async (args, said) => {
    account = await VodAccount.start();
    await expect(account.run(args)).rejects.toThrow(said);
  });

  it.each(['configure', 'doctor'])('tell how to use them, with their exit codes: %s', async (command) => {
    account = await VodAccount.start();
    const { code, heard } = await account.run([command, '--help']);
    expect(code).toBe(0);
    expect(heard.said.join('\n')).toMatch(/npm run vod:[\s\S]*Exit codes:\n {2}0 [\s\S]*\n {2}1 [\s\S]*\n {2}2 /);
  });
});
