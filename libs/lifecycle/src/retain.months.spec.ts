import { randomInt } from 'node:crypto';
import { jobStates } from '@app/domain';
import { retainedTables } from '@app/persistence';
import fc from 'fast-check';
import { Fixture } from '../../persistence/test/fixture';
import { DAY, forEver, Retaining } from '../test/retaining';

/** `FAULTS=full` looks at more worlds: each is a database of its own. */
const isFull = process.env['FAULTS'] === 'full';
const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));

describe('The retention by month', () => {
  let fixture: Fixture;
  let retaining: Retaining;
  beforeEach(async () => {
    fixture = await Fixture.open();
    retaining = new Retaining(fixture);
  });
  afterEach(() => fixture.close());

  function atMonths(): void {
    fixture.now = new Date(Date.UTC(new Date().getUTCFullYear() + 2, 4, 10));
  }

  const linesOf = async ({ id }: { id: string }) => (await fixture.story(id)).length;

  it('takes what jobs have left along with their month, as soon as no job of it is there', async () => {
    atMonths();
    await retaining.run(forEver);
    const early = await fixture.jobIn('succeeded');
    fixture.advance(10 * DAY);
    const late = await fixture.jobIn('succeeded');
    fixture.advance(175 * DAY);
    expect(await retaining.run()).toMatchObject({ job: 1, request: 1 });
    expect([await linesOf(early), await linesOf(late)]).toEqual([5, 5]); // nobody is shown the former: its job is not there
    expect(await fixture.reads().job(early.id)).toBeNull();
    fixture.advance(10 * DAY);
    expect(await retaining.run()).toMatchObject({ job: 1, request: 1 });
    expect(await retaining.retainOf().behindMs()).toBe(0);
    fixture.advance(20 * DAY);
    const planned = await retaining.retainOf().plan();
    expect(await retaining.retainOf().behindMs()).toBeGreaterThan(0);
    expect(await retaining.run()).toEqual({ history: 10, result: 2 });
    expect(planned).toMatchObject({ history: 10, result: 2, job: 0 });
    expect(await retaining.retainOf().behindMs()).toBe(0);
  });

  it('rids a month that one held job keeps of what the others have left', async () => {
    atMonths();
    await retaining.run(forEver);
    const held = await fixture.jobIn('held');
    for (let i = 0; i < 3; i += 1) await fixture.jobIn('succeeded');
    fixture.advance(20 * DAY);
    const young = await fixture.jobIn('canceled');
    fixture.advance(180.5 * DAY);
    await retaining.run();
    expect(await linesOf(young)).toBe(2);
    fixture.advance(5 * DAY);
    await retaining.run();
    fixture.advance(30 * DAY);
    await retaining.run();
    const [left] = await fixture.query(
      `select (select count(*)::int from history) as lines, (select count(*)::int from result) as results`,
    );
    expect(left).toEqual({ lines: await linesOf(held), results: 0 });
    expect(await linesOf(held)).toBeGreaterThan(0);
    await fixture.jobs().apply(held.id, { type: 'given_up' }, 'ann');
    fixture.advance(181 * DAY);
    expect(await retaining.run()).toMatchObject({ job: 1 });
    expect(
      await fixture.query(`select to_regclass('history_' || to_char($1::timestamptz, 'YYYY_MM')) as name`, [
        held.createdAt,
      ]),
    ).toEqual([{ name: null }]);
  });

  it('never lacks a month: a job of a time for which there is none is kept, and goes, like any other', async () => {
    fixture.now = new Date(Date.UTC(new Date().getUTCFullYear() + 40, 0, 31));
    const job = await fixture.jobIn('succeeded');
    expect(await fixture.query(`select distinct tableoid::regclass::text as part from history`)).toEqual([
      { part: 'history_default' },
    ]);
    await retaining.run(); // and makes the months from then on, but for the one that has begun there
    fixture.advance(10 * DAY);
    const other = await fixture.jobIn('succeeded');
    const parts = await fixture.query<{ part: string }>(
      `select distinct tableoid::regclass::text as part from history order by part`,
    );
    expect(parts.map(({ part }) => part)).toEqual([expect.stringMatching(/^history_\d{4}_02$/), 'history_default']);
    fixture.advance(175 * DAY);
    expect(await retaining.run()).toMatchObject({ job: 1, history: 5, result: 1 });
    expect(await linesOf(job)).toBe(0);
    expect(await linesOf(other)).toBe(5);
  });

  it('keeps a month whose lock somebody holds for the next run, and nobody waits behind it', async () => {
    atMonths();
    await retaining.run(forEver);
    await fixture.jobIn('canceled');
    fixture.advance(230 * DAY);
    await retaining.run(forEver); // the months of this time, for which the lock would be needed too
    const release = await fixture.hold('select from history limit 1');
    const running = retaining.run();
    await fixture.untilWaiting(1);
    const begun = performance.now();
    await fixture.jobIn('canceled');
    expect(performance.now() - begun).toBeLessThan(5_000);
    await release();
    expect(await running).toMatchObject({ job: 1, history: 2 });
  });

  it(`drops in any state of things just what the dry run says, which changes nothing (SEED=${seed})`, async () => {
    const step = fc.record({
      days: fc.integer({ min: 0, max: 60 }),
      state: fc.constantFrom(...jobStates),
      key: fc.boolean(),
      label: fc.boolean(),
      event: fc.boolean(),
      /** Of the requests so far, one that it shares a job with, if that is still open. */
      sharesWith: fc.option(fc.nat({ max: 20 })),
      cancels: fc.option(fc.nat({ max: 20 })),
      /** Whether a run is between, which makes months, and drops. */
      runs: fc.boolean(),
    });
    const days = fc.constantFrom(30, 90, 180);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 20 }), days, async (steps, keptDays) => {
        await fixture.close();
        fixture = await Fixture.open();
        retaining = new Retaining(fixture);
        atMonths();
        await retaining.run(forEver);
        const wanted = { recordsMs: keptDays * DAY, eventBodiesMs: 15 * DAY, keysMs: (keptDays + 60) * DAY };
        const medias: string[] = [];
        for (const [i, { days: passed, state, key, label, event, sharesWith, cancels, runs }] of steps.entries()) {
          fixture.advance(passed * DAY);
          if (runs) await retaining.run(wanted);
          const labels = label ? { batch: 'a', [`n${i}`]: 'b' } : {};
          const media = sharesWith === null ? undefined : medias[sharesWith % Math.max(1, medias.length)];
          if (media === undefined) {
            const job = await fixture.jobIn(state, { labels, idempotencyKey: key ? `key-${i}` : null });
            medias.push(job.mediaId);
            if (event) await retaining.receive(job);
          } else {
            await fixture.requests().accept(
              fixture.draft({
                mediaId: media,
                types: ['AIVideoTag', 'AIMediaDNA', 'AIMediaAudit'].slice(0, 2 + (i % 2)) as never,
              }),
            );
          }
          const waiting = await fixture.query<{ id: string }>(`select id from job where state = 'queued' order by id`);
          const victim = cancels === null ? undefined : waiting[cancels % Math.max(1, waiting.length)];
          if (victim) await fixture.jobs().apply(victim.id, { type: 'canceled' });
        }
        const kept = await keptByTheRules(new Date(fixture.now.getTime() - wanted.recordsMs));
        const before = await retaining.contents();
        const planned = await retaining.retainOf(wanted).plan();
        expect(await retaining.contents()).toBe(before);

        const dropped = await retaining.run(wanted);
        expect(Object.fromEntries(retainedTables.map((table) => [table, dropped[table] ?? 0]))).toEqual(planned);
        expect(await retaining.idsOf('job')).toEqual(kept);
        expect(await orphans()).toEqual([]);
        expect(await retaining.run(wanted)).toEqual({});
      }),
      { seed, numRuns: isFull ? 50 : 5 },
    );
  }, 600_000);

  /** The jobs that have to stay, found in another way: request by request, until no more are found. */
  async function keptByTheRules(cutoff: Date): Promise<string[]> {
    const jobs = await fixture.query<{ id: string; request: string; settledAt: Date | null }>(
      `select id, request_id as request, settled_at as "settledAt" from job`,
    );
    const requests = await fixture.query<{ id: string; shared: string[] }>(
      `select id, shared_job_ids as shared from request where dropped_at is null`,
    );
    const jobsOf = ({ id, shared }: { id: string; shared: string[] }) =>
      jobs.filter((job) => job.request === id || shared.includes(job.id));
    const stays = new Set(
      requests
        .filter((request) => jobsOf(request).some(({ settledAt }) => settledAt === null || settledAt >= cutoff))
        .map(({ id }) => id),
    );
    for (let size = -1; size !== stays.size;) {
      size = stays.size;
      for (const request of requests.filter(({ id }) => stays.has(id))) {
        for (const { request: owner } of jobsOf(request)) stays.add(owner);
      }
    }
    return jobs
      .filter(({ request }) => stays.has(request))
      .map(({ id }) => id)
      .toSorted();
  }

  /** Rows that belong to no job or request any more. */
  async function orphans(): Promise<object[]> {
    const ofNoJob = ['job_label', 'event'].map(
      (table) =>
        `select '${table}' as name from ${table} where job_id is not null and job_id not in (select id from job)`,
    );
    return fixture.query(
      [
        ...ofNoJob,
        `select 'submission' from submission where request_id not in (select id from request where dropped_at is null)`,
      ].join(' union all '),
    );
  }
});
