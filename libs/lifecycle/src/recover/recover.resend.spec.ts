import { faultRule, type Emulator } from '@app/vod-emulator';
import { Ladder, type Lost } from '../../test/ladder';
import { REGION, type World } from '../../test/world';

let ladder: Ladder;
let world: World;
let emulator: Emulator;
beforeEach(async () => {
  ladder = await Ladder.open();
  ({ world, emulator } = ladder);
});
afterEach(() => ladder.close());

const lastText = async (jobId: string) => JSON.stringify((await world.lastLine(jobId)).detail);

describe('row 15: a submission whose answer was lost', () => {
  it('is sent once more, byte for byte, when reading has not found it: VOD takes it when the first had not arrived', async () => {
    const decided = world.heard('recovery.decided');
    const { jobId, requestId } = await ladder.lose('drop_before', ['AIVideoTag', 'AIMediaDNA']);
    await ladder.look(jobId);
    expect(ladder.calls('SubmitAIJob')).toBe(0); // first the looks that only read
    world.pass(120_000);
    await ladder.look(jobId);
    expect(await world.job(jobId)).toMatchObject({ state: 'processing', attempts: 1, attempt: 1 });
    expect(decided.map(({ rung }) => rung)).toEqual(['resend', 'resend']);
    const [submission] = await world.submissionsOf(requestId);
    expect(emulator.ledger().entries.map(({ nonce }) => nonce)).toEqual([submission?.['nonce'], submission?.['nonce']]);
    expect(submission).toMatchObject({ outcome: 'accepted' });
  });

  it('and the nonce that VOD has seen proves that the first had arrived: never taken for absent after that', async () => {
    await ladder.control();
    const { jobId } = await ladder.lose('drop_before_work');
    world.pass(120_000);
    await ladder.look(jobId);
    expect(await lastText(jobId)).toContain('the first call had arrived');
    await ladder.decide(jobId, { resendPinned: true });
    expect(await world.job(jobId)).toMatchObject({ state: 'held', error: { code: 'undecidable' } });
    expect((await world.job(jobId)).error?.message).toContain('nonce');
    expect(ladder.calls('SubmitAIJob')).toBe(1); // the control's
  });

  it('that VOD throttles is known no better, and what submits rests, as its limit was met', async () => {
    await ladder.control();
    const { jobId, requestId } = await ladder.lose('drop_before');
    emulator.configure({ faults: [faultRule('SubmitAIJob', { fault: 'throttle' }, { nth: 1 })] });
    world.pass(120_000);
    await ladder.look(jobId);
    expect(world.queuesClosed.map(({ queue }) => queue)).toEqual([`submit.${REGION}`]);
    expect(await lastText(jobId)).toContain('says nothing about the first one: busy: Throttling');
    const [submission] = await world.submissionsOf(requestId);
    expect(submission).toMatchObject({ outcome: 'unknown', code: 'Throttling.User' });

    // The gateway has seen its nonce, and not with the first call: it isn't asked again, and the list may still tell.
    world.pass(1);
    await ladder.look(jobId);
    expect((await world.story(jobId)).filter((event) => event === 'resent')).toHaveLength(1);
    await ladder.decide(jobId, { resendPinned: true });
    expect(await world.job(jobId)).toMatchObject({ state: 'queued', attempts: 0 });
  });

  it.each([
    ['its 15 minutes are over', async () => world.pass(14 * 60_000), {}],
    ['another access key would sign it', ({ requestId }: Lost) => resign(requestId), {}],
    ['a job of the same call is known', ({ jobIds }: Lost) => ladder.learnSibling(jobIds[1]), {}],
    ['the rung is switched off', async () => undefined, { resendPinned: false }],
  ])('is not sent again when %s', async (_why, happens, options) => {
    const lost = await ladder.lose('drop_before', ['AIVideoTag', 'AIMediaDNA']);
    world.pass(120_000);
    await happens(lost);
    await ladder.look(lost.jobId, options);
    expect(await world.job(lost.jobId)).toMatchObject({ state: 'unconfirmed' });
    expect(emulator.ledger().billed).toBe(0);
  });

  describe('that names the place for its event', () => {
    const named = (url: string) => new Map([[REGION, { url }]]);
    const vodThatNames = (url: string) => world.vod(ladder.url, 5_000, { jobCallbacks: named(url) });

    async function lose(url: string): Promise<string> {
      const { requestId, jobIds } = await world.accept();
      emulator.configure({ faults: [faultRule('SubmitAIJob', { fault: 'drop_before' }, { nth: 1 })] });
      await world.submit(vodThatNames(url)).submit(REGION, { requestId });
      world.pass(120_000);
      return jobIds[0] ?? '';
    }

    it('is the same request when it is sent again', async () => {
      const jobId = await lose('http://127.0.0.1:9/vod');
      await world.recover(vodThatNames('http://127.0.0.1:9/vod')).recover(REGION, { jobId });
      expect(await world.job(jobId)).toMatchObject({ state: 'processing' });
      expect(emulator.ledger().billed).toBe(1);
    });

    it('is not sent again when it would name another one by now, or none', async () => {
      const jobId = await lose('http://127.0.0.1:9/vod');
      await world.recover(vodThatNames('http://127.0.0.1:9/elsewhere')).recover(REGION, { jobId });
      await ladder.look(jobId);
      expect(await world.job(jobId)).toMatchObject({ state: 'unconfirmed' });
      expect(emulator.ledger().billed).toBe(0);
    });
  });

  it('is sent again by one worker at a time', async () => {
    const { jobIds } = await ladder.lose('drop_before', ['AIVideoTag', 'AIMediaDNA']);
    world.pass(120_000);
    emulator.configure({ nonceMemory: 'off' }); // a gateway that would take it twice
    await Promise.all([...jobIds, ...jobIds].map((id) => ladder.look(id)));
    expect(emulator.ledger().billed).toBe(2); // one of each type
  });
});

async function resign(requestId: string): Promise<void> {
  await world.db.query(`update submission set signer = 'another key' where request_id = $1`, [requestId]);
}
