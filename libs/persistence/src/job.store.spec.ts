import { accepted, succeeded } from '../test/events';
import { Fixture } from '../test/fixture';
import type { JobStore, SubmissionAnswer, SubmissionStore } from './index';

let fixture: Fixture;
let jobs: JobStore;
let submissions: SubmissionStore;
beforeAll(async () => {
  fixture = await Fixture.open();
  jobs = fixture.jobs();
  submissions = fixture.submissions();
});
afterAll(() => fixture.close());

describe('Changes that come together', () => {
  it('are committed with the answer to their submission, or none of them is', async () => {
    const request = await fixture.accept({ types: ['AIVideoTag', 'AIMediaDNA'] });
    const other = await fixture.jobIn('processing');
    const [claim] = await submissions.claim(request.id);
    if (!claim) throw new Error('there was nothing to claim');
    await submissions.markSent(claim, 'key');
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

  it('are applied in their order, also when they are about one job', async () => {
    const { id } = await fixture.jobIn('submitting');
    const verdicts = await Promise.all([
      jobs.apply(id, accepted('vod-in-order')),
      jobs.apply(id, succeeded('vod-in-order', '1', 1)),
      jobs.apply(id, succeeded('vod-in-order', '2', 2)),
    ]);
    expect(verdicts.map(({ outcome }) => outcome)).toEqual(['moved', 'moved', 'ignored']);
    expect(await fixture.reads().result(id)).toMatchObject({ raw: '1', normalized: 1 });
  });
});
