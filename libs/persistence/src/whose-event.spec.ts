import type { JobEvent } from '@app/domain';
import { Fixture } from '../test/fixture';
import type { JobRow, Notice } from './index';
import { unknownEvents } from './whose-event';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.open();
});
afterAll(() => fixture.close());

let told = 0;
/** An event about a JobId that no job has, of this job's media. */
async function heard({ mediaId }: Pick<JobRow, 'mediaId'>, more: Partial<Notice> = {}): Promise<string> {
  told += 1;
  const notice = fixture.notice({ vodJobId: `nobody-${told}`, mediaId, bodyHash: `body-${told}`, ...more });
  await fixture.events().store(notice);
  return notice.id;
}

async function standing(id: string) {
  const event = await fixture.lists().event(id);
  return { verdict: event?.verdict, reason: event?.reason };
}

async function judged(job: Pick<JobRow, 'mediaId'>, more: Partial<Notice> = {}): Promise<string | undefined> {
  const id = await heard(job, more);
  await fixture.matcher().match(100);
  return (await standing(id)).verdict;
}

/** The whole slow look. */
async function lookAgain(): Promise<void> {
  let after: string | null = null;
  do after = (await fixture.matcher().tellForeignApart(3, after)).next;
  while (after !== null);
}

const apply = (job: JobRow, event: JobEvent) => fixture.jobs().apply(job.id, event, 'ada');

/** A job whose submission is under way. */
async function sent(draft: Parameters<Fixture['draft']>[0] = {}): Promise<JobRow> {
  const { id, jobs } = await fixture.accept(draft);
  const [claim] = await fixture.submissions().claim(id);
  if (!claim || !(await fixture.submissions().markSent(claim, 'key'))) throw new Error('the job could not be sent');
  return fixture.job(jobs[0]?.id ?? '');
}

/** The same, as VOD has answered it. */
async function answered(outcome: 'refused' | 'busy' | 'blocked' | 'not_sent'): Promise<JobRow> {
  const job = await sent();
  const changes: Record<typeof outcome, JobEvent> = {
    refused: { type: 'refused', attempt: 1, code: 'X', message: 'm', vodRequestId: null },
    busy: { type: 'throttled', attempt: 1, code: 'X', retryAfterMs: 1 },
    blocked: { type: 'blocked', attempt: 1, code: 'X', message: 'm' },
    not_sent: { type: 'not_sent', attempt: 1, cause: 'c' },
  };
  const { requestId } = job;
  const answer = { requestId, number: 1, outcome, vodRequestId: null, code: 'X', message: 'm' };
  await fixture.jobs().applyTogether([{ jobId: job.id, event: changes[outcome] }], answer);
  return job;
}

/** Its answer was lost, and nothing is found out about it. */
async function lost(...events: JobEvent[]): Promise<JobRow> {
  const job = await fixture.jobIn('unconfirmed');
  for (const event of events) await apply(job, event);
  return fixture.job(job.id);
}

const accepted = (vodJobId: string): JobEvent => ({ type: 'accepted', attempt: 1, vodJobId, vodRequestId: null });

describe('An event about a JobId that no job has is surely somebody else’s', () => {
  it('when nobody here has asked for anything about its media', async () => {
    const id = await heard({ mediaId: 'of-nobody' });
    await fixture.matcher().match(100);
    expect(await standing(id)).toEqual({ verdict: 'foreign', reason: null });
  });

  it.each(['queued', 'processing', 'finished', 'succeeded', 'failed', 'canceled', 'expired'] as const)(
    'when the only job of its media is %s: what its calls have made is known',
    async (state) => {
      expect(await judged(await fixture.jobIn(state))).toBe('foreign');
    },
  );

  it('when the call of such a job is claimed, and has not left', async () => {
    expect(await judged(await fixture.jobIn('submitting'))).toBe('foreign');
  });

  it.each(['refused', 'busy', 'blocked', 'not_sent'] as const)(
    'when the call has made nothing: %s',
    async (outcome) => {
      expect(await judged(await answered(outcome))).toBe('foreign');
    },
  );

  it('when a lost answer’s job was found', async () => {
    const found = { attempt: 1, vodJobId: 'found-1', rung: 'listing', evidence: 'e' } as const;
    expect(await judged(await lost({ type: 'found', ...found }))).toBe('foreign');
  });

  it.each([
    ['of another type', { eventType: 'AIMediaDNAComplete' }],
    ['of another region', { region: 'cn-beijing' }],
  ])('when what is under way is %s', async (_what, more) => {
    expect(await judged(await sent(), more)).toBe('foreign');
  });

  it.each(['valid', 'unchecked', 'unneeded'] as const)('with a signature that is %s', async (signature) => {
    expect(await judged({ mediaId: 'of-nobody' }, { signature })).toBe('foreign');
  });

  it.each(['missing', 'malformed', 'stale', 'mismatch'] as const)(
    'and may not be VOD’s at all with a signature that is %s',
    async (signature) => {
      const ids = [await heard({ mediaId: 'of-nobody' }, { signature })];
      await fixture.matcher().match(100);
      const job = await sent();
      ids.push(await heard(job, { signature }));
      await fixture.matcher().match(100);
      await apply(job, accepted(`late-${signature}`));
      await lookAgain();
      for (const id of ids) {
        expect(await standing(id)).toEqual({ verdict: 'rejected', reason: `signature ${signature}; of no job here` });
      }
    },
  );
});

describe('An event about a JobId that no job has may be ours', () => {
  it('while a call for its media is under way, and no longer', async () => {
    const job = await sent();
    const id = await heard(job);
    await fixture.matcher().match(100);
    await lookAgain();
    expect(await standing(id)).toEqual({ verdict: 'unmatched', reason: null });

    await apply(job, accepted('another'));
    await lookAgain();
    expect(await standing(id)).toEqual({ verdict: 'foreign', reason: null });
  });

  it('while such a call is under way in any region, when all regions have one URL, and of any type by a name for all', async () => {
    expect(await judged(await sent({ region: 'cn-beijing' }), { region: '*' })).toBe('unmatched');
    expect(await judged(await sent({ types: ['AIMediaDNA'] }), { eventType: 'VideoAIComplete' })).toBe('unmatched');
  });

  it.each<[string, () => Promise<JobRow>]>([
    ['its answer is lost', () => lost()],
    ['it was taken for absent', () => lost({ type: 'proven_absent', attempt: 1, version: 3, evidence: 'e' })],
    ['nobody could tell', () => fixture.jobIn('held')],
    [
      'it was given up',
      () => lost({ type: 'undecidable', attempt: 1, version: 3, reason: 'r' }, { type: 'given_up', reason: 'r' }),
    ],
    [
      'it is to be submitted again',
      () => lost({ type: 'undecidable', attempt: 1, version: 3, reason: 'r' }, { type: 'resubmitted', reason: 'r' }),
    ],
    [
      'a person has named a JobId',
      () =>
        lost(
          { type: 'undecidable', attempt: 1, version: 3, reason: 'r' },
          { type: 'adopted', candidate: `named-${told}`, reason: 'r' },
        ),
    ],
  ])('for as long as what its call has made is not known: %s', async (_why, make) => {
    const id = await heard(await make());
    await fixture.matcher().match(100);
    await lookAgain();
    expect((await standing(id)).verdict).toBe('unmatched');
  });

  it('while a person has to decide about a job of its media, whatever JobId that one has', async () => {
    const job = await fixture.jobIn('processing');
    for (let misses = 1; misses <= 5; misses += 1)
      await apply(job, { type: 'read_missing', vodJobId: job.vodJobId ?? '' });
    await apply(job, { type: 'vanished', misses: 5 });
    expect((await fixture.job(job.id)).state).toBe('held');
    expect(await judged(job)).toBe('unmatched');
  });

  it.each(['accepted', 'busy', 'refused'])(
    'when its call was sent twice and the latest answer was "%s": VOD may have made two jobs',
    async (outcome) => {
      const job = await fixture.jobIn('processing');
      await fixture.query(`update submission set resends = 1, outcome = $2 where request_id = $1`, [
        job.requestId,
        outcome,
      ]);
      expect(await judged(job)).toBe('unmatched');
    },
  );

  it('when it is about the JobId that a job had before it was queued anew', async () => {
    const job = await fixture.jobIn('expired');
    await apply(job, { type: 'retried', reason: 'r' });
    const id = await heard(job, { vodJobId: job.vodJobId ?? '' });
    await fixture.matcher().match(100);
    await lookAgain();
    expect((await standing(id)).verdict).toBe('unmatched');
  });

  it('when it names no media', async () => {
    const id = await heard({ mediaId: 'any' }, { mediaId: null });
    await fixture.matcher().match(100);
    await lookAgain();
    expect((await standing(id)).verdict).toBe('unmatched');
  });

  it('when its JobId was stored after it was looked for: both are seen in one snapshot', async () => {
    const job = await fixture.jobIn('processing');
    const id = await heard(job, { vodJobId: job.vodJobId ?? '' });
    expect(await fixture.query(unknownEvents, [[id]])).toEqual([{ id, mayBeOurs: true, jobKeptUntil: null }]);
    await fixture.matcher().match(100);
    expect((await standing(id)).verdict).toBe('matched');
  });
});

describe('A foreign event', () => {
  it('reopens no case, and changes no job', async () => {
    const job = await fixture.jobIn('processing');
    expect(await judged(job)).toBe('foreign');
    expect(await fixture.job(job.id)).toEqual(job);
  });

  it('is ours all the same when a job turns out to have its JobId', async () => {
    const id = await heard({ mediaId: 'named-wrongly' }, { vodJobId: 'adopted-1' });
    await fixture.matcher().match(100);
    expect((await standing(id)).verdict).toBe('foreign');
    const job = await fixture.jobIn('held');
    await apply(job, { type: 'adopted', candidate: 'adopted-1', reason: 'the console shows it' });
    expect((await fixture.job(job.id)).state).toBe('finished');
    expect((await standing(id)).verdict).toBe('matched');
  });

  it('is shown to whoever decides about a job of its media', async () => {
    const job = await fixture.jobIn('processing');
    const id = await heard(job);
    await fixture.matcher().match(100);
    const { unmatchedEvents } = await fixture.evidence().about(job);
    expect(unmatchedEvents.map((event) => [event.id, event.verdict])).toEqual([[id, 'foreign']]);
  });
});

describe('The look for foreign events', () => {
  it('takes so many at a time, goes on where it was, and begins again after the last', async () => {
    await fixture.query(`delete from event`);
    const waiting = await sent();
    const first = await heard(waiting);
    const job = await sent();
    const others = [await heard(job), await heard(job)];
    await fixture.matcher().match(100);
    await apply(job, accepted('told-apart'));
    const look = (after: string | null) => fixture.matcher().tellForeignApart(2, after);
    expect(await look(null)).toEqual({ told: 1, next: others[0] });
    expect(await look(others[0] ?? null)).toEqual({ told: 1, next: others[1] });
    expect(await look(others[1] ?? null)).toEqual({ told: 0, next: null });
    expect(await look(null)).toEqual({ told: 0, next: first });
  });

  it('leaves alone what a worker has in hand just now', async () => {
    const job = await sent();
    const id = await heard(job);
    await fixture.matcher().match(100);
    await apply(job, accepted('in-hand'));
    const release = await fixture.hold('select from event where id = $1 for update', [id]);
    await lookAgain();
    await release();
    expect((await standing(id)).verdict).toBe('unmatched');
    await lookAgain();
    expect((await standing(id)).verdict).toBe('foreign');
  });
});
