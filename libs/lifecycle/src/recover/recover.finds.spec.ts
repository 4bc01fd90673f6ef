import { faultRule, type Emulator } from '@app/vod-emulator';
import { another, Ladder } from '../../test/ladder';
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
  it('is found in VOD’s list of its media, each type for itself, without a second call', async () => {
    const decided = world.heard('recovery.decided');
    const { jobIds } = await ladder.lose('drop_after', ['AIVideoTag', 'AIMediaDNA']);
    for (const jobId of jobIds) await ladder.look(jobId, { by: ['listing'] });
    const jobs = await Promise.all(jobIds.map((id) => world.job(id)));
    const atVod = new Map(emulator.jobs().map((job) => [job.type, job.jobId]));
    for (const job of jobs)
      expect(job).toMatchObject({ state: 'processing', vodJobId: atVod.get(job.type), attempts: 1 });
    expect(decided.map(({ rung, outcome }) => [rung, outcome])).toEqual([
      ['listing', 'found'],
      ['listing', 'found'],
    ]);
    expect(emulator.ledger().billed).toBe(2);
    expect(ladder.calls('SubmitAIJob')).toBe(1);
  });

  it.each(['extend', 'event'] as const)('is found by an event (rung %s), once VOD confirms it', async (rung) => {
    const decided = world.heard('recovery.decided');
    const { jobId, requestId, mediaId } = await ladder.lose('drop_after');
    const extend = rung === 'extend' ? `${requestId}.1` : null;
    await world.hear('a-forged-one', 'success', 'AIVideoTagComplete', { mediaId, extend });
    await world.hear(ladder.onlyJob(), 'success', 'AIVideoTagComplete', { mediaId, extend });
    await world.match().run({ rematch: false });
    // The event makes it due: nobody waits for the next look.
    expect((await world.job(jobId)).dueAt).toEqual(world.now());

    await ladder.look(jobId, { by: [rung] });
    // Found, and the event that was waiting for it is matched in the same moment.
    expect(await world.job(jobId)).toMatchObject({ state: 'finished', vodJobId: ladder.onlyJob() });
    expect(decided).toEqual([expect.objectContaining({ rung, outcome: 'found' })]);
    expect(ladder.calls('ListJobInfo')).toBe(0);
  });

  it('is looked for in events of the queue first, then in those that are signed, and last in those of anybody', async () => {
    const { jobId, mediaId } = await ladder.lose('drop_after');
    for (const signature of ['missing', 'valid', 'unchecked', 'unneeded'] as const) {
      await world.hear(signature, 'success', 'AIVideoTagComplete', { mediaId, signature });
      world.pass(1);
    }
    const lost = await world.cases.open(jobId);
    const events = lost === null ? [] : await world.cases.eventsFor(lost);
    expect(events.map(({ vodJobId }) => vodJobId)).toEqual(['unneeded', 'valid', 'missing', 'unchecked']);
  });

  it('is found by the rung of events though its event echoes the Extend, when that rung is off', async () => {
    const decided = world.heard('recovery.decided');
    const { jobId, requestId, mediaId } = await ladder.lose('drop_after');
    await world.hear(ladder.onlyJob(), 'success', 'AIVideoTagComplete', { mediaId, extend: `${requestId}.1` });
    await world.match().run({ rematch: false });
    await ladder.look(jobId, { by: ['event'] });
    expect(await world.job(jobId)).toMatchObject({ state: 'finished', vodJobId: ladder.onlyJob() });
    expect(decided).toEqual([expect.objectContaining({ rung: 'event', outcome: 'found' })]);
  });

  it.each([
    ['echoes nothing, while only an echo counts', 'extend', () => null],
    ['echoes another attempt of the same request', 'event', (requestId: string) => `${requestId}.2`],
  ] as const)('is not found by an event that %s', async (_which, rung, extendOf) => {
    const { jobId, requestId, mediaId } = await ladder.lose('drop_after');
    const extend = extendOf(requestId);
    await world.hear(ladder.onlyJob(), 'success', 'AIVideoTagComplete', { mediaId, extend });
    await world.match().run({ rematch: false });
    await ladder.look(jobId, { by: [rung] });
    expect(await world.job(jobId)).toMatchObject({ state: 'unconfirmed', vodJobId: null });
    expect(ladder.calls('ListAIJob')).toBe(0);
  });

  it('is the job whose event echoes its Extend, also when another one could be it, and VOD’s list is not asked', async () => {
    const { jobId, requestId, mediaId } = await ladder.lose('drop_after');
    const ours = ladder.onlyJob();
    await ladder.atConsole(mediaId, 'AIVideoTag');
    for (const { jobId: vodJobId } of emulator.jobs()) {
      const extend = vodJobId === ours ? `${requestId}.1` : 'a person at the console';
      await world.hear(vodJobId, 'success', 'AIVideoTagComplete', { mediaId, extend });
    }
    await world.match().run({ rematch: false });
    await ladder.look(jobId);
    expect(await world.job(jobId)).toMatchObject({ state: 'finished', vodJobId: ours });
    expect(ladder.calls('ListJobInfo')).toBe(0);
  });

  it('is not found by what came before it, by another type, nor by a job that another row has or had', async () => {
    const { jobId, mediaId } = await ladder.lose('drop_before');
    const other = await world.accept(['AIVideoTag'], { mediaId, config: another });
    emulator.configure({ faults: [] });
    await world.submit(world.vod(ladder.url)).submit(REGION, { requestId: other.requestId });
    await world.jobs.apply(other.jobIds[0] ?? '', {
      type: 'read_failed',
      vodJobId: ladder.onlyJob(),
      code: 'X',
      message: 'm',
      completedAt: null,
    });
    await world.jobs.apply(other.jobIds[0] ?? '', { type: 'retried' }); // lets its JobId go
    const dna = await world.accept(['AIMediaDNA'], { mediaId });
    await world.submit(world.vod(ladder.url)).submit(REGION, { requestId: dna.requestId });
    expect(emulator.jobs()).toHaveLength(2);
    for (const { jobId: id, type } of emulator.jobs()) {
      await world.hear(id, 'success', `${type}Complete`, { mediaId });
      await world.hear(id, 'success', 'AIVideoTagComplete', { mediaId });
    }
    await world.match().run({ rematch: false });
    await ladder.look(jobId);
    expect(await world.job(jobId)).toMatchObject({ state: 'unconfirmed', vodJobId: null });
  });

  it('is not found as a job that a person had named, once that one was retried', async () => {
    const { jobId, mediaId, requestId } = await ladder.lose('drop_after');
    const named = ladder.onlyJob();
    await world.jobs.apply(jobId, { type: 'undecidable', attempt: 1, version: 3, reason: 'nobody knows' });
    await world.jobs.apply(jobId, { type: 'adopted', candidate: named });
    const failed = { type: 'read_failed', vodJobId: named, code: 'X', message: 'm', completedAt: null } as const;
    await world.jobs.apply(jobId, failed);
    await world.jobs.apply(jobId, { type: 'retried' });
    emulator.configure({ faults: [faultRule('SubmitAIJob', { fault: 'drop_before' }, { nth: 1 })] });
    await world.submit(world.vod(ladder.url)).submit(REGION, { requestId });
    await world.hear(named, 'fail', 'AIVideoTagComplete', { mediaId });
    await world.match().run({ rematch: false });
    await ladder.look(jobId);
    expect(await world.job(jobId)).toMatchObject({ state: 'unconfirmed', attempt: 2, vodJobId: null });
  });

  it('is not taken for the job of another client that waits for the same media, whichever of them VOD has', async () => {
    const arrived = await ladder.lose('drop_after');
    const absent = await world.accept(['AIVideoTag'], { mediaId: arrived.mediaId, config: another });
    emulator.configure({ faults: [faultRule('SubmitAIJob', { fault: 'drop_before' }, { nth: 1 })] });
    await world.submit(world.vod(ladder.url)).submit(REGION, { requestId: absent.requestId });
    const [absentId = ''] = absent.jobIds;
    const first = ladder.onlyJob();
    for (const id of [absentId, arrived.jobId]) await ladder.look(id);
    expect(await world.job(absentId)).toMatchObject({ state: 'unconfirmed' });
    expect(await world.job(arrived.jobId)).toMatchObject({ state: 'unconfirmed' });

    // The same requests once more tell them apart.
    world.pass(120_000);
    for (const id of [absentId, arrived.jobId, arrived.jobId]) await ladder.look(id);
    expect(await world.job(arrived.jobId)).toMatchObject({ state: 'processing', vodJobId: first });
    expect(await world.job(absentId)).toMatchObject({ state: 'processing' });
    expect((await world.job(absentId)).vodJobId).not.toBe(first);
    expect(emulator.ledger().billed).toBe(2);
  });

  it('is held when it or another could be what VOD has, and nothing tells them apart', async () => {
    const one = await ladder.lose('drop_after');
    const two = await world.accept(['AIVideoTag'], { mediaId: one.mediaId, config: another });
    emulator.configure({ faults: [faultRule('SubmitAIJob', { fault: 'drop_before' }, { nth: 1 })] });
    await world.submit(world.vod(ladder.url)).submit(REGION, { requestId: two.requestId });
    await ladder.decide(one.jobId);
    expect(await world.job(one.jobId)).toMatchObject({ state: 'held' });
    expect((await world.job(one.jobId)).error?.message).toContain(ladder.onlyJob());
  });

  it('is not found in what VOD made before the send, though nobody knows it', async () => {
    const mediaId = 'asked-for-by-somebody-else';
    const theirs = {
      operation: 'SubmitAIJob' as const,
      mediaId,
      types: ['AIVideoTag'] as const,
      config: null,
      extend: 'x',
      nonce: 'n',
      signedAt: new Date(),
    };
    await world.vod(ladder.url).submit(REGION, theirs);
    world.pass(300_000);
    const { requestId, jobIds } = await world.accept(['AIVideoTag'], { mediaId });
    emulator.configure({ faults: [faultRule('SubmitAIJob', { fault: 'drop_before' })] });
    await world.submit(world.vod(ladder.url)).submit(REGION, { requestId });
    await world.hear(ladder.onlyJob(), 'success', 'AIVideoTagComplete', { mediaId });
    await world.match().run({ rematch: false });
    await ladder.look(jobIds[0] ?? '');
    expect(await world.job(jobIds[0])).toMatchObject({ state: 'unconfirmed', vodJobId: null });
  });

  it('is not found in what VOD made long after the call was over', async () => {
    world.pass(-300_000); // VOD's clock is real
    const { jobId, mediaId } = await ladder.lose('drop_before');
    await ladder.atConsole(mediaId, 'AIVideoTag');
    await world.hear(ladder.onlyJob(), 'success', 'AIVideoTagComplete', { mediaId });
    await world.match().run({ rematch: false });
    await ladder.look(jobId);
    expect(await world.job(jobId)).toMatchObject({ state: 'unconfirmed', vodJobId: null });
  });

  it('is held when two jobs could be it, and says which', async () => {
    const { jobId, mediaId } = await ladder.lose('drop_after');
    // Somebody else, with the same access key, at the same time.
    await world.vod(ladder.url).submit(REGION, {
      operation: 'SubmitAIJob',
      mediaId,
      types: ['AIVideoTag'],
      config: null,
      extend: 'a person at the console',
      nonce: 'another-nonce',
      signedAt: new Date(),
    });
    await ladder.look(jobId);
    expect(await world.job(jobId)).toMatchObject({ state: 'unconfirmed' });
    await ladder.decide(jobId);
    const { state, error } = await world.job(jobId);
    expect(state).toBe('held');
    const ids = emulator.jobs().map((job) => job.jobId);
    for (const id of ids) expect(error?.message).toContain(id);
    expect((await world.lastLine(jobId)).detail['candidates']).toEqual(expect.arrayContaining(ids));
  });
});
