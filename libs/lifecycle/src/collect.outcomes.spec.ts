import type { JobType } from '@app/domain';
import { Emulator } from '@app/vod-emulator';
import { closeServers } from '../../vod/test/loopback';
import { scriptedReads } from '../test/scripted-reads';
import { freshId } from '../test/vod-answers';
import { accessKey, REGION, rules, World } from '../test/world';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());
afterEach(closeServers);

const HOUR = 3_600_000;

describe('a read of VOD', () => {
  let emulator: Emulator;
  let url: string;
  beforeAll(async () => {
    emulator = new Emulator({ accessKeys: [accessKey], jobTimeMs: { min: HOUR, max: HOUR } });
    ({ url } = await emulator.listen({ host: '127.0.0.1', port: 0 }));
  });
  afterAll(() => emulator.close());

  async function submitted(...types: JobType[]) {
    const { requestId, jobIds, mediaId } = await world.accept(types);
    await world.submit(world.vod(url)).submit(REGION, { requestId });
    return { jobs: await Promise.all(jobIds.map((id) => world.job(id))), mediaId };
  }

  it('settles what succeeded and what failed, leaves alone what is still running, with one call', async () => {
    const [one, two] = [await submitted('AIVideoTag', 'AIMediaDNA'), await submitted('AIVideoTag')];
    const [tag, dna, running] = [...one.jobs, ...two.jobs];
    if (!tag || !dna || !running) throw new Error('not submitted');
    emulator.finish(tag.vodJobId ?? '', 'success');
    emulator.finish(dna.vodJobId ?? '', 'fail');
    const callsBefore = emulator.ledger().calls['ListAIJob']?.ok ?? 0;
    await world.read(url, tag.id, dna.id, running.id);

    expect(emulator.ledger().calls['ListAIJob']?.ok).toBe(callsBefore + 1);
    expect(await world.job(tag.id)).toMatchObject({ state: 'succeeded', error: null, dueAt: null });
    const [atVod] = emulator.jobs({ mediaId: one.mediaId, state: 'success' });
    expect(await world.reads.result(tag.id)).toMatchObject({ source: 'ListAIJob', raw: atVod?.data });
    expect((await world.reads.result(tag.id))?.normalized).toMatchObject({ type: 'AIVideoTag' });

    const failed = await world.job(dna.id);
    expect(failed).toMatchObject({
      state: 'failed',
      error: { phase: 'vod', code: 'InvalidParameter.ResourceContentBad' },
    });
    expect(await world.reads.result(dna.id)).toBeNull();

    const later = await world.job(running.id);
    expect(later).toMatchObject({ state: 'processing', tries: 1, lastReadAt: world.now() });
    expect(later.dueAt?.getTime()).toBeGreaterThan(world.now().getTime());
    expect(await world.lastLine(running.id)).toMatchObject({ event: 'read_running' });
  });

  it('asks about nothing that is over already, and makes no call for it', async () => {
    const { jobs } = await submitted('AIVideoTag');
    const [job] = jobs;
    emulator.finish(job?.vodJobId ?? '');
    await world.read(url, job?.id ?? '');
    const { calls } = emulator.ledger();
    const before = calls['ListAIJob']?.ok;
    const version = (await world.job(job?.id)).version;
    await world.read(url, job?.id ?? '');
    expect(emulator.ledger().calls['ListAIJob']?.ok).toBe(before);
    expect((await world.job(job?.id)).version).toBe(version);
  });

  it('row 23: looks again for an id that VOD does not know, and asks a person only after the grace period', async () => {
    const { id } = await world.atVod('00000000000000000000000000000000');
    for (let i = 1; i <= 6; i += 1) {
      await world.read(url, id);
      expect(await world.job(id)).toMatchObject({ state: 'processing', misses: i });
    }
    world.pass(rules.recoverGraceMs);
    // The emulator's clock is the real one: a call that is signed with ours would now be too old.
    const vod = await scriptedReads({ list: [], missing: ['00000000000000000000000000000000'] });
    await world.read(vod.url, id);
    expect(await world.job(id)).toMatchObject({
      state: 'held',
      dueAt: null,
      error: { phase: 'recover', code: 'vanished' },
    });
  });
});

describe('an event and a read that disagree', () => {
  it('row 40: are settled by the read, and the history says that they did', async () => {
    const vodJobId = freshId();
    const { id, mediaId } = await world.atVod(vodJobId);
    await world.hear(vodJobId, 'fail');
    await world.match().run({ rematch: false });
    const vod = await scriptedReads({
      list: [{ JobId: vodJobId, Status: 'success', Type: 'AIVideoTag', MediaId: mediaId, Data: '{}' }],
    });
    await world.read(vod.url, id);
    expect(await world.job(id)).toMatchObject({ state: 'succeeded', eventStatus: 'fail' });
    expect((await world.lastLine(id)).detail).toMatchObject({ contradicts: 'fail' });
  });

  it('put the job back to work when the read says that it still runs: the event’s body is not signed', async () => {
    const vodJobId = freshId();
    const { id, mediaId } = await world.atVod(vodJobId);
    await world.hear(vodJobId);
    await world.match().run({ rematch: false });
    expect(await world.job(id)).toMatchObject({ state: 'finished' });
    const vod = await scriptedReads({
      list: [{ JobId: vodJobId, Status: 'Analysing', Type: 'AIVideoTag', MediaId: mediaId }],
    });
    await world.read(vod.url, id);
    expect(await world.job(id)).toMatchObject({ state: 'processing', eventStatus: null, finishedAt: null });
  });

  it('row 22: expire a job only after a last read at its deadline, and a late event opens it again', async () => {
    const vodJobId = freshId();
    const { id, mediaId } = await world.atVod(vodJobId);
    const running = await scriptedReads({
      list: [{ JobId: vodJobId, Status: 'Init', Type: 'AIVideoTag', MediaId: mediaId }],
    });
    world.pass(rules.jobDeadlineMs - 1);
    await world.read(running.url, id);
    expect(await world.job(id)).toMatchObject({ state: 'processing' });
    world.pass(1);
    await world.read(running.url, id);
    expect(await world.job(id)).toMatchObject({ state: 'expired', dueAt: null, error: { code: 'deadline_passed' } });

    await world.hear(vodJobId);
    await world.match().run({ rematch: false });
    expect(await world.job(id)).toMatchObject({ state: 'finished', error: null, settledAt: null });
  });

  it('is held to be refused only when VOD was asked for it alone: then it ends, and otherwise it is asked for again', async () => {
    const [one, other] = [await world.atVod(freshId()), await world.atVod(freshId())];
    const refusing = await scriptedReads({ list: { Code: 'InvalidParameter', Message: 'm' } });
    world.pass(rules.jobDeadlineMs);
    await world.collect(world.vod(refusing.url)).collect(REGION, { jobIds: [one.id, other.id] });
    expect(refusing.received).toHaveLength(1);
    for (const { id } of [one, other]) expect(await world.job(id)).toMatchObject({ state: 'processing' });
    await world.read(refusing.url, one.id);
    expect(await world.job(one.id)).toMatchObject({ state: 'expired', error: { code: 'deadline_passed' } });
    expect(await world.job(other.id)).toMatchObject({ state: 'processing' });
  });
});
