import { jobStates, type JobState } from '@app/domain';
import { Fixture } from '../test/fixture';
import { JobCounts, type JobCount, type JobFilter } from './index';

describe('The counts of jobs', () => {
  let fixture: Fixture;
  beforeEach(async () => {
    fixture = await Fixture.open();
  });
  afterEach(() => fixture.close());

  const inOrder = (counts: JobCount[]) => counts.map((count) => JSON.stringify(count)).toSorted();
  const counted = () =>
    fixture.query<JobCount>(
      `select state, type, region, priority, client, count(*)::int as jobs
         from job
        group by state, type, region, priority, client`,
    );
  const fullCounts = (asked: jest.SpyInstance) =>
    asked.mock.calls.filter(([sql]) => /from job\s+group by/.test(String(sql))).length;

  it('are none for an empty table, and follow from there', async () => {
    const counts = new JobCounts(fixture.db);
    expect(await counts.current()).toEqual([]);
    await fixture.jobIn('queued', { priority: 'high' });
    expect(await counts.current()).toEqual([
      { state: 'queued', type: 'AIVideoTag', region: 'cn-shanghai', priority: 0, client: 'otto', jobs: 1 },
    ]);
  });

  it('follow every change of state, with one full count for all of them', async () => {
    await fixture.jobIn('held');
    const asked = jest.spyOn(fixture.db, 'query');
    const counts = new JobCounts(fixture.db);
    for (const state of jobStates) {
      await counts.current();
      await fixture.jobIn(state);
      expect(inOrder(await counts.current())).toEqual(inOrder(await counted()));
    }
    expect(fullCounts(asked) - jobStates.length).toBe(1); // the others are of this test
  });

  it('see what was under way before, once it is committed, and not what is still under way', async () => {
    const queued = await fixture.jobIn('queued');
    const counts = new JobCounts(fixture.db);
    const states = async () => (await counts.current()).map(({ state, jobs }) => `${jobs} ${state}`);

    const commit = await fixture.hold(
      `with moved as (
         update job set state = 'canceled', version = 2, due_at = null, settled_at = now(), holds_natural_key = false
          where id = $1 returning id
       )
       insert into history (job_id, version, at, event, from_state, to_state, attempt)
       select id, 2, now(), 'canceled', 'queued', 'canceled', 0 from moved`,
      [queued.id],
    );
    expect(await states()).toEqual(['1 queued']); // counted in full while it is under way
    await fixture.jobIn('held'); // later than it, and committed before
    expect(await states()).toEqual(['1 queued', '1 held']);
    await commit();
    expect((await states()).toSorted()).toEqual(['1 canceled', '1 held']);
  });

  it('are right at the end of any number of changes that go on at once', async () => {
    const counts = new JobCounts(fixture.db);
    const states: JobState[] = ['succeeded', 'failed', 'held', 'canceled', 'processing'];
    const over = new AbortController();
    const asking = (async () => {
      while (!over.signal.aborted) await counts.current();
    })();
    await Promise.all(
      states.map(async (state) => {
        for (let i = 0; i < 10; i += 1) await fixture.jobIn(state);
      }),
    );
    over.abort();
    await asking;
    expect(inOrder(await counts.current())).toEqual(inOrder(await counted()));
  });

  it('of a filter are those of the jobs that the list has, from the first call on and after every change', async () => {
    const start = fixture.now;
    await fixture.jobIn('failed', { labels: { batch: 'a' }, mediaId: 'm', client: 'web' });
    await fixture.jobIn('queued', { labels: { batch: 'a', team: 'x' }, priority: 'high', region: 'cn-beijing' });
    await fixture.jobIn('processing', { labels: { batch: 'b' }, types: ['AIMediaDNA'] });
    fixture.advance(3_600_000);
    const { requestId, vodJobId } = await fixture.jobIn('succeeded', { labels: { team: 'x' } });

    const stats = fixture.stats();
    const filters: JobFilter[] = [
      {},
      { client: 'web' },
      { type: 'AIMediaDNA', region: 'cn-shanghai', client: 'otto' },
      { states: ['queued', 'failed'] },
      { labels: { batch: 'a' } },
      { labels: { batch: 'a', team: 'x' }, states: ['queued', 'canceled'] },
      { createdFrom: new Date(start.getTime() + 1) },
      { createdTo: new Date(start.getTime() + 1), labels: { batch: 'a' }, type: 'AIVideoTag' },
      { mediaId: 'm' },
      { requestId },
      { vodJobId: vodJobId ?? '' },
      { errorCode: 'NoAudio' },
      { q: 'batch:a' },
      { q: requestId },
      { q: 'm', client: 'web' },
      { q: 'm', mediaId: 'other' },
    ];
    const agree = async () => {
      for (const filter of filters) {
        const listed = await fixture.lists().jobs(filter, { limit: 100 });
        const { jobs, callbacksLost } = await stats.stats(filter);
        const byState = jobs.flatMap((count) => Array<string>(count.jobs).fill(`${count.client} ${count.state}`));
        expect([filter, byState.toSorted()]).toEqual([
          filter,
          listed.map(({ client, state }) => `${client} ${state}`).toSorted(),
        ]);
        expect(callbacksLost).toBe(listed.filter(({ state, vodJobId: id }) => state === 'failed' && id).length);
      }
    };
    await agree();
    await fixture.jobIn('canceled', { labels: { batch: 'a' }, mediaId: 'm' });
    await fixture.jobIn('failed', { labels: { batch: 'a', team: 'x' }, client: 'web' });
    await agree();
  });

  it('of a filter are counted in full once, however often they are asked for', async () => {
    await fixture.jobIn('queued', { labels: { batch: 'a' } });
    const asked = jest.spyOn(fixture.db, 'query');
    const stats = fixture.stats();
    for (let i = 0; i < 3; i += 1) await stats.stats({ labels: { batch: 'a' }, ...(i === 2 && { states: ['held'] }) });
    const full = asked.mock.calls.filter(([sql]) => /from job\s+where[^]*group by state/.test(String(sql)));
    expect(full).toHaveLength(1);
  });
});
