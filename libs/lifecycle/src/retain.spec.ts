import { randomInt } from 'node:crypto';
import { isSettled, jobStates, type JobState } from '@app/domain';
import {
  MonthStore,
  RetentionReads,
  RetentionStore,
  retainedTables,
  type Dropped,
  type JobRow,
  type StoredRequest,
} from '@app/persistence';
import { eventually } from '@app/testing';
import fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { Fixture } from '../../persistence/test/fixture';
import { Retain, type RetentionSettings } from './retain';

const DAY = 86_400_000;
const settings: RetentionSettings = { recordsMs: 180 * DAY, eventBodiesMs: 30 * DAY, keysMs: 400 * DAY };
const forEver: RetentionSettings = { recordsMs: null, eventBodiesMs: null, keysMs: null };

/** `FAULTS=full` looks at more worlds: each is a database of its own. */
const isFull = process.env['FAULTS'] === 'full';
const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));

/** What lies in each table, all of it. */
const tables = ['job', 'job_label', 'history', 'result', 'submission', 'request', 'event', 'dropped_job', 'retention'];

describe('The retention', () => {
  let fixture: Fixture;
  beforeEach(async () => {
    fixture = await Fixture.open();
  });
  afterEach(() => fixture.close());

  function retainOf(wanted = settings, db = fixture.db): Retain {
    const stores = { store: new RetentionStore(db), reads: new RetentionReads(db), months: new MonthStore(db) };
    return new Retain({ ...stores, signals: fixture.signals, now: () => fixture.now }, wanted);
  }

  async function run(wanted = settings): Promise<Dropped> {
    const ran = await retainOf(wanted).run();
    if (ran.outcome !== 'done') throw new Error(`the run is ${ran.outcome}`);
    return ran.dropped;
  }

  /** All rows as text, but for what says of itself when a run was. */
  async function contents(): Promise<string> {
    const parts = tables.map(async (table) => {
      const rows = await fixture.query(`select to_jsonb(t) - 'ran_at' as row from ${table} as t order by 1`);
      return `${table}: ${JSON.stringify(rows)}`;
    });
    return (await Promise.all(parts)).join('\n');
  }

  const idsOf = async (table: string) =>
    (await fixture.query<{ id: string }>(`select id from ${table} order by id`)).map(({ id }) => id);

  async function receive(job: Pick<JobRow, 'vodJobId' | 'mediaId'>, body = 'a body'): Promise<string> {
    const id = uuidv7({ msecs: fixture.now.getTime() });
    const [vodJobId, mediaId] = [job.vodJobId ?? '', job.mediaId];
    await fixture
      .events()
      .store(fixture.notice({ id, vodJobId, mediaId, body: Buffer.from(body), bodyHash: id, receivedAt: fixture.now }));
    await fixture.matcher().match(100);
    return id;
  }

  const verdictOf = async (id: string) => {
    const [event] = await fixture.query<{ verdict: string; reason: string | null; body: Buffer; size: number }>(
      `select verdict, reason, body, body_size as size from event where id = $1`,
      [id],
    );
    return event;
  };

  it('drops a job that has been over for so long, with all that belongs to it, and leaves a younger one', async () => {
    const old = await fixture.jobIn('succeeded', { labels: { batch: 'a', tier: 'b' } });
    await receive(old);
    fixture.advance(100 * DAY);
    const young = await fixture.jobIn('succeeded', { labels: { batch: 'a' } });
    await receive(young);
    fixture.advance(81 * DAY);
    expect(await run()).toEqual({
      job: 1,
      job_label: 2,
      history: 5,
      result: 1,
      submission: 1,
      request: 1,
      event: 1,
      event_body: 1,
    });
    expect(await idsOf('job')).toEqual([young.id]);
    expect(await fixture.story(young.id)).toHaveLength(5);
    expect(await fixture.reads().result(young.id)).not.toBeNull();
    expect(await fixture.reads().keptUntil(old.id)).toEqual(fixture.now);
    expect(await fixture.requests().keptUntil(old.requestId)).toEqual(fixture.now);
    expect(await run()).toEqual({});
  });

  it('never drops what is open or held, however old it is', async () => {
    const jobs = new Map<JobState, JobRow>();
    for (const state of jobStates) jobs.set(state, await fixture.jobIn(state));
    fixture.advance(10_000 * DAY);
    await run();
    const kept = [...jobs].filter(([state]) => !isSettled(state));
    expect(await idsOf('job')).toEqual(kept.map(([, { id }]) => id).toSorted());
    for (const [state, job] of kept) expect([state, (await fixture.job(job.id)).state]).toEqual([state, state]);
  });

  it('keeps a job that is over as long as another request shares it that is not', async () => {
    const first = await fixture.accept({ mediaId: 'shared', types: ['AIVideoTag'] });
    const second = await fixture.accept({ mediaId: 'shared', types: ['AIVideoTag', 'AIMediaDNA'] });
    const third = await fixture.accept({ mediaId: 'shared', types: ['AIVideoTag', 'AIMediaDNA', 'AIMediaAudit'] });
    const own = (request: StoredRequest) => request.jobs.at(-1)?.id ?? '';
    await fixture.jobs().apply(own(first), { type: 'canceled' });
    await fixture.jobs().apply(own(second), { type: 'canceled' });
    fixture.advance(200 * DAY);
    expect(await run()).toEqual({});
    await fixture.jobs().apply(own(third), { type: 'canceled' });
    fixture.advance(200 * DAY);
    expect(await run()).toMatchObject({ job: 3, request: 3 });
    expect(await idsOf('request')).toEqual([]);
  });

  it('row 44: answers a repeated idempotency key without a new job, as long as the key is kept', async () => {
    const draft = fixture.draft({ idempotencyKey: 'once', config: { AIVideoTag: {} }, labels: { a: 'b' } });
    await fixture.requests().accept(draft);
    await fixture.jobs().apply(draft.types[0]?.jobId ?? '', { type: 'canceled' });
    fixture.advance(181 * DAY);
    const keptUntil = fixture.now;
    expect(await run()).toMatchObject({ job: 1, request: 1 });

    const again = { ...draft, id: uuidv7(), types: draft.types.map(({ type }) => ({ type, jobId: uuidv7() })) };
    const repeated = await fixture.requests().accept({ ...again, now: fixture.now });
    expect(repeated).toEqual({ outcome: 'dropped', dropped: { id: draft.id, acceptedAt: draft.now, keptUntil } });
    expect(await fixture.requests().accept({ ...again, labels: {} })).toEqual({ outcome: 'mismatch' });
    expect(await fixture.requests().get(draft.id)).toBeNull();
    expect(await idsOf('job')).toEqual([]);
    const [left] = await fixture.query(`select config, labels, extend, shared_job_ids from request`);
    expect(left).toEqual({ config: {}, labels: {}, extend: null, shared_job_ids: [] });

    fixture.advance(220 * DAY);
    expect(await run()).toEqual({ request_key: 1, dropped_job: 1 });
    expect((await fixture.requests().accept({ ...again, now: fixture.now })).outcome).toBe('created');
  });

  it('leaves the key where a process of the version before looks for it: its insert meets the unique index', async () => {
    const draft = fixture.draft({ idempotencyKey: 'once' });
    await fixture.requests().accept(draft);
    await fixture.jobs().apply(draft.types[0]?.jobId ?? '', { type: 'canceled' });
    fixture.advance(181 * DAY);
    await run();
    const before = `insert into request (id, client, idempotency_key, body_hash, media_id, region, priority, created_at)
                    values (gen_random_uuid(), 'otto', 'once', '', 'm', 'r', 1, now())`;
    await expect(fixture.query(before)).rejects.toMatchObject({ constraint: 'request_idempotency_key' });
  });

  it('knows every JobId that a dropped job had: an event about one of them is no evidence and wakes nobody', async () => {
    const job = await fixture.jobIn('failed');
    await fixture.jobs().apply(job.id, { type: 'retried' }, 'ann');
    await fixture.jobs().apply(job.id, { type: 'canceled' }, 'ann');
    const stranger = { vodJobId: 'of-nobody', mediaId: job.mediaId };
    fixture.advance(181 * DAY);
    await run();
    const about = await receive(job);
    expect(await verdictOf(about)).toMatchObject({
      verdict: 'ignored',
      reason: `the record of its job was kept until ${fixture.now.toISOString().slice(0, 10)}`,
    });
    expect(await verdictOf(await receive(stranger))).toMatchObject({ verdict: 'unmatched' });
  });

  it('empties the bodies of events that came long ago, but of none that an open job may need', async () => {
    const [over, held] = [await fixture.jobIn('succeeded'), await fixture.jobIn('held')];
    const [ofOver, evidence] = [await receive(over), await receive({ vodJobId: 'maybe-held', mediaId: held.mediaId })];
    const ofNobody = await receive({ vodJobId: 'of-nobody', mediaId: 'of-nobody' });
    fixture.advance(20 * DAY);
    const later = await receive({ vodJobId: 'of-nobody', mediaId: 'of-nobody' });
    fixture.advance(11 * DAY);
    expect(await run()).toEqual({ event_body: 2 });
    for (const id of [ofOver, ofNobody]) expect(await verdictOf(id)).toMatchObject({ body: Buffer.alloc(0), size: 6 });
    for (const id of [evidence, later]) expect((await verdictOf(id))?.body.toString()).toBe('a body');
    expect((await fixture.lists().event(ofOver))?.bodyDroppedAt).toEqual(fixture.now);
    expect((await fixture.lists().event(later))?.bodyDroppedAt).toBeNull();

    fixture.advance(170 * DAY);
    await run();
    expect((await idsOf('event')).toSorted()).toEqual([evidence]);
  });

  it('keeps all of it for ever when that is what the settings say', async () => {
    for (const state of jobStates) await receive(await fixture.jobIn(state, { idempotencyKey: state }));
    fixture.advance(10_000 * DAY);
    const before = await contents();
    expect(await run(forEver)).toEqual({});
    expect(await contents()).toBe(before);
    expect(await retainOf(forEver).behindMs()).toBe(0);
    expect(Object.values(await retainOf(forEver).plan()).every((rows) => rows === 0)).toBe(true);
  });

  it('says how far it is behind, and nothing of what has to stay', async () => {
    await fixture.jobIn('held');
    await fixture.jobIn('canceled');
    fixture.advance(182 * DAY);
    expect(await retainOf().behindMs()).toBe(2 * DAY);
    await run();
    expect(await retainOf().behindMs()).toBe(0);
  });

  it('is done by one at a time, and once an hour however many ask', async () => {
    await fixture.jobIn('canceled');
    fixture.advance(181 * DAY);
    const others = await fixture.connections(4);
    const ran = await Promise.all(others.map((db) => retainOf(settings, db).run()));
    expect(ran.map(({ outcome }) => outcome).toSorted()).toContain('done');
    expect(ran.reduce((jobs, each) => jobs + (each.outcome === 'done' ? (each.dropped.job ?? 0) : 0), 0)).toBe(1);
    expect(await retainOf().runIfDue(3_600_000, {})).toEqual({ outcome: 'elsewhere' });
    expect(await retainOf().runIfDue(0, {})).toEqual({ outcome: 'done', dropped: {} });
  });

  it('lets nobody in while a run is under way, and the next one after it', async () => {
    const store = new RetentionStore(fixture.db);
    let release = () => {};
    const held = store.alone(() => new Promise<void>((resolve) => (release = resolve)).then(() => 'done'));
    const other = new RetentionStore(await fixture.connect());
    await eventually('the first one holds it', async () => (await other.alone(async () => 'in')) === null);
    release();
    expect(await held).toBe('done');
    expect(await other.alone(async () => 'in')).toBe('in');
  });

  it('stops after the batch under way, and the next run does the rest', async () => {
    await fixture.jobIn('canceled', { labels: { a: 'b' } });
    await receive({ vodJobId: 'of-nobody', mediaId: 'of-nobody' });
    fixture.advance(181 * DAY);
    const planned = await retainOf().plan();
    const stopping = new AbortController();
    stopping.abort();
    const stopped = await retainOf().run({ stop: stopping.signal });
    expect(stopped).toMatchObject({ outcome: 'stopped', dropped: { job: 1 } });
    expect(await retainOf().runIfDue(3_600_000, {})).toMatchObject({
      outcome: 'done',
      dropped: { event: planned.event },
    });
  });

  it('that is killed amid a batch has done none of it, and the next run does it', async () => {
    const job = await fixture.jobIn('succeeded');
    await receive(job);
    fixture.advance(181 * DAY);
    const before = await contents();
    const planned = await retainOf().plan();
    // It comes as far as the attempts of the request, and no further.
    const release = await fixture.hold(`lock table submission in share mode`);
    const killed = retainOf(settings, await fixture.connect()).run();
    const outcome = killed.then(
      () => 'it ended',
      (error: Error) => error.message,
    );
    await fixture.untilWaiting(1);
    await fixture.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name = 'vodai-test-other'`,
    );
    expect(await outcome).toMatch(/terminat|closed|ended/i);
    await release();
    expect(await contents()).toBe(before);
    expect(await run()).toEqual(Object.fromEntries(Object.entries(planned).filter(([, rows]) => rows > 0)));
  });

  it('comes before or after a person who wants the job retried, and never between', async () => {
    const [first, second] = [await fixture.jobIn('failed'), await fixture.jobIn('failed')];
    fixture.advance(181 * DAY);
    const letGo = await fixture.hold('select from job where id = $1 for update', [first.id]);
    expect(await run()).toMatchObject({ job: 1 });
    expect(await idsOf('job')).toEqual([first.id]);
    await letGo();
    expect(await fixture.jobs().apply(first.id, { type: 'retried' }, 'ann')).toMatchObject({ outcome: 'moved' });
    expect(await fixture.jobs().apply(second.id, { type: 'retried' }, 'ann')).toEqual({ outcome: 'no_such_job' });
    expect(await run()).toEqual({});
    expect(await fixture.story(first.id)).toContain('retried');
  });

  it('is not waited for by whoever matches an event of the job at the same moment', async () => {
    const job = await fixture.jobIn('succeeded');
    const event = await receive(job);
    fixture.advance(181 * DAY);
    const letGo = await fixture.hold('select from event where id = $1 for update', [event]);
    expect(await run()).toMatchObject({ job: 1 });
    expect(await idsOf('event')).toEqual([event]);
    await letGo();
    expect(await run()).toEqual({ event: 1 });
  });

  it('makes whoever counts jobs count anew', async () => {
    const stats = fixture.stats();
    await fixture.jobIn('canceled');
    await fixture.jobIn('held');
    const total = async () => (await stats.stats({})).jobs.reduce((sum, { jobs }) => sum + jobs, 0);
    expect(await total()).toBe(2);
    fixture.advance(181 * DAY);
    await run();
    expect(await total()).toBe(1);
  });

  /** A time for which there are months of their own, whenever this test is run. */
  function atMonths(): void {
    fixture.now = new Date(Date.UTC(new Date().getUTCFullYear() + 2, 4, 10));
  }

  const linesOf = async ({ id }: { id: string }) => (await fixture.story(id)).length;

  it('takes what jobs have left along with their month, as soon as no job of it is there', async () => {
    atMonths();
    await run(forEver);
    const early = await fixture.jobIn('succeeded');
    fixture.advance(10 * DAY);
    const late = await fixture.jobIn('succeeded');
    fixture.advance(175 * DAY);
    expect(await run()).toMatchObject({ job: 1, request: 1 });
    expect([await linesOf(early), await linesOf(late)]).toEqual([5, 5]); // nobody is shown the former: its job is not there
    expect(await fixture.reads().job(early.id)).toBeNull();
    fixture.advance(10 * DAY);
    expect(await run()).toMatchObject({ job: 1, request: 1 });
    expect(await retainOf().behindMs()).toBe(0);
    fixture.advance(20 * DAY);
    const planned = await retainOf().plan();
    expect(await retainOf().behindMs()).toBeGreaterThan(0);
    expect(await run()).toEqual({ history: 10, result: 2 });
    expect(planned).toMatchObject({ history: 10, result: 2, job: 0 });
    expect(await retainOf().behindMs()).toBe(0);
  });

  it('rids a month that one held job keeps of what the others have left', async () => {
    atMonths();
    await run(forEver);
    const held = await fixture.jobIn('held');
    for (let i = 0; i < 3; i += 1) await fixture.jobIn('succeeded');
    fixture.advance(20 * DAY);
    const young = await fixture.jobIn('canceled');
    fixture.advance(180.5 * DAY);
    await run();
    expect(await linesOf(young)).toBe(2);
    fixture.advance(5 * DAY);
    await run();
    fixture.advance(30 * DAY);
    await run();
    const [left] = await fixture.query(
      `select (select count(*)::int from history) as lines, (select count(*)::int from result) as results`,
    );
    expect(left).toEqual({ lines: await linesOf(held), results: 0 });
    expect(await linesOf(held)).toBeGreaterThan(0);
    await fixture.jobs().apply(held.id, { type: 'given_up' }, 'ann');
    fixture.advance(181 * DAY);
    expect(await run()).toMatchObject({ job: 1 });
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
    await run(); // and makes the months from then on, but for the one that has begun there
    fixture.advance(10 * DAY);
    const other = await fixture.jobIn('succeeded');
    const parts = await fixture.query<{ part: string }>(
      `select distinct tableoid::regclass::text as part from history order by part`,
    );
    expect(parts.map(({ part }) => part)).toEqual([expect.stringMatching(/^history_\d{4}_02$/), 'history_default']);
    fixture.advance(175 * DAY);
    expect(await run()).toMatchObject({ job: 1, history: 5, result: 1 });
    expect(await linesOf(job)).toBe(0);
    expect(await linesOf(other)).toBe(5);
  });

  it('keeps a month whose lock somebody holds for the next run, and nobody waits behind it', async () => {
    atMonths();
    await run(forEver);
    await fixture.jobIn('canceled');
    fixture.advance(230 * DAY);
    await run(forEver); // the months of this time, for which the lock would be needed too
    const release = await fixture.hold('select from history limit 1');
    const running = run();
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
        atMonths();
        await run(forEver);
        const wanted = { recordsMs: keptDays * DAY, eventBodiesMs: 15 * DAY, keysMs: (keptDays + 60) * DAY };
        const medias: string[] = [];
        for (const [i, { days: passed, state, key, label, event, sharesWith, cancels, runs }] of steps.entries()) {
          fixture.advance(passed * DAY);
          if (runs) await run(wanted);
          const labels = label ? { batch: 'a', [`n${i}`]: 'b' } : {};
          const media = sharesWith === null ? undefined : medias[sharesWith % Math.max(1, medias.length)];
          if (media === undefined) {
            const job = await fixture.jobIn(state, { labels, idempotencyKey: key ? `key-${i}` : null });
            medias.push(job.mediaId);
            if (event) await receive(job);
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
        const before = await contents();
        const planned = await retainOf(wanted).plan();
        expect(await contents()).toBe(before);

        const dropped = await run(wanted);
        expect(Object.fromEntries(retainedTables.map((table) => [table, dropped[table] ?? 0]))).toEqual(planned);
        expect(await idsOf('job')).toEqual(kept);
        expect(await orphans()).toEqual([]);
        expect(await run(wanted)).toEqual({});
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
