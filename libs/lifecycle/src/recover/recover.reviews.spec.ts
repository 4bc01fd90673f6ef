import { faultRule, type Emulator } from '@app/vod-emulator';
import { Ladder, type AnswerFault, type Lost, type Settings } from '../../test/ladder';
import { REGION, type World } from '../../test/world';

let ladder: Ladder;
let world: World;
let emulator: Emulator;
beforeEach(async () => {
  ladder = await Ladder.open();
  ({ world, emulator } = ladder);
});
afterEach(() => ladder.close());

describe('A review whose answer was lost', () => {
  /** The fault strikes on its own operation; the other call of the request is answered. */
  async function loseReview(fault: AnswerFault, settings: Settings = {}): Promise<Lost> {
    const accepted = await world.accept(['AIMediaAudit', 'AIVideoTag']);
    emulator.configure({ ...settings, faults: [faultRule('SubmitAIMediaAuditJob', { fault }, { nth: 1 })] });
    await world.submit(world.vod(ladder.url)).submit(REGION, { requestId: accepted.requestId });
    const [jobId = '', tagging] = accepted.jobIds;
    expect(await world.job(jobId)).toMatchObject({ state: 'unconfirmed', vodJobId: null });
    expect(await world.job(tagging)).toMatchObject({ state: 'processing' });
    return { ...accepted, jobId };
  }

  const reviewAtVod = () => emulator.jobs().find(({ type }) => type === 'AIMediaAudit')?.jobId ?? '';

  it.each(['extend', 'event'] as const)('is found by its event (rung %s), once VOD confirms it', async (rung) => {
    const { jobId, requestId, mediaId } = await loseReview('drop_after');
    const extend = rung === 'extend' ? `${requestId}.1` : null;
    await world.hear('a-forged-one', 'success', 'AIMediaAuditComplete', { mediaId, extend });
    await world.hear(reviewAtVod(), 'success', 'AIMediaAuditComplete', { mediaId, extend });
    await world.match().run({ rematch: false });
    await ladder.look(jobId, { by: [rung] });
    expect(await world.job(jobId)).toMatchObject({ state: 'finished', vodJobId: reviewAtVod() });
    expect(ladder.calls('SubmitAIMediaAuditJob')).toBe(1);
  });

  it('is found in VOD’s list, among jobs of other types that nobody here knows', async () => {
    const { jobId, mediaId } = await loseReview('drop_after');
    await ladder.atConsole(mediaId, 'AIMediaDNA');
    await ladder.look(jobId, { by: ['listing'] });
    expect(await world.job(jobId)).toMatchObject({ state: 'processing', vodJobId: reviewAtVod() });
    expect(emulator.ledger().billed).toBe(3);
  });

  it.each([
    ['drop_before', 2, 'processing'],
    ['drop_before_work', 1, 'unconfirmed'],
  ] as const)('after %s is sent again byte for byte, and by itself', async (fault, billed, state) => {
    const { jobId, requestId } = await loseReview(fault);
    world.pass(130_000);
    await ladder.look(jobId, { by: [] });
    expect(await world.job(jobId)).toMatchObject({ state, attempts: 1 });
    expect(emulator.ledger().billed).toBe(billed);
    expect(ladder.calls('SubmitAIJob')).toBe(1);
    const [review] = await world.db.query(`select * from submission where request_id = $1 and number = 1`, [requestId]);
    expect(review).toMatchObject({ types: ['AIMediaAudit'], resends: 1 });
    expect(review['nonce_seen_at'] === null).toBe(fault === 'drop_before');
  });

  it('is sent again although VOD refuses to say anything of a JobId that somebody made up', async () => {
    const { jobId, mediaId } = await loseReview('drop_before');
    await world.hear('a-forged-one', 'success', 'AIMediaAuditComplete', { mediaId });
    const refusal = { fault: 'error', status: 400, code: 'InvalidParameter' } as const;
    emulator.configure({ faults: [faultRule('GetAIMediaAuditJob', refusal, { nth: 1 })] });
    world.pass(130_000);
    await ladder.look(jobId, { by: ['event'] });
    expect(await world.job(jobId)).toMatchObject({ state: 'processing', vodJobId: reviewAtVod() });
    expect(emulator.ledger().billed).toBe(2);
  });

  it.each([
    ['is away', { fault: 'http_5xx_before', status: 503 }],
    ['wants fewer calls', { fault: 'throttle' }],
    ['does not let this key ask', { fault: 'error', status: 403, code: 'Forbidden.RAM' }],
  ] as const)(
    'stays open while VOD %s instead of saying what an event names, and is paid once',
    async (_how, fault) => {
      const neighbour = await world.accept(['AIMediaAudit']);
      await world.submit(world.vod(ladder.url)).submit(REGION, { requestId: neighbour.requestId });
      const { jobId, mediaId } = await loseReview('drop_after');
      const review = emulator.jobs({ mediaId }).find(({ type }) => type === 'AIMediaAudit')?.jobId ?? '';
      await world.hear(review, 'success', 'AIMediaAuditComplete', { mediaId });
      await world.match().run({ rematch: false });
      const unlisted = faultRule('ListJobInfo', { fault: 'vanished' }, { mediaId });
      emulator.configure({ faults: [unlisted, faultRule('GetAIMediaAuditJob', fault)] });
      await ladder.decide(jobId);
      expect(await world.job(jobId)).toMatchObject({ state: 'unconfirmed' });
      expect((await world.lastLine(jobId)).detail['note']).toMatch(/^not decided yet: /);

      emulator.configure({ faults: [unlisted] });
      await ladder.decide(jobId);
      expect(await world.job(jobId)).toMatchObject({ state: 'finished', vodJobId: review });
      expect(ladder.calls('SubmitAIMediaAuditJob')).toBe(2); // the neighbour's is one
    },
  );

  it('is held with the JobIds that VOD lists, when it refuses to read those of other types', async () => {
    const { jobId, mediaId } = await loseReview('drop_before');
    await ladder.atConsole(mediaId, 'AIMediaDNA');
    const [dna] = emulator.jobs({ mediaId }).filter(({ type }) => type === 'AIMediaDNA');
    const refusal = { fault: 'error', status: 403, code: 'Forbidden.RAM' } as const;
    emulator.configure({ faults: [faultRule('ListAIJob', refusal)] });
    await ladder.decide(jobId);
    expect(await world.job(jobId)).toMatchObject({ state: 'held' });
    expect((await world.job(jobId)).error?.message).toContain(`VOD lists ${dna?.jobId}, and does not say what it is`);
    expect((await world.lastLine(jobId)).detail['candidates']).toEqual([dna?.jobId]);
  });

  it('is absent only when VOD lists another review of the time: one more call, and paid once', async () => {
    const { jobId, requestId } = await loseReview('drop_before');
    const neighbour = await world.accept(['AIMediaAudit']);
    await world.submit(world.vod(ladder.url)).submit(REGION, { requestId: neighbour.requestId });
    await ladder.decide(jobId);
    expect(await world.job(jobId)).toMatchObject({ state: 'queued' });
    await world.submit(world.vod(ladder.url)).submit(REGION, { requestId });
    expect(await world.job(jobId)).toMatchObject({ state: 'processing' });
    expect(emulator.ledger().billed).toBe(3);
  });

  it.each([
    ['does not list reviews', { listsAiJobs: false }, 'no other job of about the same time'],
    ['lists one that may be it or not', {}, '2 jobs of VOD could be this one'],
  ])('is held rather than paid twice when VOD %s', async (_how, settings, reason) => {
    const { jobId, mediaId } = await loseReview('drop_after', settings);
    await ladder.atConsole(mediaId, 'AIMediaAudit');
    await ladder.decide(jobId);
    expect(await world.job(jobId)).toMatchObject({ state: 'held' });
    expect((await world.job(jobId)).error?.message).toContain(reason);
    expect(ladder.calls('SubmitAIMediaAuditJob')).toBe(2);
  });
});

describe('A lost tagging', () => {
  it('is not doubted because of a review in the list that nobody here knows', async () => {
    const { jobId, mediaId } = await ladder.lose('drop_before');
    await ladder.atConsole(mediaId, 'AIMediaAudit');
    await ladder.control();
    await ladder.decide(jobId);
    expect(await world.job(jobId)).toMatchObject({ state: 'queued' });
    expect(ladder.calls('GetAIMediaAuditJob')).toBe(1);
  });
});
