import { eventReceived, lockJob, succeeded } from '../test/events';
import { Fixture } from '../test/fixture';
import type { JobStore } from './index';

let fixture: Fixture;
let jobs: JobStore;
beforeAll(async () => {
  fixture = await Fixture.open();
  jobs = fixture.jobs();
});
afterAll(() => fixture.close());

describe('The door', () => {
  it('row 38: moves a job once, though ten processes bring the same event at the same moment', async () => {
    const { id } = await fixture.jobIn('processing');
    const stores = (await fixture.connections(10)).map((db) => fixture.jobs(db));
    const { vodJobId, version } = await fixture.job(id);

    // Everyone runs into this lock. With a look that locks, they then look one after the other; with one that does not,
    // all ten have seen `processing` by now and decided to move it.
    const release = await fixture.hold(lockJob, [id]);
    const verdicts = Promise.all(stores.map((store) => store.apply(id, eventReceived(vodJobId ?? ''))));
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
    const verdict = await jobs.apply(before.id, eventReceived(before.vodJobId ?? ''));
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

  it('keeps the latest result when it is read again', async () => {
    const { id, vodJobId } = await fixture.jobIn('succeeded');
    await jobs.apply(id, { type: 'refetched' }, 'ada');
    fixture.advance(1000);
    await jobs.apply(id, succeeded(vodJobId ?? '', '{"b":2}', { b: 2 }));
    expect(await fixture.reads().result(id)).toEqual({
      jobId: id,
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
