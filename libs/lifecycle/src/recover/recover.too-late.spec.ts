import { faultRule, type Emulator } from '@app/vod-emulator';
import { Ladder } from '../../test/ladder';
import { REGION, type World } from '../../test/world';

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
