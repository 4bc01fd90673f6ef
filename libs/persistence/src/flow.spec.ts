import { Fixture } from '../test/fixture';
import { FlowReads, FlowWindows } from './index';

const MINUTE = 60_000;

describe('The flow of jobs', () => {
  let fixture: Fixture;
  let reads: FlowReads;
  let windows: FlowWindows;
  beforeEach(async () => {
    fixture = await Fixture.open();
    fixture.now = new Date('2026-11-22T12:00:30Z');
    reads = new FlowReads(fixture.db);
    windows = new FlowWindows(reads, () => fixture.now);
  });
  afterEach(() => fixture.close());

  const filled = async (window: '1h' | '24h' | '7d') => {
    const { buckets } = await windows.over(window);
    return buckets
      .filter(({ accepted, succeeded, failed, otherwise }) => accepted + succeeded + failed + otherwise > 0)
      .map(({ at, wait: _wait, processing: _processing, ...counts }) => ({
        at: at.toISOString().slice(11, 16),
        ...counts,
      }));
  };
  const none = { accepted: 0, succeeded: 0, failed: 0, otherwise: 0, withoutEvent: 0 };

  it('is told minute by minute and quarter by quarter, by the time of the end', async () => {
    await fixture.jobIn('succeeded');
    await fixture.jobIn('canceled');
    fixture.advance(10 * MINUTE);
    await fixture.jobIn('failed'); // by a read, without an event
    await fixture.jobIn('queued');
    await fixture.jobIn('expired');
    fixture.advance(10 * MINUTE);

    const hour = [
      { ...none, at: '12:00', accepted: 2, succeeded: 1, otherwise: 1 },
      { ...none, at: '12:10', accepted: 3, failed: 1, otherwise: 1, withoutEvent: 1 },
    ];
    const day = [{ ...none, at: '12:00', accepted: 5, succeeded: 1, failed: 1, otherwise: 2, withoutEvent: 1 }];
    expect(await filled('1h')).toEqual(hour);
    expect(await filled('24h')).toEqual(day);
    const { buckets, from, to, bucketMs, total } = await windows.over('24h');
    expect(buckets).toHaveLength(96);
    expect(bucketMs).toBe(15 * MINUTE);
    expect(buckets[0]?.at).toEqual(from);
    expect(to).toEqual(fixture.now);
    expect(buckets.at(-1)?.at.getTime()).toBeLessThanOrEqual(to.getTime());
    expect(total).toMatchObject({ accepted: 5, succeeded: 1, failed: 1, otherwise: 2 });

    // An hour and a half later nothing of it is in the last hour any more, and all of it in the last day.
    fixture.advance(90 * MINUTE);
    expect(await filled('1h')).toEqual([]);
    expect(await filled('24h')).toEqual(day);
    expect(await filled('7d')).toEqual(day);

    // Two days later it is in the week only, and the week has what came since.
    fixture.advance(2 * 24 * 60 * MINUTE);
    await fixture.jobIn('queued');
    expect(await filled('24h')).toEqual([{ ...none, at: '13:45', accepted: 1 }]);
    const week = await windows.over('7d');
    expect([week.buckets.length, week.bucketMs]).toEqual([84, 120 * MINUTE]);
    expect(week.total).toMatchObject({ accepted: 6, succeeded: 1, failed: 1, otherwise: 2 });
    expect(await filled('7d')).toEqual([...day, { ...none, at: '12:00', accepted: 1 }]);
    // By an odd number of hours, so that the buckets of two hours are cut at each of their places.
    for (let hours = 0; hours < 5 * 24; hours += 15) {
      fixture.advance(15 * 60 * MINUTE);
      const later = await windows.over('7d');
      expect(later.buckets[0]?.at).toEqual(later.from);
      expect(later.buckets.at(-1)?.at.getTime()).toBeLessThanOrEqual(later.to.getTime());
    }
    expect(await filled('7d')).toEqual([{ ...none, at: '12:00', accepted: 1 }]);
  });

  it('counts anew what is not over yet, and only that', async () => {
    await fixture.jobIn('succeeded');
    expect(await filled('1h')).toEqual([{ ...none, at: '12:00', accepted: 1, succeeded: 1 }]);
    await fixture.jobIn('succeeded');
    expect(await filled('1h')).toEqual([{ ...none, at: '12:00', accepted: 2, succeeded: 2 }]);

    fixture.advance(10 * MINUTE);
    await filled('1h');
    const asked = jest.spyOn(reads, 'throughput');
    await filled('1h');
    await filled('24h');
    for (const [from, to] of asked.mock.calls) expect(to - from).toBeLessThanOrEqual(15 * MINUTE * 92);
    const minutes = asked.mock.calls.filter(([, , bucketMs]) => bucketMs === MINUTE);
    expect(minutes.length).toBeGreaterThan(0);
    for (const [from, to] of minutes) expect(to - from).toBeLessThanOrEqual(4 * MINUTE);
  });

  it('keeps what it has counted of a week when the rest fails', async () => {
    const count = reads.throughput.bind(reads);
    let patience = 3;
    const asked = jest.spyOn(reads, 'throughput').mockImplementation(async (from, to, bucketMs) => {
      if (bucketMs === 120 * MINUTE && patience-- === 0)
        throw new Error('canceling statement due to statement timeout');
      return count(from, to, bucketMs);
    });
    const ofTheWeek = () => asked.mock.calls.filter(([, , bucketMs]) => bucketMs === 120 * MINUTE);
    await expect(windows.over('7d')).rejects.toThrow('timeout');
    const failed = ofTheWeek().at(-1)?.[0];
    asked.mockClear();
    await windows.over('7d');
    expect(ofTheWeek()[0]?.[0]).toBe(failed);
    for (const [from, to] of ofTheWeek()) expect(to - from).toBeLessThanOrEqual(6 * 60 * MINUTE);
  });

  it('has the waits and the processing times within one per cent, in a bucket and in all', async () => {
    const { requestId, id } = await fixture.jobIn('queued');
    fixture.advance(90_000);
    const jobs = fixture.jobs();
    const submissions = fixture.submissions();
    const [claim] = await submissions.claim(requestId);
    if (claim) await submissions.markSent(claim, 'key');
    await jobs.apply(id, { type: 'accepted', attempt: 1, vodJobId: 'vod-timed', vodRequestId: 'R' });
    fixture.advance(200_000);
    await jobs.apply(id, {
      type: 'read_failed',
      vodJobId: 'vod-timed',
      code: 'NoAudio',
      message: 'no audio',
      completedAt: null,
    });
    const { total, buckets } = await windows.over('1h');
    const near = (ms: number) => ({ p50: expect.closeTo(ms, -Math.log10(ms * 0.02)), p95: expect.anything() });
    expect(total.wait.percentiles()).toEqual(near(90_000));
    expect(total.processing.percentiles()).toEqual(near(200_000));
    expect(buckets.at(-1)?.wait.percentiles()).toEqual(near(90_000));
    expect(buckets[0]?.wait.percentiles()).toBeNull();
  });

  it('shows what is at VOD and what waits, by region and priority', async () => {
    await fixture.jobIn('processing');
    await fixture.jobIn('unconfirmed');
    await fixture.jobIn('processing', { types: ['AIMediaDNA'] });
    const oldest = await fixture.jobIn('queued', { priority: 'high' });
    fixture.advance(MINUTE);
    await fixture.jobIn('queued', { priority: 'high' });
    const low = await fixture.jobIn('queued', { priority: 'low', region: 'cn-beijing' });
    expect(await fixture.stats().atVod()).toEqual([
      { region: 'cn-shanghai', type: 'AIMediaDNA', jobs: 1 },
      { region: 'cn-shanghai', type: 'AIVideoTag', jobs: 2 },
    ]);
    expect(await fixture.stats().queued()).toEqual([
      { region: 'cn-beijing', priority: 2, jobs: 1, oldestAt: low.createdAt },
      { region: 'cn-shanghai', priority: 0, jobs: 2, oldestAt: oldest.createdAt },
    ]);
  });
});
