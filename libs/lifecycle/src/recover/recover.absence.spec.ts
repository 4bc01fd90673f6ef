import type { Case } from '@app/persistence';
import { faultRule, type Emulator } from '@app/vod-emulator';
import { GRACE_MS, Ladder } from '../../test/ladder';
import { REGION, rules, type World } from '../../test/world';

let ladder: Ladder;
let world: World;
let emulator: Emulator;
beforeEach(async () => {
  ladder = await Ladder.open();
  ({ world, emulator } = ladder);
});
afterEach(() => ladder.close());

describe('row 15: a submission whose answer was lost', () => {
  it('row 14: is queued again when VOD lists a neighbour and not it, with a new attempt and a new nonce', async () => {
    await ladder.control();
    const decided = world.heard('recovery.decided');
    const { jobId, requestId } = await ladder.lose('drop_before');
    await ladder.decide(jobId);
    expect(await world.job(jobId)).toMatchObject({ state: 'queued', attempts: 0, attempt: 1, submittedAt: null });
    expect(decided).toEqual([expect.objectContaining({ rung: 'absence', outcome: 'absent' })]);
    emulator.configure({ faults: [] });
    await world.submit(world.vod(ladder.url)).submit(REGION, { requestId });
    expect(await world.job(jobId)).toMatchObject({ state: 'processing', attempt: 2, attempts: 1 });
    const nonces = (await world.submissionsOf(requestId)).map(({ nonce }) => nonce);
    expect(new Set(nonces).size).toBe(2);
  });

  it.each([
    ['VOD lists no AI jobs at all', { listsAiJobs: false }, 'neither does it list'],
    ['VOD lists late', { listingLagMs: 3_600_000 }, 'neither does it list'],
  ])('is held, not queued, when %s: its list proves nothing', async (_why, settings, reason) => {
    await ladder.control();
    const { jobId } = await ladder.lose('drop_after', ['AIVideoTag'], settings);
    await ladder.decide(jobId);
    expect(await world.job(jobId)).toMatchObject({ state: 'held' });
    expect((await world.job(jobId)).error?.message).toContain(reason);
  });

  it('is held when it was proven absent five times, and lost each time again', async () => {
    const { jobId, requestId } = await ladder.lose('drop_before');
    emulator.configure({
      faults: [faultRule('SubmitAIJob', { fault: 'drop_before' }, { mediaId: (await world.job(jobId)).mediaId })],
    });
    for (let absences = 0; absences < 5; absences += 1) {
      await ladder.control();
      await ladder.decide(jobId);
      expect(await world.job(jobId)).toMatchObject({ state: 'queued' });
      await world.submit(world.vod(ladder.url)).submit(REGION, { requestId });
    }
    await ladder.control();
    await ladder.decide(jobId);
    expect((await world.job(jobId)).error?.message).toContain('proven absent 5 times');
  });

  it('is held when no rung is switched on', async () => {
    const { jobId } = await ladder.lose('drop_before');
    await ladder.decide(jobId, { by: [] });
    expect((await world.job(jobId)).error?.message).toContain('no rung that could prove its absence');
    expect(emulator.ledger().calls).toEqual({});
  });

  it('stays open while VOD cannot be asked, however long that takes', async () => {
    const { jobId } = await ladder.lose('drop_after');
    emulator.configure({ faults: [faultRule('ListJobInfo', { fault: 'http_5xx_before', status: 503 })] });
    for (let i = 0; i < 3; i += 1) {
      await ladder.decide(jobId);
      const job = await world.job(jobId);
      expect(job.state).toBe('unconfirmed');
      expect(job.dueAt?.getTime()).toBeGreaterThan(world.now().getTime());
    }
    emulator.configure({ faults: [] });
    await ladder.decide(jobId);
    expect(await world.job(jobId)).toMatchObject({ state: 'processing', vodJobId: ladder.onlyJob() });
  });

  it.each([
    ['and is settled', true],
    ['and nobody has looked at', false],
  ])('is not declared absent over an event that comes while VOD is being asked %s', async (_which, settled) => {
    await ladder.control();
    const { jobId, mediaId } = await ladder.lose('drop_after');
    emulator.configure({ faults: [faultRule('ListJobInfo', { fault: 'vanished' }, { mediaId })] });
    const lostJob = emulator.jobs({ mediaId })[0]?.jobId ?? '';
    const vod = world.vod(ladder.url);
    const list = vod.listJobInfo.bind(vod);
    vod.listJobInfo = async (region, media) => {
      const answer = await list(region, media);
      if (media !== mediaId) {
        // The neighbour is asked last.
        await world.hear(lostJob, 'success', 'AIVideoTagComplete', { mediaId });
        if (settled) await world.match().run({ rematch: false });
      }
      return answer;
    };
    world.pass(GRACE_MS);
    const rulesNow = { ...rules, recoverGraceMs: GRACE_MS };
    await world.recover(vod, { resendPinned: false, rules: rulesNow }).recover(REGION, { jobId });
    expect(await world.job(jobId)).toMatchObject({ state: 'unconfirmed' });
    await world.match().run({ rematch: false });
    await ladder.look(jobId);
    expect(await world.job(jobId)).toMatchObject({ state: 'finished', vodJobId: lostJob });
  });

  it('is held, not queued, when an event names a job of it and VOD refuses to say what that is', async () => {
    await ladder.control();
    const { jobId, mediaId } = await ladder.lose('drop_after');
    await world.hear(emulator.jobs({ mediaId })[0]?.jobId ?? '', 'success', 'AIVideoTagComplete', { mediaId });
    const refusal = { fault: 'error', status: 400, code: 'InvalidParameter' } as const;
    emulator.configure({
      faults: [faultRule('ListJobInfo', { fault: 'vanished' }, { mediaId }), faultRule('ListAIJob', refusal)],
    });
    await ladder.decide(jobId);
    expect(await world.job(jobId)).toMatchObject({ state: 'held' });
    expect((await world.job(jobId)).error?.message).toBe('VOD cannot be asked: refused: InvalidParameter');
  });

  it('is held when VOD lists a job of this media and does not say what it is', async () => {
    await ladder.control();
    const { jobId } = await ladder.lose('drop_after');
    const media = (await world.job(jobId)).mediaId;
    emulator.configure({ faults: [faultRule('ListAIJob', { fault: 'vanished' }, { mediaId: media })] });
    await ladder.decide(jobId);
    const { state, error } = await world.job(jobId);
    expect(state).toBe('held');
    const [unexplained] = emulator.jobs({ mediaId: media });
    expect(error?.message).toContain(unexplained?.jobId);
    expect((await world.lastLine(jobId)).detail['candidates']).toEqual([unexplained?.jobId]);
  });

  it('is held, not queued, when another job of the same call was found: the call had arrived', async () => {
    await ladder.control();
    const { jobIds } = await ladder.lose('drop_before', ['AIVideoTag', 'AIMediaDNA']);
    await ladder.learnSibling(jobIds[1]);
    await ladder.decide(jobIds[0] ?? '');
    expect(await world.job(jobIds[0])).toMatchObject({ state: 'held' });
    expect((await world.job(jobIds[0])).error?.message).toContain('a job of the same call is there');
  });

  it('is held when the only neighbours are of long ago', async () => {
    await ladder.control();
    await world.db.query(`update job set submitted_at = submitted_at - interval '1 day'`);
    const { jobId } = await ladder.lose('drop_before');
    await ladder.decide(jobId);
    expect((await world.job(jobId)).error?.message).toContain('no other job of about the same time');
  });

  it('takes the next neighbour when VOD refuses to tell about one', async () => {
    await ladder.control();
    await ladder.control();
    const { jobId } = await ladder.lose('drop_before');
    const [first] = await world.cases.controls((await world.cases.open(jobId)) as Case);
    const refusal = { fault: 'error', status: 404, code: 'InvalidVideo.NotFound' } as const;
    emulator.configure({ faults: [faultRule('ListJobInfo', refusal, { mediaId: first?.mediaId ?? '' })] });
    await ladder.decide(jobId);
    expect(await world.job(jobId)).toMatchObject({ state: 'queued' });
  });

  it('is held when VOD will always refuse to tell, and after a day in which it could not be asked', async () => {
    const deleted = { fault: 'error', status: 404, code: 'InvalidVideo.NotFound' } as const;
    const refused = await ladder.lose('drop_after');
    emulator.configure({ faults: [faultRule('ListJobInfo', deleted)] });
    await ladder.decide(refused.jobId);
    expect((await world.job(refused.jobId)).error?.message).toBe('VOD cannot be asked: refused: InvalidVideo.NotFound');

    const unheard = await ladder.lose('drop_after');
    emulator.configure({ faults: [faultRule('ListJobInfo', { fault: 'http_5xx_before', status: 503 })] });
    await ladder.decide(unheard.jobId, { rules: { ...rules, recoverGraceMs: GRACE_MS, jobDeadlineMs: GRACE_MS } });
    expect(await world.job(unheard.jobId)).toMatchObject({ state: 'held' });
  });
});
