import { accepted, lockJob, succeeded } from '../test/events';
import { Fixture } from '../test/fixture';
import type { Claim, JobStore, SubmissionStore } from './index';

let fixture: Fixture;
let jobs: JobStore;
let submissions: SubmissionStore;
beforeAll(async () => {
  fixture = await Fixture.open();
  jobs = fixture.jobs();
  submissions = fixture.submissions();
});
afterAll(() => fixture.close());

/** A queued request, claimed. */
async function claimOf(requestId: string): Promise<Claim> {
  const [claim] = await submissions.claim(requestId);
  if (!claim) throw new Error('there was nothing to claim');
  return claim;
}

describe('A claim', () => {
  it('commits its submission, nonce and whole-second time included, before anything is sent', async () => {
    const request = await fixture.accept({ types: ['AIVideoTag', 'AIMediaDNA'], config: { AIVideoTag: { a: 1 } } });
    const claim = await claimOf(request.id);
    const wholeSecond = new Date(fixture.now);
    wholeSecond.setUTCMilliseconds(0);
    expect(claim).toEqual({
      requestId: request.id,
      number: 1,
      operation: 'SubmitAIJob',
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
    const stores = (await fixture.connections(2)).map((db) => fixture.submissions({}, db));
    const release = await fixture.hold(lockJob, [request.jobs[0]?.id]);
    const claims = Promise.all(stores.map((store) => store.claim(request.id)));
    await fixture.untilWaiting(2);
    await release();
    expect((await claims).flat()).toHaveLength(1);
    expect(await fixture.query('select from submission where request_id = $1', [request.id])).toHaveLength(1);
  });

  it('is given once when one worker is handed the same request twice', async () => {
    const request = await fixture.accept();
    const claims = await Promise.all([submissions.claim(request.id), submissions.claim(request.id)]);
    expect(claims.flat()).toHaveLength(1);
  });

  it('is one for each operation that the types need, each with a number and a nonce of its own', async () => {
    const request = await fixture.accept({ types: ['AIVideoTag', 'AIMediaAudit', 'AIMediaDNA'] });
    const claims = await submissions.claim(request.id);
    expect(claims).toMatchObject([
      { number: 1, operation: 'SubmitAIJob', jobs: [{ type: 'AIVideoTag' }, { type: 'AIMediaDNA' }] },
      { number: 2, operation: 'SubmitAIMediaAuditJob', jobs: [{ type: 'AIMediaAudit' }] },
    ]);
    expect(new Set(claims.map(({ nonce }) => nonce)).size).toBe(2);
    for (const [i, id] of request.jobs.map((job) => job.id).entries()) {
      expect(await fixture.job(id)).toMatchObject({ state: 'submitting', attempt: i === 1 ? 2 : 1 });
    }
    // Each goes out, and is made up for, without the other.
    for (const claim of claims) expect(await submissions.markSent(claim, 'key')).toBe(true);
    expect(await submissions.claim(request.id)).toEqual([]);
  });

  it('takes only what is still queued, under the next number of the request', async () => {
    const request = await fixture.accept({ types: ['AIVideoTag', 'AIMediaDNA'] });
    const [tagging, fingerprinting] = request.jobs;
    const first = await claimOf(request.id);
    expect(await submissions.claim(request.id)).toEqual([]);

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
    expect(await submissions.markSent(claim, 'key')).toBe(true);
    for (const { id } of claim.jobs) expect((await fixture.job(id)).submittedAt).toEqual(fixture.now);
    expect(await fixture.query('select sent_at from submission where request_id = $1', [request.id])).toEqual([
      { sent_at: fixture.now },
    ]);
  });

  it('comes once for a claim', async () => {
    const claim = await claimOf((await fixture.accept()).id);
    expect(await Promise.all([submissions.markSent(claim, 'key'), submissions.markSent(claim, 'key')])).toEqual([
      true,
      false,
    ]);
    const sentAt = fixture.now;
    fixture.advance(1000);
    expect(await submissions.markSent(claim, 'key')).toBe(false);
    expect((await fixture.job(claim.jobs[0]?.id ?? '')).submittedAt).toEqual(sentAt);
  });

  it('never comes when the lease is over, or what is left of it is shorter than the call', async () => {
    const request = await fixture.accept();
    const claim = await claimOf(request.id);
    const [job] = claim.jobs;
    fixture.advance(40_000);
    expect(await submissions.markSent(claim, 'key')).toBe(false);
    fixture.advance(60_000);
    expect(await submissions.markSent(claim, 'key')).toBe(false);
    expect((await fixture.job(job?.id ?? '')).submittedAt).toBeNull();
  });

  it('never comes for a claim of which one job was declared unsent, and marks none of it', async () => {
    const request = await fixture.accept({ types: ['AIVideoTag', 'AIMediaDNA'] });
    const claim = await claimOf(request.id);
    const [first, second] = claim.jobs;
    await jobs.apply(first?.id ?? '', { type: 'never_sent', attempt: 1 });
    expect(await submissions.markSent(claim, 'key')).toBe(false);
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
        'the send': () => submissions.markSent(claim, 'key'),
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
    const dispatcher = fixture.jobs(await fixture.connect());
    const requests = await Promise.all(Array.from({ length: 200 }, () => fixture.accept()));
    const claims = await Promise.all(requests.map(({ id }) => claimOf(id)));
    const both = await Promise.all(
      claims.map(async (claim) => {
        const unsent = { type: 'never_sent', attempt: claim.number } as const;
        const [sent, verdict] = await Promise.all([
          submissions.markSent(claim, 'key'),
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
    await submissions.markSent(claim, 'key');
    const event = { type: 'outcome_unknown', attempt: claim.number, cause: 'ETIMEDOUT' } as const;
    await jobs.applyTogether(claim.jobs.map(({ id }) => ({ jobId: id, event })));
    return claim;
  }

  it('is the very same one, nonce and time included, and the history says so', async () => {
    const claim = await lost();
    expect(await submissions.claimResend(claim.requestId, claim.number, 'key')).toEqual({
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
      'an older version sent with it what another operation submits',
      `update job set type = 'AIMediaAudit' where request_id = $1 and type = 'AIMediaDNA'`,
    ],
    [
      'one of its jobs is known',
      `update job set state = 'processing', vod_job_id = gen_random_uuid() where request_id = $1 and type = 'AIMediaDNA'`,
    ],
  ])('is not sent when %s', async (_why, sql) => {
    const claim = await lost();
    await fixture.query(sql, [claim.requestId]);
    expect(await submissions.claimResend(claim.requestId, claim.number, 'key')).toBeNull();
  });
});

describe('The cap on jobs at VOD', () => {
  it('holds when four workers claim at the same moment', async () => {
    const region = 'ap-southeast-1';
    const requests = await Promise.all(Array.from({ length: 4 }, () => fixture.accept({ region })));
    const stores = (await fixture.connections(4)).map((db) => fixture.submissions({ maxInFlight: 1 }, db));

    // Counting and claiming must be one step: all four arrive before any of them may count.
    const release = await fixture.hold(`select pg_advisory_xact_lock(hashtext('vodai jobs at VOD'))`);
    const claims = Promise.all(stores.map((store, i) => store.claim(requests[i]?.id ?? '')));
    await fixture.untilWaiting(4);
    await release();

    expect((await claims).flat()).toHaveLength(1);
    const states = await fixture.query<{ state: string }>('select state from job where region = $1', [region]);
    expect(states.map(({ state }) => state).toSorted()).toEqual(['queued', 'queued', 'queued', 'submitting']);
  });

  it('counts every region and type by itself, and says why a job waits', async () => {
    const capped = fixture.submissions({ maxInFlight: 1 });
    const claimTypes = async (region: string, type: 'AIVideoTag' | 'AIMediaDNA') => {
      const request = await fixture.accept({ region, types: [type] });
      return { request, claims: await capped.claim(request.id) };
    };
    expect((await claimTypes('ap-southeast-5', 'AIVideoTag')).claims).toHaveLength(1);
    expect((await claimTypes('ap-southeast-5', 'AIMediaDNA')).claims).toHaveLength(1);
    expect((await claimTypes('ap-southeast-7', 'AIVideoTag')).claims).toHaveLength(1);

    const { request, claims } = await claimTypes('ap-southeast-5', 'AIVideoTag');
    expect(claims).toEqual([]);
    const id = request.jobs[0]?.id ?? '';
    expect((await fixture.reads().history(id)).at(-1)).toMatchObject({
      event: 'deferred',
      detail: { reason: 'as many jobs as allowed are at VOD' },
    });
    expect((await fixture.job(id)).dueAt?.getTime()).toBeGreaterThan(fixture.now.getTime());
  });

  it('lets the types of a request through that fit, and the others follow under a number of their own', async () => {
    const region = 'eu-central-1';
    const capped = fixture.submissions({ maxInFlight: 1 });
    const ahead = await fixture.jobIn('processing', { region });
    const request = await fixture.accept({ region, types: ['AIVideoTag', 'AIMediaDNA'] });
    expect(await capped.claim(request.id)).toMatchObject([{ number: 1, jobs: [{ type: 'AIMediaDNA' }] }]);
    await jobs.apply(ahead.id, succeeded(ahead.vodJobId ?? '', '1', 1));
    expect(await capped.claim(request.id)).toMatchObject([{ number: 2, jobs: [{ type: 'AIVideoTag' }] }]);
  });
});
