import { randomUUID } from 'node:crypto';
import { submitOperationOf, type JobType } from '@app/domain';
import { Emulator, faultRule, unlimited } from '@app/vod-emulator';
import { accessKey, REGION, rules, World } from '../../test/world';
import type { Case } from '@app/persistence';
import type { StepSettings } from '../index';

/** The recovery ladder, rung by rung, on a VOD that forgets to answer. Time is the test's, and passes fast:
 * a grace period of minutes, so that VOD's own clock, which is real, still takes our signatures. */

let world: World;
let emulator: Emulator;
let url: string;

beforeEach(async () => {
  world = await World.open();
  emulator = new Emulator({ accessKeys: [accessKey], jobTimeMs: { min: 3_600_000, max: 3_600_000 }, qps: unlimited });
  ({ url } = await emulator.listen({ host: '127.0.0.1', port: 0 }));
});
afterEach(async () => {
  await emulator.close();
  await world.close();
});

/** The same media with another config is another job. */
const another = { AIVideoTag: { AnalyseTypes: 'OCR' } };
const GRACE_MS = 130_000;
type Settings = Parameters<Emulator['configure']>[0];
type AnswerFault = 'drop_after' | 'drop_before' | 'drop_before_work';

interface Lost {
  requestId: string;
  mediaId: string;
  jobIds: string[];
  jobId: string;
}

/** A request whose answer never came: after the work (billed), or before it. */
async function lose(fault: AnswerFault, types: JobType[] = ['AIVideoTag'], settings: Settings = {}): Promise<Lost> {
  const accepted = await world.accept(types);
  emulator.configure({ ...settings, faults: [faultRule('SubmitAIJob', { fault }, { nth: 1 })] });
  await world.submit(world.vod(url)).submit(REGION, { requestId: accepted.requestId });
  const [jobId = ''] = accepted.jobIds;
  expect(await world.job(jobId)).toMatchObject({ state: 'unconfirmed', vodJobId: null });
  return { ...accepted, jobId };
}

/** A job that VOD surely has: without one, its list proves nothing. */
async function control(): Promise<void> {
  const { requestId } = await world.accept();
  await world.submit(world.vod(url)).submit(REGION, { requestId });
}

function look(jobId: string, options: Partial<StepSettings> = {}): Promise<void> {
  return world.recover(world.vod(url), options).recover(REGION, { jobId });
}

const onlyJob = () => emulator.jobs()[0]?.jobId ?? '';
const calls = (operation: string) => emulator.ledger().calls[operation]?.ok ?? 0;
const lastText = async (jobId: string) => JSON.stringify((await world.lastLine(jobId)).detail);

/** Lets the grace period go by, and looks then. */
async function decide(jobId: string, options: Partial<StepSettings> = {}): Promise<void> {
  world.pass(GRACE_MS);
  await look(jobId, { resendPinned: false, rules: { ...rules, recoverGraceMs: GRACE_MS }, ...options });
}

describe('A review whose answer was lost', () => {
  /** The fault strikes on its own operation; the other call of the request is answered. */
  async function loseReview(fault: AnswerFault, settings: Settings = {}): Promise<Lost> {
    const accepted = await world.accept(['AIMediaAudit', 'AIVideoTag']);
    emulator.configure({ ...settings, faults: [faultRule('SubmitAIMediaAuditJob', { fault }, { nth: 1 })] });
    await world.submit(world.vod(url)).submit(REGION, { requestId: accepted.requestId });
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
    await look(jobId, { by: [rung] });
    expect(await world.job(jobId)).toMatchObject({ state: 'finished', vodJobId: reviewAtVod() });
    expect(calls('SubmitAIMediaAuditJob')).toBe(1);
  });

  it('is found in VOD’s list, among jobs of other types that nobody here knows', async () => {
    const { jobId, mediaId } = await loseReview('drop_after');
    await atConsole(mediaId, 'AIMediaDNA');
    await look(jobId, { by: ['listing'] });
    expect(await world.job(jobId)).toMatchObject({ state: 'processing', vodJobId: reviewAtVod() });
    expect(emulator.ledger().billed).toBe(3);
  });

  it.each([
    ['drop_before', 2, 'processing'],
    ['drop_before_work', 1, 'unconfirmed'],
  ] as const)('after %s is sent again byte for byte, and by itself', async (fault, billed, state) => {
    const { jobId, requestId } = await loseReview(fault);
    world.pass(130_000);
    await look(jobId, { by: [] });
    expect(await world.job(jobId)).toMatchObject({ state, attempts: 1 });
    expect(emulator.ledger().billed).toBe(billed);
    expect(calls('SubmitAIJob')).toBe(1);
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
    await look(jobId, { by: ['event'] });
    expect(await world.job(jobId)).toMatchObject({ state: 'processing', vodJobId: reviewAtVod() });
    expect(emulator.ledger().billed).toBe(2);
  });

  it('is absent only when VOD lists another review of the time: one more call, and paid once', async () => {
    const { jobId, requestId } = await loseReview('drop_before');
    const neighbour = await world.accept(['AIMediaAudit']);
    await world.submit(world.vod(url)).submit(REGION, { requestId: neighbour.requestId });
    await decide(jobId);
    expect(await world.job(jobId)).toMatchObject({ state: 'queued' });
    await world.submit(world.vod(url)).submit(REGION, { requestId });
    expect(await world.job(jobId)).toMatchObject({ state: 'processing' });
    expect(emulator.ledger().billed).toBe(3);
  });

  it.each([
    ['does not list reviews', { listsAiJobs: false }, 'no other job of about the same time'],
    ['lists one that may be it or not', {}, '2 jobs of VOD could be this one'],
  ])('is held rather than paid twice when VOD %s', async (_how, settings, reason) => {
    const { jobId, mediaId } = await loseReview('drop_after', settings);
    await atConsole(mediaId, 'AIMediaAudit');
    await decide(jobId);
    expect(await world.job(jobId)).toMatchObject({ state: 'held' });
    expect((await world.job(jobId)).error?.message).toContain(reason);
    expect(calls('SubmitAIMediaAuditJob')).toBe(2);
  });
});

describe('A lost tagging', () => {
  it('is not doubted because of a review in the list that nobody here knows', async () => {
    const { jobId, mediaId } = await lose('drop_before');
    await atConsole(mediaId, 'AIMediaAudit');
    await control();
    await decide(jobId);
    expect(await world.job(jobId)).toMatchObject({ state: 'queued' });
    expect(calls('GetAIMediaAuditJob')).toBe(1);
  });
});

/** Somebody else, with the same access key, at the same time. */
async function atConsole(mediaId: string, type: JobType): Promise<void> {
  await world.vod(url).submit(REGION, {
    operation: submitOperationOf(type),
    mediaId,
    types: [type],
    config: null,
    extend: 'a person at the console',
    nonce: randomUUID(),
    signedAt: new Date(),
  });
}

describe('row 15: a submission whose answer was lost', () => {
  it('is found in VOD’s list of its media, each type for itself, without a second call', async () => {
    const decided = world.heard('recovery.decided');
    const { jobIds } = await lose('drop_after', ['AIVideoTag', 'AIMediaDNA']);
    for (const jobId of jobIds) await look(jobId, { by: ['listing'] });
    const jobs = await Promise.all(jobIds.map((id) => world.job(id)));
    const atVod = new Map(emulator.jobs().map((job) => [job.type, job.jobId]));
    for (const job of jobs)
      expect(job).toMatchObject({ state: 'processing', vodJobId: atVod.get(job.type), attempts: 1 });
    expect(decided.map(({ rung, outcome }) => [rung, outcome])).toEqual([
      ['listing', 'found'],
      ['listing', 'found'],
    ]);
    expect(emulator.ledger().billed).toBe(2);
    expect(calls('SubmitAIJob')).toBe(1);
  });

  it.each(['extend', 'event'] as const)('is found by an event (rung %s), once VOD confirms it', async (rung) => {
    const decided = world.heard('recovery.decided');
    const { jobId, requestId, mediaId } = await lose('drop_after');
    const extend = rung === 'extend' ? `${requestId}.1` : null;
    await world.hear('a-forged-one', 'success', 'AIVideoTagComplete', { mediaId, extend });
    await world.hear(onlyJob(), 'success', 'AIVideoTagComplete', { mediaId, extend });
    await world.match().run({ rematch: false });
    // The event makes it due: nobody waits for the next look.
    expect((await world.job(jobId)).dueAt).toEqual(world.now());

    await look(jobId, { by: [rung] });
    // Found, and the event that was waiting for it is matched in the same moment.
    expect(await world.job(jobId)).toMatchObject({ state: 'finished', vodJobId: onlyJob() });
    expect(decided).toEqual([expect.objectContaining({ rung, outcome: 'found' })]);
    expect(calls('ListJobInfo')).toBe(0);
  });

  it('is not found by what came before it, by another type, nor by a job that another row has or had', async () => {
    const { jobId, mediaId } = await lose('drop_before');
    const other = await world.accept(['AIVideoTag'], { mediaId, config: another });
    emulator.configure({ faults: [] });
    await world.submit(world.vod(url)).submit(REGION, { requestId: other.requestId });
    await world.jobs.apply(other.jobIds[0] ?? '', {
      type: 'read_failed',
      vodJobId: onlyJob(),
      code: 'X',
      message: 'm',
      completedAt: null,
    });
    await world.jobs.apply(other.jobIds[0] ?? '', { type: 'retried' }); // lets its JobId go
    const dna = await world.accept(['AIMediaDNA'], { mediaId });
    await world.submit(world.vod(url)).submit(REGION, { requestId: dna.requestId });
    expect(emulator.jobs()).toHaveLength(2);
    for (const { jobId: id, type } of emulator.jobs()) {
      await world.hear(id, 'success', `${type}Complete`, { mediaId });
      await world.hear(id, 'success', 'AIVideoTagComplete', { mediaId });
    }
    await world.match().run({ rematch: false });
    await look(jobId);
    expect(await world.job(jobId)).toMatchObject({ state: 'unconfirmed', vodJobId: null });
  });

  it('is not found as a job that a person had named, once that one was retried', async () => {
    const { jobId, mediaId, requestId } = await lose('drop_after');
    const named = onlyJob();
    await world.jobs.apply(jobId, { type: 'undecidable', attempt: 1, version: 3, reason: 'nobody knows' });
    await world.jobs.apply(jobId, { type: 'adopted', candidate: named });
    const failed = { type: 'read_failed', vodJobId: named, code: 'X', message: 'm', completedAt: null } as const;
    await world.jobs.apply(jobId, failed);
    await world.jobs.apply(jobId, { type: 'retried' });
    emulator.configure({ faults: [faultRule('SubmitAIJob', { fault: 'drop_before' }, { nth: 1 })] });
    await world.submit(world.vod(url)).submit(REGION, { requestId });
    await world.hear(named, 'fail', 'AIVideoTagComplete', { mediaId });
    await world.match().run({ rematch: false });
    await look(jobId);
    expect(await world.job(jobId)).toMatchObject({ state: 'unconfirmed', attempt: 2, vodJobId: null });
  });

  it('is not taken for the job of another client that waits for the same media, whichever of them VOD has', async () => {
    const arrived = await lose('drop_after');
    const absent = await world.accept(['AIVideoTag'], { mediaId: arrived.mediaId, config: another });
    emulator.configure({ faults: [faultRule('SubmitAIJob', { fault: 'drop_before' }, { nth: 1 })] });
    await world.submit(world.vod(url)).submit(REGION, { requestId: absent.requestId });
    const [absentId = ''] = absent.jobIds;
    const first = onlyJob();
    for (const id of [absentId, arrived.jobId]) await look(id);
    expect(await world.job(absentId)).toMatchObject({ state: 'unconfirmed' });
    expect(await world.job(arrived.jobId)).toMatchObject({ state: 'unconfirmed' });

    // The same requests once more tell them apart.
    world.pass(120_000);
    for (const id of [absentId, arrived.jobId, arrived.jobId]) await look(id);
    expect(await world.job(arrived.jobId)).toMatchObject({ state: 'processing', vodJobId: first });
    expect(await world.job(absentId)).toMatchObject({ state: 'processing' });
    expect((await world.job(absentId)).vodJobId).not.toBe(first);
    expect(emulator.ledger().billed).toBe(2);
  });

  it('is held when it or another could be what VOD has, and nothing tells them apart', async () => {
    const one = await lose('drop_after');
    const two = await world.accept(['AIVideoTag'], { mediaId: one.mediaId, config: another });
    emulator.configure({ faults: [faultRule('SubmitAIJob', { fault: 'drop_before' }, { nth: 1 })] });
    await world.submit(world.vod(url)).submit(REGION, { requestId: two.requestId });
    await decide(one.jobId);
    expect(await world.job(one.jobId)).toMatchObject({ state: 'held' });
    expect((await world.job(one.jobId)).error?.message).toContain(onlyJob());
  });

  it('is sent once more, byte for byte, when reading has not found it: VOD takes it when the first had not arrived', async () => {
    const decided = world.heard('recovery.decided');
    const { jobId, requestId } = await lose('drop_before', ['AIVideoTag', 'AIMediaDNA']);
    await look(jobId);
    expect(calls('SubmitAIJob')).toBe(0); // first the looks that only read
    world.pass(120_000);
    await look(jobId);
    expect(await world.job(jobId)).toMatchObject({ state: 'processing', attempts: 1, attempt: 1 });
    expect(decided.map(({ rung }) => rung)).toEqual(['resend', 'resend']);
    const [submission] = await world.submissionsOf(requestId);
    expect(emulator.ledger().entries.map(({ nonce }) => nonce)).toEqual([submission?.['nonce'], submission?.['nonce']]);
    expect(submission).toMatchObject({ outcome: 'accepted' });
  });

  it('and the nonce that VOD has seen proves that the first had arrived: never taken for absent after that', async () => {
    await control();
    const { jobId } = await lose('drop_before_work');
    world.pass(120_000);
    await look(jobId);
    expect(await lastText(jobId)).toContain('the first call had arrived');
    await decide(jobId, { resendPinned: true });
    expect(await world.job(jobId)).toMatchObject({ state: 'held', error: { code: 'undecidable' } });
    expect((await world.job(jobId)).error?.message).toContain('nonce');
    expect(calls('SubmitAIJob')).toBe(1); // the control's
  });

  it.each([
    ['its 15 minutes are over', async () => world.pass(14 * 60_000), {}],
    ['another access key would sign it', ({ requestId }: Lost) => resign(requestId), {}],
    ['a job of the same call is known', ({ jobIds }: Lost) => learnSibling(jobIds[1]), {}],
    ['the rung is switched off', async () => undefined, { resendPinned: false }],
  ])('is not sent again when %s', async (_why, happens, options) => {
    const lost = await lose('drop_before', ['AIVideoTag', 'AIMediaDNA']);
    world.pass(120_000);
    await happens(lost);
    await look(lost.jobId, options);
    expect(await world.job(lost.jobId)).toMatchObject({ state: 'unconfirmed' });
    expect(emulator.ledger().billed).toBe(0);
  });

  it('is sent again by one worker at a time', async () => {
    const { jobIds } = await lose('drop_before', ['AIVideoTag', 'AIMediaDNA']);
    world.pass(120_000);
    emulator.configure({ nonceMemory: 'off' }); // a gateway that would take it twice
    await Promise.all([...jobIds, ...jobIds].map((id) => look(id)));
    expect(emulator.ledger().billed).toBe(2); // one of each type
  });

  it('row 14: is queued again when VOD lists a neighbour and not it, with a new attempt and a new nonce', async () => {
    await control();
    const decided = world.heard('recovery.decided');
    const { jobId, requestId } = await lose('drop_before');
    await decide(jobId);
    expect(await world.job(jobId)).toMatchObject({ state: 'queued', attempts: 0, attempt: 1, submittedAt: null });
    expect(decided).toEqual([expect.objectContaining({ rung: 'absence', outcome: 'absent' })]);
    emulator.configure({ faults: [] });
    await world.submit(world.vod(url)).submit(REGION, { requestId });
    expect(await world.job(jobId)).toMatchObject({ state: 'processing', attempt: 2, attempts: 1 });
    const nonces = (await world.submissionsOf(requestId)).map(({ nonce }) => nonce);
    expect(new Set(nonces).size).toBe(2);
  });

  it.each([
    ['VOD lists no AI jobs at all', { listsAiJobs: false }, 'neither does it list'],
    ['VOD lists late', { listingLagMs: 3_600_000 }, 'neither does it list'],
  ])('is held, not queued, when %s: its list proves nothing', async (_why, settings, reason) => {
    await control();
    const { jobId } = await lose('drop_after', ['AIVideoTag'], settings);
    await decide(jobId);
    expect(await world.job(jobId)).toMatchObject({ state: 'held' });
    expect((await world.job(jobId)).error?.message).toContain(reason);
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
    await world.vod(url).submit(REGION, theirs);
    world.pass(300_000);
    const { requestId, jobIds } = await world.accept(['AIVideoTag'], { mediaId });
    emulator.configure({ faults: [faultRule('SubmitAIJob', { fault: 'drop_before' })] });
    await world.submit(world.vod(url)).submit(REGION, { requestId });
    await world.hear(onlyJob(), 'success', 'AIVideoTagComplete', { mediaId });
    await world.match().run({ rematch: false });
    await look(jobIds[0] ?? '');
    expect(await world.job(jobIds[0])).toMatchObject({ state: 'unconfirmed', vodJobId: null });
  });

  it('is held when it was proven absent five times, and lost each time again', async () => {
    const { jobId, requestId } = await lose('drop_before');
    emulator.configure({
      faults: [faultRule('SubmitAIJob', { fault: 'drop_before' }, { mediaId: (await world.job(jobId)).mediaId })],
    });
    for (let absences = 0; absences < 5; absences += 1) {
      await control();
      await decide(jobId);
      expect(await world.job(jobId)).toMatchObject({ state: 'queued' });
      await world.submit(world.vod(url)).submit(REGION, { requestId });
    }
    await control();
    await decide(jobId);
    expect((await world.job(jobId)).error?.message).toContain('proven absent 5 times');
  });

  it('is held when two jobs could be it, and says which', async () => {
    const { jobId, mediaId } = await lose('drop_after');
    // Somebody else, with the same access key, at the same time.
    await world.vod(url).submit(REGION, {
      operation: 'SubmitAIJob',
      mediaId,
      types: ['AIVideoTag'],
      config: null,
      extend: 'a person at the console',
      nonce: 'another-nonce',
      signedAt: new Date(),
    });
    await look(jobId);
    expect(await world.job(jobId)).toMatchObject({ state: 'unconfirmed' });
    await decide(jobId);
    const { state, error } = await world.job(jobId);
    expect(state).toBe('held');
    const ids = emulator.jobs().map((job) => job.jobId);
    for (const id of ids) expect(error?.message).toContain(id);
    expect((await world.lastLine(jobId)).detail['candidates']).toEqual(expect.arrayContaining(ids));
  });

  it('is held when no rung is switched on', async () => {
    const { jobId } = await lose('drop_before');
    await decide(jobId, { by: [] });
    expect((await world.job(jobId)).error?.message).toContain('no rung that could prove its absence');
    expect(emulator.ledger().calls).toEqual({});
  });

  it('stays open while VOD cannot be asked, however long that takes', async () => {
    const { jobId } = await lose('drop_after');
    emulator.configure({ faults: [faultRule('ListJobInfo', { fault: 'http_5xx_before', status: 503 })] });
    for (let i = 0; i < 3; i += 1) {
      await decide(jobId);
      const job = await world.job(jobId);
      expect(job.state).toBe('unconfirmed');
      expect(job.dueAt?.getTime()).toBeGreaterThan(world.now().getTime());
    }
    emulator.configure({ faults: [] });
    await decide(jobId);
    expect(await world.job(jobId)).toMatchObject({ state: 'processing', vodJobId: onlyJob() });
  });

  it.each([
    ['and is settled', true],
    ['and nobody has looked at', false],
  ])('is not declared absent over an event that comes while VOD is being asked %s', async (_which, settled) => {
    await control();
    const { jobId, mediaId } = await lose('drop_after');
    emulator.configure({ faults: [faultRule('ListJobInfo', { fault: 'vanished' }, { mediaId })] });
    const lostJob = emulator.jobs({ mediaId })[0]?.jobId ?? '';
    const vod = world.vod(url);
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
    await look(jobId);
    expect(await world.job(jobId)).toMatchObject({ state: 'finished', vodJobId: lostJob });
  });

  it('is looked for no more when it was found before its turn came', async () => {
    const { jobId } = await lose('drop_after');
    await look(jobId);
    const { version } = await world.job(jobId);
    const asked = structuredClone(emulator.ledger().calls);
    await look(jobId);
    expect(await world.job(jobId)).toMatchObject({ state: 'processing', version });
    expect(emulator.ledger().calls).toEqual(asked);
  });

  it.each(['proven_absent', 'undecidable'] as const)('%s counts for the job as it was, not as it is', async (type) => {
    const { jobId } = await lose('drop_before');
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

  it('is held when VOD lists a job of this media and does not say what it is', async () => {
    await control();
    const { jobId } = await lose('drop_after');
    const media = (await world.job(jobId)).mediaId;
    emulator.configure({ faults: [faultRule('ListAIJob', { fault: 'vanished' }, { mediaId: media })] });
    await decide(jobId);
    const { state, error } = await world.job(jobId);
    expect(state).toBe('held');
    const [unexplained] = emulator.jobs({ mediaId: media });
    expect(error?.message).toContain(unexplained?.jobId);
    expect((await world.lastLine(jobId)).detail['candidates']).toEqual([unexplained?.jobId]);
  });

  it('is held, not queued, when another job of the same call was found: the call had arrived', async () => {
    await control();
    const { jobIds } = await lose('drop_before', ['AIVideoTag', 'AIMediaDNA']);
    await learnSibling(jobIds[1]);
    await decide(jobIds[0] ?? '');
    expect(await world.job(jobIds[0])).toMatchObject({ state: 'held' });
    expect((await world.job(jobIds[0])).error?.message).toContain('a job of the same call is there');
  });

  it('is held when the only neighbours are of long ago', async () => {
    await control();
    await world.db.query(`update job set submitted_at = submitted_at - interval '1 day'`);
    const { jobId } = await lose('drop_before');
    await decide(jobId);
    expect((await world.job(jobId)).error?.message).toContain('no other job of about the same time');
  });

  it('takes the next neighbour when VOD refuses to tell about one', async () => {
    await control();
    await control();
    const { jobId } = await lose('drop_before');
    const [first] = await world.cases.controls((await world.cases.open(jobId)) as Case);
    const refusal = { fault: 'error', status: 404, code: 'InvalidVideo.NotFound' } as const;
    emulator.configure({ faults: [faultRule('ListJobInfo', refusal, { mediaId: first?.mediaId ?? '' })] });
    await decide(jobId);
    expect(await world.job(jobId)).toMatchObject({ state: 'queued' });
  });

  it('is held when VOD will always refuse to tell, and after a day in which it could not be asked', async () => {
    const deleted = { fault: 'error', status: 404, code: 'InvalidVideo.NotFound' } as const;
    const refused = await lose('drop_after');
    emulator.configure({ faults: [faultRule('ListJobInfo', deleted)] });
    await decide(refused.jobId);
    expect((await world.job(refused.jobId)).error?.message).toBe('VOD cannot be asked: refused: InvalidVideo.NotFound');

    const unheard = await lose('drop_after');
    emulator.configure({ faults: [faultRule('ListJobInfo', { fault: 'http_5xx_before', status: 503 })] });
    await decide(unheard.jobId, { rules: { ...rules, recoverGraceMs: GRACE_MS, jobDeadlineMs: GRACE_MS } });
    expect(await world.job(unheard.jobId)).toMatchObject({ state: 'held' });
  });

  it('is not decided by what a late answer says of one of its two sends', async () => {
    const { jobId } = await lose('drop_before');
    world.pass(120_000);
    emulator.configure({ faults: [faultRule('SubmitAIJob', { fault: 'drop_after' }, { nth: 1 })] });
    await look(jobId); // sent again, and this answer is lost too
    await world.jobs.apply(jobId, { type: 'throttled', attempt: 1, code: 'Throttling', retryAfterMs: 1 });
    await world.jobs.apply(jobId, { type: 'refused', attempt: 1, code: 'X', message: 'm', vodRequestId: null });
    expect(await world.job(jobId)).toMatchObject({ state: 'unconfirmed' });
    await look(jobId);
    expect(await world.job(jobId)).toMatchObject({ state: 'processing', vodJobId: onlyJob() });
    expect(emulator.ledger().billed).toBe(1);
  });

  it('takes a late yes in every state in which the attempt is still the last, and is loud about one that comes too late', async () => {
    await control();
    const yes = { type: 'accepted', attempt: 1, vodRequestId: null } as const;
    const unclaimed = world.heard('vod_job.unclaimed');
    const again = await lose('drop_before');
    await decide(again.jobId);
    emulator.configure({ faults: [] });
    await world.submit(world.vod(url)).submit(REGION, { requestId: again.requestId });
    await world.jobs.apply(again.jobId, { ...yes, vodJobId: 'too-late' });
    expect(unclaimed).toEqual([expect.objectContaining({ jobId: again.jobId, vodJobId: 'too-late', attempt: 1 })]);

    const { jobId } = await lose('drop_before');
    await decide(jobId);
    expect(await world.jobs.apply(jobId, { ...yes, vodJobId: 'late-yes' })).toMatchObject({ from: 'queued' });
    expect(await world.job(jobId)).toMatchObject({ state: 'processing', vodJobId: 'late-yes', attempts: 1 });
  });
});

describe('an event that comes when a case was closed', () => {
  it.each(['AIVideoTagComplete', 'VideoAIComplete'])(
    'reopens a held one by %s, and it is adopted without a person',
    async (eventType) => {
      const { jobId, mediaId } = await lose('drop_after');
      await decide(jobId, { by: [] });
      expect(await world.job(jobId)).toMatchObject({ state: 'held' });
      await world.hear(onlyJob(), 'success', eventType, { mediaId });
      await world.match().run({ rematch: false });
      expect(await world.job(jobId)).toMatchObject({ state: 'unconfirmed' });
      await look(jobId, { by: ['event'] });
      expect(await world.job(jobId)).toMatchObject({ state: 'finished', vodJobId: onlyJob() });
    },
  );

  it('reopens one that was queued again, before it is paid a second time', async () => {
    await control();
    const { jobId, mediaId } = await lose('drop_after', ['AIVideoTag']);
    // VOD's list leaves it out, and shows the neighbour.
    emulator.configure({ faults: [faultRule('ListJobInfo', { fault: 'vanished' }, { mediaId })] });
    await decide(jobId);
    expect(await world.job(jobId)).toMatchObject({ state: 'queued', attempts: 0 });
    const lostJob = emulator.jobs({ mediaId })[0]?.jobId ?? '';
    await world.hear(lostJob, 'success', 'AIVideoTagComplete', { mediaId });
    await world.match().run({ rematch: false });
    expect(await world.job(jobId)).toMatchObject({ state: 'unconfirmed', attempts: 1, submittedAt: expect.any(Date) });
    await look(jobId);
    expect(await world.job(jobId)).toMatchObject({ state: 'finished', vodJobId: lostJob });
  });

  it('leaves alone what a person decided, what was never sent, and what is already known', async () => {
    const { jobId, mediaId } = await lose('drop_after');
    await decide(jobId, { by: [] });
    await world.jobs.apply(jobId, { type: 'resubmitted', reason: 'I looked at the console' }, 'ada');
    const fresh = await world.accept(['AIVideoTag'], { mediaId, config: another });
    await world.hear('nobody-knows', 'success', 'AIVideoTagComplete', { mediaId });
    await world.match().run({ rematch: false });
    expect(await world.job(jobId)).toMatchObject({ state: 'queued' });
    expect(await world.job(fresh.jobIds[0])).toMatchObject({ state: 'queued', version: 1 });
  });

  it('leaves alone what was sent after it had come', async () => {
    const { jobId, mediaId } = await lose('drop_after');
    await decide(jobId, { by: [] });
    await world.hear('somebody-elses', 'success', 'AIVideoTagComplete', { mediaId });
    await world.db.query(
      `update event set received_at = (select sent_at - interval '1 minute' from submission) where vod_job_id = 'somebody-elses'`,
    );
    await world.match().run({ rematch: false });
    expect(await world.job(jobId)).toMatchObject({ state: 'held' });
  });

  it('costs one look per gap, however many come', async () => {
    const { jobId, mediaId } = await lose('drop_before');
    await look(jobId);
    for (let i = 0; i < 5; i += 1) {
      await world.hear(`forged-${i}`, 'success', 'AIVideoTagComplete', { mediaId });
      await world.match().run({ rematch: false });
    }
    expect((await world.job(jobId)).dueAt?.getTime()).toBe(world.now().getTime() + 5_000);
  });
});

async function resign(requestId: string): Promise<void> {
  await world.db.query(`update submission set signer = 'another key' where request_id = $1`, [requestId]);
}

async function learnSibling(jobId: string | undefined): Promise<void> {
  await world.jobs.apply(jobId ?? '', {
    type: 'found',
    attempt: 1,
    vodJobId: 'the-sibling',
    rung: 'listing',
    evidence: 'e',
  });
}
