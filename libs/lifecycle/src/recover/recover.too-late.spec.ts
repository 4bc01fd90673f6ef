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
  it('is looked for no more when it was found before its turn came', async () => {
    const { jobId } = await ladder.lose('drop_after');
    await ladder.look(jobId);
    const { version } = await world.job(jobId);
    const asked = structuredClone(emulator.ledger().calls);
    await ladder.look(jobId);
    expect(await world.job(jobId)).toMatchObject({ state: 'processing', version });
    expect(emulator.ledger().calls).toEqual(asked);
  });

  it.each(['proven_absent', 'undecidable'] as const)('%s counts for the job as it was, not as it is', async (type) => {
    const { jobId } = await ladder.lose('drop_before');
    const stale = await world.cases.open(jobId);
    await world.jobs.apply(jobId, { type: 'looked', note: 'somebody else was faster' });
    const version = stale?.job.version ?? 0;
    const verdict = await world.jobs.apply(jobId, {
      type,
      attempt: 1,
      version,
      evidence: 'e',
      reason: 'r',
    });
    expect(verdict).toMatchObject({ outcome: 'ignored', reason: 'older_look' });
  });

  it('is not held over an event that comes meanwhile; the next look is a gap away, however many come', async () => {
    const { jobId, mediaId } = await ladder.lose('drop_before');
    world.pass(GRACE_MS);
    await lookWhile('listJobInfo', jobId, async () => {
      await world.hear('news', 'success', 'AIVideoTagComplete', { mediaId });
      await world.match().run({ rematch: false });
    });
    expect(await world.job(jobId)).toMatchObject({ state: 'unconfirmed', lastReadAt: world.now() });
    expect((await world.job(jobId)).dueAt?.getTime()).toBe(world.now().getTime() + 5_000);
    const note = 'something came while it was being decided';
    expect(await world.lastLine(jobId)).toMatchObject({ event: 'looked', detail: { note } });
  });

  it('leaves what it found to the job that got it meanwhile, and looks again', async () => {
    const { jobId } = await ladder.lose('drop_after');
    const found = ladder.onlyJob();
    await lookWhile('readJobs', jobId, () => world.atVod(found));
    expect(await world.job(jobId)).toMatchObject({ state: 'unconfirmed', vodJobId: null, lastReadAt: world.now() });
    const note = `VOD's job ${found} was taken by another job meanwhile`;
    expect(await world.lastLine(jobId)).toMatchObject({ event: 'looked', detail: { note } });
    expect((await world.job(jobId)).dueAt?.getTime()).toBeGreaterThan(world.now().getTime());
  });

  it('fails when Postgres does not take what it found for another reason, and says nothing of a job that took it', async () => {
    const { jobId } = await ladder.lose('drop_after');
    const refuse = `alter table job add constraint refuse_finds check (state <> 'processing') not valid`;
    await expect(lookWhile('readJobs', jobId, () => world.db.query(refuse))).rejects.toThrow('refuse_finds');
    expect(await world.story(jobId)).not.toContain('looked');
  });

  it('of one attempt says nothing of the next, which was lost as well while VOD was asked', async () => {
    const { jobId, requestId } = await ladder.lose('drop_after');
    await lookWhile('readJobs', jobId, async () => {
      const { version } = await world.job(jobId);
      await world.jobs.apply(jobId, { type: 'undecidable', attempt: 1, version, reason: 'r' });
      await world.jobs.apply(jobId, { type: 'resubmitted' }, 'ada');
      emulator.configure({ faults: [faultRule('SubmitAIJob', { fault: 'drop_before' }, { nth: 1 })] });
      await world.submit(world.vod(ladder.url)).submit(REGION, { requestId });
    });
    expect(await world.job(jobId)).toMatchObject({ state: 'unconfirmed', attempt: 2, vodJobId: null, tries: 0 });
    expect((await world.lastLine(jobId)).event).toBe('outcome_unknown');
  });

  it('is not decided by what a late answer says of one of its two sends', async () => {
    const { jobId } = await ladder.lose('drop_before');
    world.pass(120_000);
    emulator.configure({ faults: [faultRule('SubmitAIJob', { fault: 'drop_after' }, { nth: 1 })] });
    await ladder.look(jobId); // sent again, and this answer is lost too
    await world.jobs.apply(jobId, { type: 'throttled', attempt: 1, code: 'Throttling', retryAfterMs: 1 });
    await world.jobs.apply(jobId, { type: 'refused', attempt: 1, code: 'X', message: 'm', vodRequestId: null });
    expect(await world.job(jobId)).toMatchObject({ state: 'unconfirmed' });
    await ladder.look(jobId);
    expect(await world.job(jobId)).toMatchObject({ state: 'processing', vodJobId: ladder.onlyJob() });
    expect(emulator.ledger().billed).toBe(1);
  });

  it('takes a late yes in every state in which the attempt is still the last, and is loud about one that comes too late', async () => {
    await ladder.control();
    const yes = { type: 'accepted', attempt: 1, vodRequestId: null } as const;
    const unclaimed = world.heard('vod_job.unclaimed');
    const again = await ladder.lose('drop_before');
    await ladder.decide(again.jobId);
    emulator.configure({ faults: [] });
    await world.submit(world.vod(ladder.url)).submit(REGION, { requestId: again.requestId });
    await world.jobs.apply(again.jobId, { ...yes, vodJobId: 'too-late' });
    expect(unclaimed).toEqual([expect.objectContaining({ jobId: again.jobId, vodJobId: 'too-late', attempt: 1 })]);

    const { jobId } = await ladder.lose('drop_before');
    await ladder.decide(jobId);
    expect(await world.jobs.apply(jobId, { ...yes, vodJobId: 'late-yes' })).toMatchObject({ from: 'queued' });
    expect(await world.job(jobId)).toMatchObject({ state: 'processing', vodJobId: 'late-yes', attempts: 1 });
  });
});

/** A look at VOD's list; when VOD has answered this call, and before anything is concluded, something happens. */
async function lookWhile(call: 'readJobs' | 'listJobInfo', jobId: string, happens: () => Promise<unknown>) {
  const vod = world.vod(ladder.url);
  const ask = vod[call].bind(vod) as (...asked: unknown[]) => Promise<never>;
  vod[call] = async (...asked: unknown[]) => {
    const answer = await ask(...asked);
    await happens();
    return answer;
  };
  const options = { by: ['listing'] as const, resendPinned: false, rules: { ...rules, recoverGraceMs: GRACE_MS } };
  await world.recover(vod, options).recover(REGION, { jobId });
}
