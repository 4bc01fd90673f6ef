import { BUILD_TIMEOUT_MS, builtDist } from './support/build';
import { Cli, describeWithTerminal, everythingPrinted, read, type CliOptions } from './support/cli';
import { Relay } from './support/relay';
import { keys, Stack } from './support/stack';

/** The commands that are about an account at VOD, as a person and a script run them: built, against a running product. */

let stack: Stack;
const cleanUps: (() => Promise<unknown>)[] = [];

beforeAll(() => builtDist(), BUILD_TIMEOUT_MS);
beforeAll(async () => {
  stack = await Stack.start();
});
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
  stack.emulator.reset();
});
afterAll(() => stack.stop());

/** All that a command reads: no database among it. */
function surroundings(more: Record<string, string> = {}): Record<string, string> {
  const names = [
    'VOD_ENDPOINT',
    'ALIBABA_CLOUD_ACCESS_KEY_ID',
    'ALIBABA_CLOUD_ACCESS_KEY_SECRET',
    'VOD_CALLBACK_URL',
    'VOD_CALLBACK_KEYS',
  ];
  return { ...Object.fromEntries(names.map((name) => [name, stack.env[name] ?? ''])), ...more };
}
const withEnv = ({ env, ...more }: CliOptions): CliOptions => ({ program: 'vod', env: surroundings(env), ...more });
const vod = (args: string[], options: CliOptions = {}) => Cli.run(args, withEnv(options));

/** Settings that aren't ours, set by the command itself. */
const elsewhere = { VOD_CALLBACK_URL: 'https://elsewhere.example/hook', VOD_CALLBACK_KEYS: 'ElsewhereCanary1' };

describe('vod:configure through a pipe', () => {
  it('compares for CI, sets with --yes, and does nothing that nobody has agreed to', async () => {
    expect(await vod(['configure', '--yes'], { env: elsewhere })).toMatchObject({ code: 0 });
    expect(await vod(['configure', '--check'])).toMatchObject({
      code: 1,
      stderr: expect.not.stringContaining('Say --yes'),
    });
    const refused = await vod(['configure']);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('nothing was changed') });
    expect(refused.stdout).toContain('cn-shanghai, app-1000000: different\n');
    expect(await vod(['configure', '--check'], { env: elsewhere })).toMatchObject({ code: 0 });

    const set = await vod(['configure', '--yes']);
    expect(set).toMatchObject({ code: 0, stdout: expect.stringMatching(/\ncn-shanghai: set\n$/) });
    expect(await vod(['configure', '--check'])).toMatchObject({ code: 0, stderr: '' });
  });

  it('is 2 when VOD can not be asked, and for a setting that can not be read', async () => {
    const dead = { VOD_ENDPOINT: 'http://127.0.0.1:9' };
    expect(await vod(['configure', '--check'], { env: dead })).toMatchObject({ code: 2, stdout: '' });
    const unreadable = await vod(['configure', '--check'], { env: { VOD_REGIONS: 'Shanghai' } });
    expect(unreadable).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/^VOD_REGIONS: expected /) });
  });

  it('brings an event to the webhook as soon as it is set', async () => {
    await vod(['configure', '--yes'], { env: elsewhere });
    await vod(['configure', '--yes']);
    const request = await stack.enqueue('media-of-the-configured');
    await stack.untilJob(request.jobs[0].id, 'succeeded');
    const history = await stack.history(request.jobs[0].id);
    expect(history.map(({ text }) => text).join('\n')).toContain('signature valid');
  });
});

describeWithTerminal('vod:configure on a terminal', () => {
  const asked = async (answer: string) => {
    const cli = await Cli.start(['configure'], withEnv({ terminal: true }));
    await cli.until('it asks', ({ stdout }) => read(stdout).includes('[y/N]'));
    cli.type(answer);
    const code = await cli.code;
    return { code, seen: read(cli.stdout) };
  };

  it('asks, and a no, an Enter and a Ctrl-C change nothing', async () => {
    await vod(['configure', '--yes'], { env: elsewhere });
    for (const answer of ['n\n', '\n', '\u0003']) expect(await asked(answer)).toMatchObject({ code: 1 });
    expect(await vod(['configure', '--check'], { env: elsewhere })).toMatchObject({ code: 0 });
    const { code, seen } = await asked('y\n');
    expect([code, seen]).toEqual([0, expect.stringContaining('cn-shanghai: set')]);
    expect(await vod(['configure', '--check'])).toMatchObject({ code: 0 });
  });

  it('shows what VOD says, and obeys none of it', async () => {
    const relay = await Relay.start(async (_passing, passOn) => {
      const passed = await passOn(stack.emulatorUrl);
      const hostile = {
        CallbackType: 'HT\u001b[2JTP',
        CallbackURL: 'http://x/\u009b2J\u202e',
        EventTypeList: 'A\u001b]0;t\u0007',
      };
      const body = Buffer.from(JSON.stringify({ RequestId: 'r1', MessageCallback: hostile }));
      return { ...passed, body };
    });
    cleanUps.push(() => relay.close());
    const env = { VOD_ENDPOINT: `${relay.url}/{region}` };
    const cli = await Cli.start(['configure', '--check'], withEnv({ terminal: true, env }));
    expect(await cli.code).toBe(1);
    expect(cli.stdout).toContain('\\u001b[2J');
    const obeyed = ['\u001b', '\u0007', '\u009b', '\u202e'];
    expect(obeyed.filter((one) => cli.stdout.includes(one))).toEqual([]);
  });
});

describe('vod:doctor', () => {
  it('finds nothing wrong with a running product, whose webhook it has tried, and moves no job', async () => {
    await vod(['configure', '--yes']);
    const before = await stack.query('select count(*)::int as jobs from job');
    const { code, stdout } = await vod(['doctor', '--json', '--try-url']);
    const { ok, findings } = JSON.parse(stdout) as {
      ok: boolean;
      findings: { check: string; verdict: string; says: string }[];
    };
    expect({ code, ok, wrong: findings.filter(({ verdict }) => verdict === 'bad') }).toEqual({
      code: 0,
      ok: true,
      wrong: [],
    });
    expect(findings.find(({ check }) => check === 'callback URL')?.says).toMatch(
      /^keeps what is signed .* and refuses a wrong signature$/,
    );
    expect(await stack.query('select count(*)::int as jobs from job')).toEqual(before);
    // Of its three requests the two that prove the key leave nothing behind.
    const events = await stack.query(`select verdict, signature, vod_job_id from event where event_type = ''`);
    expect(events).toEqual([{ verdict: 'ignored', signature: 'valid', vod_job_id: '' }]);
  });

  it.each<[string, () => Record<string, string>, RegExp, RegExp]>([
    ['another key', () => ({ VOD_CALLBACK_KEYS: 'AnotherCanary1' }), /another key than the first/, /byte for byte/],
    [
      'another path',
      () => ({ VOD_CALLBACK_URL: `${stack.callbackUrl}/elsewhere` }),
      /got 404/,
      /the path has to arrive/,
    ],
    [
      'another text of the URL',
      () => ({ VOD_CALLBACK_URL: `${stack.callbackUrl}?a=1` }),
      /another VOD_CALLBACK_URL/,
      /byte for byte/,
    ],
    ['nobody', () => ({ VOD_CALLBACK_URL: 'http://127.0.0.1:9/events' }), /not reached from this machine: /, /./],
    [
      'the api in place of the webhook',
      () => ({ VOD_CALLBACK_URL: `${stack.api.url}/v1/jobs` }),
      /expected 401 signature_mismatch/,
      /in front/,
    ],
  ])('finds %s at the callback URL', async (_, env, says, remedy) => {
    const { code, stdout } = await vod(['doctor', '--json', '--try-url'], { env: env() });
    const { findings } = JSON.parse(stdout) as { findings: { check: string }[] };
    expect(code).toBe(1);
    expect(findings.find(({ check }) => check === 'callback URL')).toMatchObject({
      verdict: 'bad',
      says: expect.stringMatching(says),
      remedy: expect.stringMatching(remedy),
    });
  });

  it('finds a redirect, which is a failure for VOD, and one that takes everything', async () => {
    let status = 302;
    const relay = await Relay.start(async () => ({
      status,
      headers: { location: stack.callbackUrl },
      body: Buffer.from('{}'),
    }));
    cleanUps.push(() => relay.close());
    const found = async () => {
      const { stdout } = await vod(['doctor', '--try-url'], { env: { VOD_CALLBACK_URL: `${relay.url}/vod/events` } });
      return stdout.split('\n').find((line) => line.includes('callback URL'));
    };
    expect(await found()).toMatch(/^✗ .*a wrong signature got 302/);
    status = 200;
    expect(await found()).toMatch(/^✗ .*a wrong signature got 200/);
  });

  it('follows one paid job from a script, after it was told to', async () => {
    await vod(['configure', '--yes']);
    const args = ['doctor', '--spend', '1', '--media', 'short-video'];
    const refused = await vod(args);
    expect([refused.code, refused.stdout, stack.emulator.ledger().billed]).toEqual([2, '', 0]);
    const env = { VODAI_URL: stack.api.url, VODAI_KEY: keys.viewer };
    const { code, stdout } = await vod([...args, '--yes'], { env });
    expect([code, stack.emulator.ledger().billed]).toEqual([0, 1]);
    expect(stdout).toMatch(/\n✓ cn-shanghai listing: /);
    expect(stdout).toContain('\n✓ cn-shanghai event: has come by http, signature valid\n');
    expect(stdout).toContain('\n✓ cn-shanghai extend: the event has none');
  });
});

it('No command has printed a key, a secret or a token', () => {
  const secrets = [
    keys.viewer,
    keys.accessKeyId,
    keys.accessKeySecret,
    keys.callback,
    'ElsewhereCanary1',
    'AnotherCanary1',
  ];
  expect(everythingPrinted.length).toBeGreaterThan(10);
  expect(secrets.filter((secret) => everythingPrinted.join('\n').includes(secret))).toEqual([]);
});
