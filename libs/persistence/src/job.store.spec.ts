import type { JobEvent } from '@app/domain';
import { Fixture } from '../test/fixture';
import type { Claim, JobStore, SubmissionAnswer } from './index';

let fixture: Fixture;
let jobs: JobStore;
beforeAll(async () => {
  fixture = await Fixture.open();
  jobs = fixture.jobs();
});
afterAll(() => fixture.close());

const lockJob = 'select from job where id = $1 for update';
const accepted = (vodJobId: string, attempt = 1): JobEvent => ({
  type: 'accepted',
  attempt,
  vodJobId,
  vodRequestId: 'R-1',
});
const rings = (vodJobId: string): JobEvent => ({
  type: 'event_received',
  vodJobId,
  status: 'success',
  eventId: 'event-1',
  signature: 'valid',
});
const succeeded = (vodJobId: string, raw: string, normalized: unknown): JobEvent => ({
  type: 'read_succeeded',
  vodJobId,
  result: { raw, normalized, source: 'ListAIJob', problem: null },
  completedAt: null,
});

/** A queued request, claimed. */
async function claimOf(requestId: string, store = jobs): Promise<Claim> {
  const claim = await store.claim(requestId);
  if (!claim) throw new Error('there was nothing to claim');
  return claim;
}

describe('The door', () => {
  it('row 38: moves a job once, though ten processes bring the same event at the same moment', async () => {
    const { id } = await fixture.jobIn('processing');
    const stores = (await fixture.connections(10)).map((db) => fixture.jobs({}, db));
    const { vodJobId, version } = await fixture.job(id);

    // Everyone runs into this lock. With a look that locks, they then look one after the other; with one that does not,
    // all ten have seen `processing` by now and decided to move it.
    const release = await fixture.hold(lockJob, [id]);
    const verdicts = Promise.all(stores.map((store) => store.apply(id, rings(vodJobId ?? ''))));
    await fixture.untilWaiting(10);
    await release();

    const outcomes = (await verdicts).map(({ outcome }) => outcome).toSorted();
    expect(outcomes).toEqual([...Array<string>(9).fill('ignored'), 'moved']);
    expect(await fixture.job(id)).toMatchObject({ state: 'finished', version: version + 1 });
    expect((await fixture.story(id)).filter((event) => event === 'event_received')).toHaveLength(1);
  });

  it('writes one line of history for every step, and its versions have no gap', async () => {
    const { id } = await fixture.jobIn('succeeded');
    const lines = await fixture.reads().history(id);
    expect(lines.map(({ version, event, from, to }) => [version, event, from, to])).toEqual([
      [1, 'created', null, 'queued'],
      [2, 'claimed', 'queued', 'submitting'],
      [3, 'accepted', 'submitting', 'processing'],
      [4, 'event_received', 'processing', 'finished'],
      [5, 'read_succeeded', 'finished', 'succeeded'],
    ]);
    expect((await fixture.job(id)).version).toBe(5);
  });

  it('keeps a result that could be used when it is read again and nothing usable comes', async () => {
    const { id, vodJobId } = await fixture.jobIn('succeeded');
    const before = await fixture.reads().result(id);
    expect(before?.normalized).not.toBeNull();
    await jobs.apply(id, { type: 'refetched' }, 'ada');
    const nothing = { raw: null, normalized: null, source: 'ListAIJob', problem: 'VOD gave no data' } as const;
    await jobs.apply(id, { type: 'read_succeeded', vodJobId: vodJobId ?? '', result: nothing, completedAt: null });
    expect(await fixture.job(id)).toMatchObject({ state: 'succeeded', error: { phase: 'result' } });
    expect(await fixture.reads().result(id)).toEqual(before);

    await jobs.apply(id, { type: 'refetched' }, 'ada');
    await jobs.apply(id, succeeded(vodJobId ?? '', '{"Category":[]}', { newer: true }));
    expect(await fixture.reads().result(id)).toMatchObject({ normalized: { newer: true } });
  });

  it('leaves an ignored event without a trace', async () => {
    const before = await fixture.jobIn('succeeded');
    const verdict = await jobs.apply(before.id, rings(before.vodJobId ?? ''));
    expect(verdict).toEqual({ outcome: 'ignored', state: 'succeeded', reason: 'no_such_step' });
    expect(await fixture.job(before.id)).toEqual(before);
    expect(await fixture.story(before.id)).toHaveLength(5);
  });

  it('knows who did it, and that there is no such job', async () => {
    const { id } = await fixture.jobIn('queued');
    await jobs.apply(id, { type: 'canceled', reason: 'no longer wanted' }, 'ada');
    expect((await fixture.reads().history(id)).at(-1)).toMatchObject({
      event: 'canceled',
      actor: 'ada',
      detail: { reason: 'no longer wanted' },
    });
    expect(await jobs.apply('00000000-0000-7000-8000-000000000000', { type: 'canceled' })).toEqual({
      outcome: 'no_such_job',
    });
  });

  it('takes two events of one job in one batch in their order', async () => {
    const { id } = await fixture.jobIn('submitting');
    const verdicts = await Promise.all([
      jobs.apply(id, accepted('vod-in-order')),
      jobs.apply(id, succeeded('vod-in-order', '1', 1)),
      jobs.apply(id, succeeded('vod-in-order', '2', 2)),
    ]);
    expect(verdicts.map(({ outcome }) => outcome)).toEqual(['moved', 'moved', 'ignored']);
    expect(await fixture.reads().result(id)).toMatchObject({ raw: '1', normalized: 1 });
  });

  it('commits the changes of a submission and its answer together, or none of them', async () => {
    const request = await fixture.accept({ types: ['AIVideoTag', 'AIMediaDNA'] });
    const other = await fixture.jobIn('processing');
    const claim = await claimOf(request.id);
    await jobs.markSent(claim, 'key');
    const answer: SubmissionAnswer = {
      requestId: request.id,
      number: 1,
      outcome: 'accepted',
      vodRequestId: 'R-1',
      code: null,
      message: null,
    };
    const changesTo = (...vodJobIds: string[]) =>
      claim.jobs.map(({ id }, i) => ({ jobId: id, event: accepted(vodJobIds[i] ?? '') }));
    const outcomeOf = async () =>
      (await fixture.query('select outcome from submission where request_id = $1', [request.id]))[0];

    // VOD names a JobId that another job has.
    const taken = jobs.applyTogether(changesTo('vod-of-its-own', other.vodJobId ?? ''), answer);
    await expect(taken).rejects.toMatchObject({ constraint: 'job_vod_job_id' });
    for (const { id } of claim.jobs) expect(await fixture.story(id)).toEqual(['created', 'claimed']);
    expect(await outcomeOf()).toEqual({ outcome: null });

    await jobs.applyTogether(changesTo('vod-of-its-own', 'vod-of-its-own-2'), answer);
    for (const { id } of claim.jobs) expect((await fixture.job(id)).state).toBe('processing');
    expect(await outcomeOf()).toEqual({ outcome: 'accepted' });
  });

  it('keeps the latest result when it is read again', async () => {
    const { id, vodJobId } = await fixture.jobIn('succeeded');
    await jobs.apply(id, { type: 'refetched' }, 'ada');
    fixture.advance(1000);
    await jobs.apply(id, succeeded(vodJobId ?? '', '{"b":2}', { b: 2 }));
    expect(await fixture.reads().result(id)).toEqual({
      raw: '{"b":2}',
      normalized: { b: 2 },
      source: 'ListAIJob',
      readAt: fixture.now,
    });
  });

  it("stores VOD's text whatever is in it: NUL and halves of characters become U+FFFD", async () => {
    const { id, vodJobId } = await fixture.jobIn('processing');
    const hostile = 'a\0b\ud800c\udc00d';
    const verdict = await jobs.apply(id, succeeded(vodJobId ?? '', hostile, { [hostile]: [hostile] }));
    expect(verdict.outcome).toBe('moved');
    const mended = 'a\ufffdb\ufffdc\ufffdd';
    expect(await fixture.reads().result(id)).toMatchObject({ raw: mended, normalized: { [mended]: [mended] } });

    const second = await fixture.jobIn('processing');
    const why = { code: `X${hostile}`, message: hostile, completedAt: null };
    await jobs.apply(second.id, { type: 'read_failed', vodJobId: second.vodJobId ?? '', ...why });
    expect((await fixture.job(second.id)).error).toEqual({ phase: 'vod', code: `X${mended}`, message: mended });
  });

  it('notes that the read contradicted the event', async () => {
    const { id, vodJobId } = await fixture.jobIn('finished');
    const read = { code: 'X', message: 'y', completedAt: null };
    await jobs.apply(id, { type: 'read_failed', vodJobId: vodJobId ?? '', ...read });
    expect((await fixture.reads().history(id)).at(-1)?.detail).toEqual({
      code: 'X',
      message: 'y',
      contradicts: 'success',
    });
  });
});

describe('A claim', () => {
  it('commits its submission, nonce and whole-second time included, before anything is sent', async () => {
    const request = await fixture.accept({ types: ['AIVideoTag', 'AIMediaDNA'], config: { AIVideoTag: { a: 1 } } });
    const claim = await claimOf(request.id);
    const wholeSecond = new Date(fixture.now);
    wholeSecond.setUTCMilliseconds(0);
    expect(claim).toEqual({
      requestId: request.id,
      number: 1,
      region: 'cn-shanghai',
      mediaId: request.mediaId,
      config: { AIVideoTag: { a: 1 } },
      nonce: expect.stringMatching(/^[0-9a-f-]{36}$/),
      signedAt: wholeSecond,
      jobs: request.jobs.map(({ id, type }) => ({ id, type })),
    });
    const rows = await fixture.query('select * from submission where request_id = $1', [request.id]);
    expect(rows).toEqual([
      expect.objectContaining({
        number: 1,
        nonce: claim.nonce,
        signed_at: wholeSecond,
        types: ['AIVideoTag', 'AIMediaDNA'],
        sent_at: null,
        outcome: null,
      }),
    ]);
    for (const { id } of claim.jobs) {
      expect(await fixture.job(id)).toMatchObject({ state: 'submitting', attempt: 1, submittedAt: null });
    }
  });

  it('row 8, row 11: is given to one of two workers that are handed the same request at the same moment', async () => {
    const request = await fixture.accept();
    const stores = (await fixture.connections(2)).map((db) => fixture.jobs({}, db));
    const release = await fixture.hold(lockJob, [request.jobs[0]?.id]);
    const claims = Promise.all(stores.map((store) => store.claim(request.id)));
    await fixture.untilWaiting(2);
    await release();
    expect((await claims).filter((claim) => claim !== null)).toHaveLength(1);
    expect(await fixture.query('select from submission where request_id = $1', [request.id])).toHaveLength(1);
  });

  it('is given once when one worker is handed the same request twice', async () => {
    const request = await fixture.accept();
    const claims = await Promise.all([jobs.claim(request.id), jobs.claim(request.id)]);
    expect(claims.filter((claim) => claim !== null)).toHaveLength(1);
  });

  it('takes only what is still queued, under the next number of the request', async () => {
    const request = await fixture.accept({ types: ['AIVideoTag', 'AIMediaDNA'] });
    const [tagging, fingerprinting] = request.jobs;
    const first = await claimOf(request.id);
    expect(await jobs.claim(request.id)).toBeNull();

    await jobs.apply(fingerprinting?.id ?? '', {
      type: 'refused',
      attempt: 1,
      code: '',
      message: '',
      vodRequestId: '',
    });
    await jobs.apply(tagging?.id ?? '', { type: 'throttled', attempt: 1, code: 'Throttling', retryAfterMs: 1 });
    const second = await claimOf(request.id);
    expect(second).toMatchObject({ number: 2, jobs: [{ id: tagging?.id }] });
    expect(second.nonce).not.toBe(first.nonce);
    expect(await fixture.job(tagging?.id ?? '')).toMatchObject({ attempt: 2, attempts: 1 });
  });

  it('row 11: leaves the answer to an older attempt without effect', async () => {
    const { id, requestId } = await fixture.jobIn('submitting');
    await jobs.apply(id, { type: 'not_sent', attempt: 1, cause: 'DNS' });
    await claimOf(requestId);
    expect(await jobs.apply(id, accepted('vod-of-attempt-1', 1))).toMatchObject({
      outcome: 'ignored',
      reason: 'older_attempt',
    });
  });
});

describe('The moment before the call', () => {
  it('is committed with its time, in the job and in the submission', async () => {
    const request = await fixture.accept({ types: ['AIVideoTag', 'AIMediaDNA'] });
    const claim = await claimOf(request.id);
    expect(await jobs.markSent(claim, 'key')).toBe(true);
    for (const { id } of claim.jobs) expect((await fixture.job(id)).submittedAt).toEqual(fixture.now);
    expect(await fixture.query('select sent_at from submission where request_id = $1', [request.id])).toEqual([
      { sent_at: fixture.now },
    ]);
  });

  it('comes once for a claim', async () => {
    const claim = await claimOf((await fixture.accept()).id);
    expect(await Promise.all([jobs.markSent(claim, 'key'), jobs.markSent(claim, 'key')])).toEqual([true, false]);
    const sentAt = fixture.now;
    fixture.advance(1000);
    expect(await jobs.markSent(claim, 'key')).toBe(false);
    expect((await fixture.job(claim.jobs[0]?.id ?? '')).submittedAt).toEqual(sentAt);
  });

  it('never comes when the lease is over, or what is left of it is shorter than the call', async () => {
    const request = await fixture.accept();
    const claim = await claimOf(request.id);
    const [job] = claim.jobs;
    fixture.advance(40_000);
    expect(await jobs.markSent(claim, 'key')).toBe(false);
    fixture.advance(60_000);
    expect(await jobs.markSent(claim, 'key')).toBe(false);
    expect((await fixture.job(job?.id ?? '')).submittedAt).toBeNull();
  });

  it('never comes for a claim of which one job was declared unsent, and marks none of it', async () => {
    const request = await fixture.accept({ types: ['AIVideoTag', 'AIMediaDNA'] });
    const claim = await claimOf(request.id);
    const [first, second] = claim.jobs;
    await jobs.apply(first?.id ?? '', { type: 'never_sent', attempt: 1 });
    expect(await jobs.markSent(claim, 'key')).toBe(false);
    expect(await fixture.job(second?.id ?? '')).toMatchObject({ state: 'submitting', submittedAt: null });
    expect(await fixture.query('select sent_at from submission where request_id = $1', [request.id])).toEqual([
      { sent_at: null },
    ]);
  });

  it.each(['the send', 'the declaration'] as const)(
    'and never_sent exclude each other when %s comes first',
    async (first) => {
      const claim = await claimOf((await fixture.accept()).id);
      const id = claim.jobs[0]?.id ?? '';
      const steps = {
        'the send': () => jobs.markSent(claim, 'key'),
        'the declaration': () => jobs.apply(id, { type: 'never_sent', attempt: 1 }),
      };
      const second = first === 'the send' ? 'the declaration' : 'the send';

      // Both stand in line for the row, in the order that the test gives them.
      const release = await fixture.hold(lockJob, [id]);
      const winner = steps[first]();
      await fixture.untilWaiting(1);
      const loser = steps[second]();
      await fixture.untilWaiting(2);
      await release();

      expect({ [first]: await winner, [second]: await loser }).toEqual({
        'the send': first === 'the send',
        'the declaration': expect.objectContaining({ outcome: first === 'the send' ? 'ignored' : 'moved' }),
      });
    },
  );

  it('and never_sent are never both true, over two hundred jobs and two processes', async () => {
    const dispatcher = fixture.jobs({}, await fixture.connect());
    const requests = await Promise.all(Array.from({ length: 200 }, () => fixture.accept()));
    const claims = await Promise.all(requests.map(({ id }) => claimOf(id)));
    const both = await Promise.all(
      claims.map(async (claim) => {
        const unsent = { type: 'never_sent', attempt: claim.number } as const;
        const [sent, verdict] = await Promise.all([
          jobs.markSent(claim, 'key'),
          dispatcher.apply(claim.jobs[0]?.id ?? '', unsent),
        ]);
        return [sent, verdict.outcome === 'moved'];
      }),
    );
    expect(both.filter(([sent, declaredUnsent]) => sent === declaredUnsent)).toEqual([]);
  });
});

describe('The same request once more', () => {
  /** A claim whose answer was lost. */
  async function lost(): Promise<Claim> {
    const request = await fixture.accept({ types: ['AIVideoTag', 'AIMediaDNA'] });
    const claim = await claimOf(request.id);
    await jobs.markSent(claim, 'key');
    const event = { type: 'outcome_unknown', attempt: claim.number, cause: 'ETIMEDOUT' } as const;
    await jobs.applyTogether(claim.jobs.map(({ id }) => ({ jobId: id, event })));
    return claim;
  }

  it('is the very same one, nonce and time included, and the history says so', async () => {
    const claim = await lost();
    expect(await jobs.claimResend(claim.requestId, claim.number, 'key')).toEqual({
      ...claim,
      jobs: expect.arrayContaining(claim.jobs),
    });
    expect((await fixture.story(claim.jobs[0]?.id ?? '')).at(-1)).toMatch(/resent/);
  });

  it.each([
    ['VOD has seen its nonce', 'update submission set nonce_seen_at = now() where request_id = $1'],
    ['it went out five times more', 'update submission set resends = 5 where request_id = $1'],
    [
      'the gateway takes its time no longer',
      `update submission set signed_at = signed_at - interval '14 minutes' where request_id = $1`,
    ],
    ['another worker waits for the answer', 'update submission set resent_at = sent_at where request_id = $1'],
    ['another key would sign it', `update submission set signer = 'another' where request_id = $1`],
    [
      'one of its jobs is in another attempt',
      `update job set attempt = attempt + 1 where request_id = $1 and type = 'AIMediaDNA'`,
    ],
    [
      'one of its jobs is known',
      `update job set state = 'processing', vod_job_id = gen_random_uuid() where request_id = $1 and type = 'AIMediaDNA'`,
    ],
  ])('is not sent when %s', async (_why, sql) => {
    const claim = await lost();
    await fixture.query(sql, [claim.requestId]);
    expect(await jobs.claimResend(claim.requestId, claim.number, 'key')).toBeNull();
  });
});

describe('The cap on jobs at VOD', () => {
  it('holds when four workers claim at the same moment', async () => {
    const region = 'ap-southeast-1';
    const requests = await Promise.all(Array.from({ length: 4 }, () => fixture.accept({ region })));
    const stores = (await fixture.connections(4)).map((db) => fixture.jobs({ maxInFlight: 1 }, db));

    // Counting and claiming must be one step: all four arrive before any of them may count.
    const release = await fixture.hold(`select pg_advisory_xact_lock(hashtext('vodai jobs at VOD'))`);
    const claims = Promise.all(stores.map((store, i) => store.claim(requests[i]?.id ?? '')));
    await fixture.untilWaiting(4);
    await release();

    expect((await claims).filter((claim) => claim !== null)).toHaveLength(1);
    const states = await fixture.query<{ state: string }>('select state from job where region = $1', [region]);
    expect(states.map(({ state }) => state).toSorted()).toEqual(['queued', 'queued', 'queued', 'submitting']);
  });

  it('counts every region and type by itself, and says why a job waits', async () => {
    const capped = fixture.jobs({ maxInFlight: 1 });
    const claimTypes = async (region: string, type: 'AIVideoTag' | 'AIMediaDNA') => {
      const request = await fixture.accept({ region, types: [type] });
      return { request, claim: await capped.claim(request.id) };
    };
    expect((await claimTypes('ap-southeast-5', 'AIVideoTag')).claim).not.toBeNull();
    expect((await claimTypes('ap-southeast-5', 'AIMediaDNA')).claim).not.toBeNull();
    expect((await claimTypes('ap-southeast-7', 'AIVideoTag')).claim).not.toBeNull();

    const { request, claim } = await claimTypes('ap-southeast-5', 'AIVideoTag');
    expect(claim).toBeNull();
    const id = request.jobs[0]?.id ?? '';
    expect((await fixture.reads().history(id)).at(-1)).toMatchObject({
      event: 'deferred',
      detail: { reason: 'as many jobs as allowed are at VOD' },
    });
    expect((await fixture.job(id)).dueAt?.getTime()).toBeGreaterThan(fixture.now.getTime());
  });

  it('lets the types of a request through that fit, and the others follow under a number of their own', async () => {
    const region = 'eu-central-1';
    const capped = fixture.jobs({ maxInFlight: 1 });
    const ahead = await fixture.jobIn('processing', { region });
    const request = await fixture.accept({ region, types: ['AIVideoTag', 'AIMediaDNA'] });
    expect(await capped.claim(request.id)).toMatchObject({ number: 1, jobs: [{ type: 'AIMediaDNA' }] });
    await jobs.apply(ahead.id, succeeded(ahead.vodJobId ?? '', '1', 1));
    expect(await capped.claim(request.id)).toMatchObject({ number: 2, jobs: [{ type: 'AIVideoTag' }] });
  });
});

describe("VOD's events", () => {
  const settle = (rematch = false) => jobs.settleEvents(100, { rematch });
  let hash = 0;
  const receive = async (vodJobId: string, more: Parameters<Fixture['notification']>[0] = {}) => {
    hash += 1;
    const notification = fixture.notification({ vodJobId, bodyHash: `hash-${hash}`, ...more });
    await fixture.events().store(notification);
    return notification.id;
  };
  const verdictOn = async (id: string) => {
    const event = await fixture.lists().event(id);
    return { verdict: event?.verdict, jobId: event?.jobId };
  };

  it('make their job due at once', async () => {
    const job = await fixture.jobIn('processing');
    const event = await receive(job.vodJobId ?? '', { status: 'fail' });
    expect(await settle()).toEqual({ taken: 1, matched: 1 });
    expect(await verdictOn(event)).toEqual({ verdict: 'matched', jobId: job.id });
    expect(await fixture.job(job.id)).toMatchObject({ state: 'finished', eventStatus: 'fail', dueAt: fixture.now });
    expect(await settle()).toEqual({ taken: 0, matched: 0 });
  });

  it('row 25: that come before the JobId is stored wait, and are matched in the transaction that stores it', async () => {
    const job = await fixture.jobIn('submitting');
    const early = await receive('vod-early');
    expect(await settle()).toEqual({ taken: 1, matched: 0 });
    expect(await verdictOn(early)).toEqual({ verdict: 'unmatched', jobId: null });

    await jobs.apply(job.id, accepted('vod-early'));
    expect(await fixture.job(job.id)).toMatchObject({ state: 'finished', vodJobId: 'vod-early' });
    expect(await fixture.story(job.id)).toEqual(['created', 'claimed', 'accepted', 'event_received']);
    expect(await verdictOn(early)).toEqual({ verdict: 'matched', jobId: job.id });
    const written = await fixture.query<{ by: string }>(
      `select xmin::text as by from history where job_id = $1 and event in ('accepted', 'event_received')
       union all
       select xmin::text from event where id = $2`,
      [job.id, early],
    );
    expect([written.length, new Set(written.map(({ by }) => by)).size]).toEqual([3, 1]);
  });

  it('row 25: that slip in between the look for them and the commit of the JobId are matched right after it', async () => {
    const job = await fixture.jobIn('submitting');
    const release = await fixture.hold(lockJob, [job.id]);
    const answer = jobs.apply(job.id, accepted('vod-slipped'));
    await fixture.untilWaiting(1);
    const slipped = await receive('vod-slipped');
    const settler = fixture.jobs({}, await fixture.connect());
    expect(await settler.settleEvents(100, { rematch: false })).toEqual({ taken: 1, matched: 0 });
    await release();
    await answer;
    expect((await fixture.job(job.id)).state).toBe('finished');
    expect(await verdictOn(slipped)).toEqual({ verdict: 'matched', jobId: job.id });
  });

  it('that were left without their job, whatever the reason, are matched by the slow look', async () => {
    const job = await fixture.jobIn('processing');
    const left = await receive(job.vodJobId ?? '');
    await fixture.query(`update event set verdict = 'unmatched' where id = $1`, [left]);
    expect(await settle()).toEqual({ taken: 0, matched: 0 });

    expect(await settle(true)).toEqual({ taken: 1, matched: 1 });
    expect((await fixture.job(job.id)).state).toBe('finished');
    expect(await verdictOn(left)).toEqual({ verdict: 'matched', jobId: job.id });
  });

  it('of another region concern another job; one callback URL for all regions concerns any', async () => {
    const job = await fixture.jobIn('processing', { region: 'cn-beijing' });
    const elsewhere = await receive(job.vodJobId ?? '', { region: 'cn-shanghai' });
    await settle();
    expect([await verdictOn(elsewhere), (await fixture.job(job.id)).state]).toEqual([
      { verdict: 'unmatched', jobId: null },
      'processing',
    ]);
    const anywhere = await receive(job.vodJobId ?? '', { region: '*' });
    await settle();
    expect([await verdictOn(anywhere), (await fixture.job(job.id)).state]).toEqual([
      { verdict: 'matched', jobId: job.id },
      'finished',
    ]);
  });

  it('of another kind with the same JobId say nothing about the job, early or late', async () => {
    const job = await fixture.jobIn('submitting');
    const early = await receive('vod-transcoded', { eventType: 'TranscodeComplete' });
    await jobs.apply(job.id, accepted('vod-transcoded'));
    const late = await receive('vod-transcoded', { eventType: 'SnapshotComplete' });
    await settle();
    expect([await verdictOn(early), await verdictOn(late), (await fixture.job(job.id)).state]).toEqual([
      { verdict: 'ignored', jobId: job.id },
      { verdict: 'ignored', jobId: job.id },
      'processing',
    ]);
  });

  it('are shared by two settlers: what one has in hand the other leaves alone', async () => {
    const ours = await fixture.jobIn('processing');
    const theirs = await fixture.jobIn('processing');
    await receive(ours.vodJobId ?? '');
    const inHand = await receive(theirs.vodJobId ?? '');
    const release = await fixture.hold('select from event where id = $1 for update', [inHand]);
    expect(await settle()).toEqual({ taken: 1, matched: 1 });
    await release();
    expect(await settle()).toEqual({ taken: 1, matched: 1 });
  });

  it('reopen an expired job, though its client has asked for the same again meanwhile', async () => {
    const expired = await fixture.jobIn('expired');
    const again = await fixture.accept({ mediaId: expired.mediaId });
    expect(again.jobs[0]?.id).not.toBe(expired.id);
    await receive(expired.vodJobId ?? '');
    expect(await settle()).toEqual({ taken: 1, matched: 1 });
    expect((await fixture.job(expired.id)).state).toBe('finished');
  });
});

describe('What happens is told', () => {
  it('once for every step, with how long the read took after the event', async () => {
    const told: unknown[] = [];
    const { id, vodJobId } = await fixture.jobIn('finished');
    fixture.signals.on('job.moved', (move) => told.push([move.jobId, move.from, move.to, move.ageMs]));
    fixture.advance(250);
    await jobs.apply(id, succeeded(vodJobId ?? '', '1', 1));
    expect(told).toEqual([[id, 'finished', 'succeeded', 250]]);
  });

  it('when VOD never sent an event', async () => {
    const told: string[] = [];
    fixture.signals.on('settled.without_event', ({ jobId }) => told.push(jobId));
    const silent = await fixture.jobIn('processing');
    await jobs.apply(silent.id, succeeded(silent.vodJobId ?? '', '1', 1));
    const heard = await fixture.jobIn('finished');
    await jobs.apply(heard.id, succeeded(heard.vodJobId ?? '', '1', 1));
    expect(told).toEqual([silent.id]);
  });
});
