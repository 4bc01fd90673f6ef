import { jobStates, type JobState } from '@app/domain';
import { Fixture } from '../test/fixture';
import { JobCounts, type JobCount } from './index';

describe('The counts of jobs', () => {
  let fixture: Fixture;
  beforeEach(async () => {
    fixture = await Fixture.open();
  });
  afterEach(() => fixture.close());

  const inOrder = (counts: JobCount[]) => counts.map((count) => JSON.stringify(count)).toSorted();
  const counted = () =>
    fixture.query<JobCount>(
      `select state, type, region, priority, count(*)::int as jobs from job group by state, type, region, priority`,
    );
  const fullCounts = (asked: jest.SpyInstance) =>
    asked.mock.calls.filter(([sql]) => /from job\s+group by/.test(String(sql))).length;

  it('are none for an empty table, and follow from there', async () => {
    const counts = new JobCounts(fixture.db);
    expect(await counts.current()).toEqual([]);
    await fixture.jobIn('queued', { priority: 'high' });
    expect(await counts.current()).toEqual([
      { state: 'queued', type: 'AIVideoTag', region: 'cn-shanghai', priority: 0, jobs: 1 },
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
});
