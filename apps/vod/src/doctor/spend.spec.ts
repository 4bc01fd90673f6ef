import { faultRule } from '@app/vod-emulator';
import { VodAccount } from '../../../../test/support/vod-account';
import type { Finding } from './finding';
import { spend, type Spending } from './spend';

const spending: Spending = { region: 'cn-shanghai', mediaId: 'short-video', type: 'AIVideoTag', jobs: 1 };

let account: VodAccount;
afterEach(async () => {
  account.assertKeptSecrets();
  await account.close();
});

/** Its own clock goes forward as long as it waits, and it waits no time. */
async function spent(more: Partial<Spending> = {}, waited = async () => {}): Promise<Map<string, Finding>> {
  let nowMs = Date.now();
  const vod = account.client();
  try {
    const parts = {
      vod,
      open: () => account.client(),
      api: null,
      now: () => nowMs,
      wait: async (ms: number) => {
        nowMs += ms;
        await waited();
      },
    };
    const findings = await spend(parts, { ...spending, ...more });
    return new Map(findings.map((finding) => [finding.check, finding]));
  } finally {
    vod.close();
  }
}

describe('One paid job', () => {
  it('tells what VOD leaves open: when a JobId is known and listed, and how it ends', async () => {
    account = await VodAccount.start();
    const found = await spent();
    expect([...found].map(([check, { verdict }]) => `${check} ${verdict}`)).toEqual([
      'submission ok',
      'read ok',
      'end ok',
      'listing ok',
      'event skipped',
    ]);
    const [job] = account.emulator.jobs();
    expect(found.get('submission')?.says).toContain(`VOD took it as ${job?.jobId} (RequestId `);
    expect(found.get('event')?.says).toContain(job?.jobId);
    expect(account.emulator.ledger().billed).toBe(1);
  });

  it.each(['AIMediaDNA', 'AIMediaAudit'] as const)('may be of another type: %s', async (type) => {
    account = await VodAccount.start();
    expect((await spent({ type })).get('end')).toMatchObject({
      verdict: 'ok',
      says: expect.stringContaining('success'),
    });
  });

  it('finds that VOD lists no such jobs', async () => {
    account = await VodAccount.start({}, { listsAiJobs: false });
    expect((await spent()).get('listing')).toMatchObject({
      verdict: 'bad',
      remedy: expect.stringContaining('leave listing out of RECOVER_BY'),
    });
  });

  it('finds how late VOD lists them', async () => {
    let vodsMs = Date.now();
    account = await VodAccount.start({}, { listingLagMs: 60_000, clock: () => vodsMs });
    // VOD's time goes on while the doctor waits; far less than would make its calls too old.
    const found = await spent({}, async () => void (vodsMs += 10_000));
    expect(found.get('listing')?.verdict).toBe('ok');
    expect(Number(/after ([\d.]+) s/.exec(found.get('listing')?.says ?? '')?.[1])).toBeGreaterThan(1);
  });

  it('says what failed, which is not billed', async () => {
    account = await VodAccount.start({}, { failShare: 1 });
    expect((await spent()).get('end')).toMatchObject({ verdict: 'bad', says: expect.stringContaining('not billed') });
  });

  it('is not taken for a media that VOD does not have', async () => {
    account = await VodAccount.start();
    const found = await spent({ mediaId: 'missing-video' });
    expect([...found.keys()]).toEqual(['submission']);
    expect(found.get('submission')?.says).toMatch(/^nothing is paid, VOD refuses: InvalidVideo.NotFound/);
  });

  it('may be at VOD although its answer was lost, and that is said', async () => {
    account = await VodAccount.start({}, { faults: [faultRule('SubmitAIJob', { fault: 'drop_after' })] });
    expect((await spent()).get('submission')?.says).toMatch(/^the answer was lost .* VOD may have a job, and bill it$/);
  });

  it('is given up when it does not end', async () => {
    account = await VodAccount.start({}, { jobTimeMs: { min: 86_400_000, max: 86_400_000 } });
    expect((await spent()).get('end')).toMatchObject({ verdict: 'bad', says: 'still running after 1800.0 s' });
  });

  it('is sent twice when two may be paid, and a second bill is told', async () => {
    account = await VodAccount.start();
    expect((await spent({ jobs: 2 })).get('resend')?.verdict).toBe('ok');
    expect(account.emulator.ledger().billed).toBe(1);
    account.emulator.configure({ nonceMemory: 'off' });
    expect((await spent({ jobs: 2 })).get('resend')).toMatchObject({
      verdict: 'bad',
      remedy: 'set RESEND_PINNED=false',
    });
    expect(account.emulator.ledger().billed).toBe(3);
  });
});

describe('Paying', () => {
  const args = ['doctor', '--spend', '1', '--media', 'short-video'];

  it('happens after a yes to what it costs, or --yes, and else not', async () => {
    account = await VodAccount.start();
    const no = await account.run(args, { answer: false });
    const nobody = await account.run(args);
    expect([no.code, nobody.code, account.emulator.ledger().billed]).toEqual([2, 2, 0]);
    for (const { heard } of [no, nobody]) {
      expect(heard.noted[0]).toMatch(
        /^This submits 1 job that is paid: Smart tagging \(AIVideoTag\) of short-video in cn-shanghai/,
      );
      expect(heard.said).toEqual([]);
    }
    expect(nobody.heard.noted.at(-1)).toContain('Say --yes');
    await account.run(args, { answer: true });
    expect(account.emulator.ledger().billed).toBe(1);
    await account.run([...args, '--yes']);
    expect(account.emulator.ledger().billed).toBe(2);
  });

  it('does not happen where VOD does not answer', async () => {
    account = await VodAccount.start();
    const { heard } = await account.run([...args, '--yes'], { env: { ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'wrong' } });
    expect(heard.said.at(-1)).toMatch(/^– cn-shanghai submission: not asked/);
  });
});
