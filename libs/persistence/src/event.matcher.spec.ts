import { accepted, lockJob } from '../test/events';
import { Fixture } from '../test/fixture';
import type { EventMatcher, JobStore } from './index';

let fixture: Fixture;
let jobs: JobStore;
let matcher: EventMatcher;
beforeAll(async () => {
  fixture = await Fixture.open();
  jobs = fixture.jobs();
  matcher = fixture.matcher();
});
afterAll(() => fixture.close());

describe("VOD's events", () => {
  const match = (rematch = false) => matcher.match(100, { rematch });
  let hash = 0;
  const receive = async (vodJobId: string, more: Parameters<Fixture['notice']>[0] = {}) => {
    hash += 1;
    const notification = fixture.notice({ vodJobId, bodyHash: `hash-${hash}`, ...more });
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
    expect(await match()).toMatchObject({ taken: 1, matched: 1 });
    expect(await verdictOn(event)).toEqual({ verdict: 'matched', jobId: job.id });
    expect(await fixture.job(job.id)).toMatchObject({ state: 'finished', eventStatus: 'fail', dueAt: fixture.now });
    expect(await match()).toMatchObject({ taken: 0, matched: 0 });
  });

  it('row 25: that come before the JobId is stored wait, and are matched in the transaction that stores it', async () => {
    const job = await fixture.jobIn('submitting');
    const early = await receive('vod-early');
    expect(await match()).toMatchObject({ taken: 1, matched: 0 });
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
    const other = fixture.matcher(await fixture.connect());
    expect(await other.match(100, { rematch: false })).toMatchObject({ taken: 1, matched: 0 });
    await release();
    await answer;
    expect((await fixture.job(job.id)).state).toBe('finished');
    expect(await verdictOn(slipped)).toEqual({ verdict: 'matched', jobId: job.id });
  });

  it('that were left without their job, whatever the reason, are matched by the slow look', async () => {
    const job = await fixture.jobIn('processing');
    const left = await receive(job.vodJobId ?? '');
    await fixture.query(`update event set verdict = 'unmatched' where id = $1`, [left]);
    expect(await match()).toMatchObject({ taken: 0, matched: 0 });

    expect(await match(true)).toMatchObject({ taken: 1, matched: 1 });
    expect((await fixture.job(job.id)).state).toBe('finished');
    expect(await verdictOn(left)).toEqual({ verdict: 'matched', jobId: job.id });
  });

  it('of another region concern another job; one callback URL for all regions concerns any', async () => {
    const job = await fixture.jobIn('processing', { region: 'cn-beijing' });
    const elsewhere = await receive(job.vodJobId ?? '', { region: 'cn-shanghai' });
    await match();
    expect([await verdictOn(elsewhere), (await fixture.job(job.id)).state]).toEqual([
      { verdict: 'unmatched', jobId: null },
      'processing',
    ]);
    const anywhere = await receive(job.vodJobId ?? '', { region: '*' });
    await match();
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
    await match();
    expect([await verdictOn(early), await verdictOn(late), (await fixture.job(job.id)).state]).toEqual([
      { verdict: 'ignored', jobId: job.id },
      { verdict: 'ignored', jobId: job.id },
      'processing',
    ]);
  });

  it('are shared by two workers: what one has in hand the other leaves alone', async () => {
    const ours = await fixture.jobIn('processing');
    const theirs = await fixture.jobIn('processing');
    await receive(ours.vodJobId ?? '');
    const inHand = await receive(theirs.vodJobId ?? '');
    const release = await fixture.hold('select from event where id = $1 for update', [inHand]);
    expect(await match()).toMatchObject({ taken: 1, matched: 1 });
    await release();
    expect(await match()).toMatchObject({ taken: 1, matched: 1 });
  });

  it('wait for a job in hand without holding another: whoever has that one may want it next', async () => {
    const lost = await fixture.jobIn('unconfirmed');
    const known = await fixture.jobIn('processing');
    expect(lost.id < known.id).toBe(true);
    await receive(known.vodJobId ?? '');
    await receive('vod-of-nobody', { mediaId: lost.mediaId });
    const release = await fixture.hold(lockJob, [lost.id]);
    const matching = match();
    await fixture.untilWaiting(1);
    await fixture.query(`${lockJob} nowait`, [known.id]);
    await release();
    expect(await matching).toMatchObject({ taken: 2, matched: 1 });
    expect((await fixture.story(lost.id)).at(-1)).toBe('reconsidered');
    expect((await fixture.job(known.id)).state).toBe('finished');
  });

  it('reopen an expired job, though its client has asked for the same again meanwhile', async () => {
    const expired = await fixture.jobIn('expired');
    const again = await fixture.accept({ mediaId: expired.mediaId });
    expect(again.jobs[0]?.id).not.toBe(expired.id);
    await receive(expired.vodJobId ?? '');
    expect(await match()).toMatchObject({ taken: 1, matched: 1 });
    expect((await fixture.job(expired.id)).state).toBe('finished');
  });
});
