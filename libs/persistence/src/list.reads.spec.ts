import { Fixture } from '../test/fixture';
import type { JobFilter, JobReads, JobRow, ListReads } from './index';

describe('Asking for jobs', () => {
  let fixture: Fixture;
  let reads: JobReads;
  let lists: ListReads;
  let failed: JobRow;
  let tagged: JobRow;
  let fingerprinted: JobRow;
  let queued: JobRow;
  const at = (time: string) => new Date(`2026-11-22T${time}Z`);

  beforeAll(async () => {
    fixture = await Fixture.open();
    reads = fixture.reads();
    lists = fixture.lists();
    fixture.now = at('10:00:00');
    failed = await fixture.jobIn('failed', { labels: { batch: '1', team: 'a' } });
    fixture.now = at('11:00:00');
    tagged = await fixture.jobIn('succeeded', { labels: { batch: '1', team: 'b' }, region: 'cn-beijing' });
    fixture.now = at('12:00:00');
    fingerprinted = await fixture.jobIn('processing', { types: ['AIMediaDNA'], client: 'vera' });
    fixture.now = at('13:00:00');
    queued = await fixture.jobIn('queued', { labels: { batch: '2' } });
  });
  afterAll(() => fixture.close());

  const found = async (filter: JobFilter) => (await lists.jobs(filter, { limit: 50 })).map(({ id }) => id);

  it('shows all of them, the newest first', async () => {
    expect(await found({})).toEqual([queued.id, fingerprinted.id, tagged.id, failed.id]);
  });

  it.each<[string, () => JobFilter, () => JobRow[]]>([
    ['one state', () => ({ states: ['queued'] }), () => [queued]],
    ['several states', () => ({ states: ['failed', 'succeeded'] }), () => [tagged, failed]],
    ['the type', () => ({ type: 'AIMediaDNA' }), () => [fingerprinted]],
    ['the media', () => ({ mediaId: tagged.mediaId }), () => [tagged]],
    ["VOD's JobId", () => ({ vodJobId: tagged.vodJobId ?? '' }), () => [tagged]],
    ['the request', () => ({ requestId: failed.requestId }), () => [failed]],
    ['the region', () => ({ region: 'cn-beijing' }), () => [tagged]],
    ['the client', () => ({ client: 'vera' }), () => [fingerprinted]],
    ["VOD's error code", () => ({ errorCode: 'NoAudio' }), () => [failed]],
    ['a label', () => ({ labels: { batch: '1' } }), () => [tagged, failed]],
    ['two labels', () => ({ labels: { batch: '1', team: 'b' } }), () => [tagged]],
    ['the time from, which counts', () => ({ createdFrom: at('12:00:00') }), () => [queued, fingerprinted]],
    ['the time to, which does not', () => ({ createdTo: at('12:00:00') }), () => [tagged, failed]],
    [
      'all at once',
      () => ({ states: ['failed'], type: 'AIVideoTag', client: 'otto', createdTo: at('23:00:00') }),
      () => [failed],
    ],
    ['what a search finds as a media', () => ({ q: tagged.mediaId }), () => [tagged]],
    ['what a search finds as a JobId', () => ({ q: tagged.vodJobId ?? '' }), () => [tagged]],
    ['what a search finds as a job', () => ({ q: failed.id }), () => [failed]],
    ['what a search finds as a request', () => ({ q: failed.requestId }), () => [failed]],
    ['what a search finds as a label', () => ({ q: 'batch:1' }), () => [tagged, failed]],
    ['a search within several states', () => ({ q: 'batch:1', states: ['queued', 'failed'] }), () => [failed]],
    ['a search that finds nothing', () => ({ q: 'batch' }), () => []],
    ['what nothing has', () => ({ client: 'nobody' }), () => []],
    ['quotes, which are no SQL', () => ({ mediaId: `' or true --`, errorCode: '$1' }), () => []],
  ])('filters by %s', async (_what, filter, expected) => {
    expect(await found(filter())).toEqual(expected().map(({ id }) => id));
  });

  it('shows a job as it is stored', async () => {
    expect(await reads.job(failed.id)).toEqual({
      id: failed.id,
      requestId: failed.requestId,
      type: 'AIVideoTag',
      state: 'failed',
      version: 4,
      dueAt: null,
      attempt: 1,
      attempts: 1,
      tries: 0,
      misses: 0,
      vodJobId: 'vod-1',
      eventStatus: null,
      error: { phase: 'vod', code: 'NoAudio', message: 'no audio' },
      client: 'otto',
      region: 'cn-shanghai',
      mediaId: failed.mediaId,
      priority: 1,
      labels: { batch: '1', team: 'a' },
      createdAt: at('10:00:00'),
      submittedAt: at('10:00:00'),
      lastReadAt: at('10:00:00'),
      finishedAt: at('10:00:00'),
      settledAt: at('10:00:00'),
    });
    expect(await reads.job('00000000-0000-7000-8000-000000000000')).toBeNull();
  });

  it('reads at VOD only what VOD has and is not settled', async () => {
    const ids = [failed, tagged, fingerprinted, queued].map(({ id }) => id);
    expect((await reads.jobsToRead(ids)).map(({ id }) => id)).toEqual([fingerprinted.id]);
  });

  it('knows no result before there is one', async () => {
    expect(await reads.result(queued.id)).toBeNull();
    expect(await reads.result(tagged.id)).toMatchObject({ raw: '{"a":1}', normalized: { a: 1 } });
  });

  it('pages through them without a gap and without showing one twice, though new ones come meanwhile', async () => {
    const mediaId = 'media-paged';
    const made: string[] = [];
    for (let i = 0; i < 10; i += 1) made.push((await fixture.jobIn('queued', { mediaId, force: true })).id);
    const seen: string[] = [];
    for (;;) {
      const page = await lists.jobs({ mediaId }, { limit: 3, before: seen.at(-1) });
      if (page.length === 0) break;
      expect(page.length).toBeLessThanOrEqual(3);
      seen.push(...page.map(({ id }) => id));
      await fixture.jobIn('queued', { mediaId, force: true });
    }
    expect(seen).toEqual(made.toReversed());
  });

  it('counts what there is, and finds what has waited longest', async () => {
    const stats = await fixture.stats().stats();
    expect(stats.jobs).toContainEqual({
      state: 'failed',
      type: 'AIVideoTag',
      region: 'cn-shanghai',
      priority: 1,
      client: 'otto',
      jobs: 1,
    });
    expect(stats.jobs).toContainEqual({
      state: 'processing',
      type: 'AIMediaDNA',
      region: 'cn-shanghai',
      priority: 1,
      client: 'vera',
      jobs: 1,
    });
    // `fingerprinted`: polled a minute after it was accepted. `queued` has been due since 13:00.
    expect(stats.oldestDueAt).toEqual(at('12:01:00'));
    // `failed` was settled by its alarm, `tagged` by an event.
    expect(stats.callbacksLost).toBe(1);
  });
});

describe('Asking for events', () => {
  let fixture: Fixture;
  let lists: ListReads;
  beforeAll(async () => {
    fixture = await Fixture.open();
    lists = fixture.lists();
  });
  afterAll(() => fixture.close());

  it('filters by verdict, JobId, media and job, the newest first, page by page', async () => {
    const { id: jobId, vodJobId } = await fixture.jobIn('processing');
    const keep = async (more: Parameters<Fixture['notice']>[0]) => {
      const notification = fixture.notice(more);
      await fixture.events().store(notification);
      return notification.id;
    };
    const matched = await keep({ vodJobId: vodJobId ?? '', mediaId: 'm-1' });
    const foreign = await keep({ vodJobId: 'vod-unknown', mediaId: 'm-1' });
    const unmatched = await keep({ vodJobId: 'vod-perhaps', mediaId: (await fixture.jobIn('unconfirmed')).mediaId });
    const ignored = await keep({ vodJobId: '', mediaId: 'm-2', verdict: 'ignored', reason: 'not ours' });
    await fixture.matcher().match(10, { rematch: false });

    const found = async (filter: Parameters<ListReads['events']>[0], before?: string) =>
      (await lists.events(filter, { limit: 2, before })).map(({ id }) => id);
    expect(await found({})).toEqual([ignored, unmatched]);
    expect(await found({}, unmatched)).toEqual([foreign, matched]);
    expect(await found({ verdict: 'matched' })).toEqual([matched]);
    expect(await found({ verdict: 'unmatched' })).toEqual([unmatched]);
    expect(await found({ verdict: 'foreign' })).toEqual([foreign]);
    expect(await found({ vodJobId: 'vod-unknown' })).toEqual([foreign]);
    expect(await found({ mediaId: 'm-1' })).toEqual([foreign, matched]);
    expect(await found({ jobId })).toEqual([matched]);
    expect((await fixture.stats().stats()).oldestUnmatchedEventAt).toEqual(fixture.now);
    expect(await lists.event('00000000-0000-7000-8000-000000000000')).toBeNull();
  });
});
