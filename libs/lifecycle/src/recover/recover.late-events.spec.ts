import { faultRule, type Emulator } from '@app/vod-emulator';
import { another, Ladder } from '../../test/ladder';
import type { World } from '../../test/world';

let ladder: Ladder;
let world: World;
let emulator: Emulator;
beforeEach(async () => {
  ladder = await Ladder.open();
  ({ world, emulator } = ladder);
});
afterEach(() => ladder.close());

describe('an event that comes when a case was closed', () => {
  it.each(['AIVideoTagComplete', 'VideoAIComplete'])(
    'reopens a held one by %s, and it is adopted without a person',
    async (eventType) => {
      const { jobId, mediaId } = await ladder.lose('drop_after');
      await ladder.decide(jobId, { by: [] });
      expect(await world.job(jobId)).toMatchObject({ state: 'held' });
      await world.hear(ladder.onlyJob(), 'success', eventType, { mediaId });
      await world.match().run({ rematch: false });
      expect(await world.job(jobId)).toMatchObject({ state: 'unconfirmed' });
      await ladder.look(jobId, { by: ['event'] });
      expect(await world.job(jobId)).toMatchObject({ state: 'finished', vodJobId: ladder.onlyJob() });
    },
  );

  it('reopens one that was queued again, before it is paid a second time', async () => {
    await ladder.control();
    const { jobId, mediaId } = await ladder.lose('drop_after', ['AIVideoTag']);
    // VOD's list leaves it out, and shows the neighbour.
    emulator.configure({ faults: [faultRule('ListJobInfo', { fault: 'vanished' }, { mediaId })] });
    await ladder.decide(jobId);
    expect(await world.job(jobId)).toMatchObject({ state: 'queued', attempts: 0 });
    const lostJob = emulator.jobs({ mediaId })[0]?.jobId ?? '';
    await world.hear(lostJob, 'success', 'AIVideoTagComplete', { mediaId });
    await world.match().run({ rematch: false });
    expect(await world.job(jobId)).toMatchObject({ state: 'unconfirmed', attempts: 1, submittedAt: expect.any(Date) });
    await ladder.look(jobId);
    expect(await world.job(jobId)).toMatchObject({ state: 'finished', vodJobId: lostJob });
  });

  it('leaves alone what a person decided, what was never sent, and what is already known', async () => {
    const { jobId, mediaId } = await ladder.lose('drop_after');
    await ladder.decide(jobId, { by: [] });
    await world.jobs.apply(jobId, { type: 'resubmitted', reason: 'I looked at the console' }, 'ada');
    const fresh = await world.accept(['AIVideoTag'], { mediaId, config: another });
    await world.hear('nobody-knows', 'success', 'AIVideoTagComplete', { mediaId });
    await world.match().run({ rematch: false });
    expect(await world.job(jobId)).toMatchObject({ state: 'queued' });
    expect(await world.job(fresh.jobIds[0])).toMatchObject({ state: 'queued', version: 1 });
  });

  it('leaves alone what was sent after it had come', async () => {
    const { jobId, mediaId } = await ladder.lose('drop_after');
    await ladder.decide(jobId, { by: [] });
    await world.hear('somebody-elses', 'success', 'AIVideoTagComplete', { mediaId });
    await world.db.query(
      `update event set received_at = (select sent_at - interval '1 minute' from submission) where vod_job_id = 'somebody-elses'`,
    );
    await world.match().run({ rematch: false });
    expect(await world.job(jobId)).toMatchObject({ state: 'held' });
  });

  it('costs one look per gap, however many come', async () => {
    const { jobId, mediaId } = await ladder.lose('drop_before');
    await ladder.look(jobId);
    for (let i = 0; i < 5; i += 1) {
      await world.hear(`forged-${i}`, 'success', 'AIVideoTagComplete', { mediaId });
      await world.match().run({ rematch: false });
    }
    expect((await world.job(jobId)).dueAt?.getTime()).toBe(world.now().getTime() + 5_000);
  });
});
