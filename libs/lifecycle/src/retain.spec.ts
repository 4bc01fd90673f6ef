import { isSettled, jobStates, type JobState } from '@app/domain';
import { RetentionStore, type JobRow, type StoredRequest } from '@app/persistence';
import { eventually } from '@app/testing';
import { v7 as uuidv7 } from 'uuid';
import { Fixture } from '../../persistence/test/fixture';
import { DAY, forEver, Retaining, settings } from '../test/retaining';

describe('The retention', () => {
  let fixture: Fixture;
  let retaining: Retaining;
  beforeEach(async () => {
    fixture = await Fixture.open();
    retaining = new Retaining(fixture);
  });
  afterEach(() => fixture.close());

  it('drops a job that has been over for so long, with all that belongs to it, and leaves a younger one', async () => {
    const old = await fixture.jobIn('succeeded', { labels: { batch: 'a', tier: 'b' } });
    await retaining.receive(old);
    fixture.advance(100 * DAY);
    const young = await fixture.jobIn('succeeded', { labels: { batch: 'a' } });
    await retaining.receive(young);
    fixture.advance(81 * DAY);
    expect(await retaining.run()).toEqual({
      job: 1,
      job_label: 2,
      history: 5,
      result: 1,
      submission: 1,
      request: 1,
      event: 1,
      event_body: 1,
    });
    expect(await retaining.idsOf('job')).toEqual([young.id]);
    expect(await fixture.story(young.id)).toHaveLength(5);
    expect(await fixture.reads().result(young.id)).not.toBeNull();
    expect(await fixture.reads().keptUntil(old.id)).toEqual(fixture.now);
    expect(await fixture.requests().keptUntil(old.requestId)).toEqual(fixture.now);
    expect(await retaining.run()).toEqual({});
  });

  it('never drops what is open or held, however old it is', async () => {
    const jobs = new Map<JobState, JobRow>();
    for (const state of jobStates) jobs.set(state, await fixture.jobIn(state));
    fixture.advance(10_000 * DAY);
    await retaining.run();
    const kept = [...jobs].filter(([state]) => !isSettled(state));
    expect(await retaining.idsOf('job')).toEqual(kept.map(([, { id }]) => id).toSorted());
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
    expect(await retaining.run()).toEqual({});
    await fixture.jobs().apply(own(third), { type: 'canceled' });
    fixture.advance(200 * DAY);
    expect(await retaining.run()).toMatchObject({ job: 3, request: 3 });
    expect(await retaining.idsOf('request')).toEqual([]);
  });

  it('row 44: answers a repeated idempotency key without a new job, as long as the key is kept', async () => {
    const draft = fixture.draft({ idempotencyKey: 'once', config: { AIVideoTag: {} }, labels: { a: 'b' } });
    await fixture.requests().accept(draft);
    await fixture.jobs().apply(draft.types[0]?.jobId ?? '', { type: 'canceled' });
    fixture.advance(181 * DAY);
    const keptUntil = fixture.now;
    expect(await retaining.run()).toMatchObject({ job: 1, request: 1 });

    const again = { ...draft, id: uuidv7(), types: draft.types.map(({ type }) => ({ type, jobId: uuidv7() })) };
    const repeated = await fixture.requests().accept({ ...again, now: fixture.now });
    expect(repeated).toEqual({ outcome: 'dropped', dropped: { id: draft.id, acceptedAt: draft.now, keptUntil } });
    expect(await fixture.requests().accept({ ...again, labels: {} })).toEqual({ outcome: 'mismatch' });
    expect(await fixture.requests().get(draft.id)).toBeNull();
    expect(await retaining.idsOf('job')).toEqual([]);
    const [left] = await fixture.query(`select config, labels, extend, shared_job_ids from request`);
    expect(left).toEqual({ config: {}, labels: {}, extend: null, shared_job_ids: [] });

    fixture.advance(220 * DAY);
    expect(await retaining.run()).toEqual({ request_key: 1, dropped_job: 1 });
    expect((await fixture.requests().accept({ ...again, now: fixture.now })).outcome).toBe('created');
  });

  it('leaves the key where a process of the version before looks for it: its insert meets the unique index', async () => {
    const draft = fixture.draft({ idempotencyKey: 'once' });
    await fixture.requests().accept(draft);
    await fixture.jobs().apply(draft.types[0]?.jobId ?? '', { type: 'canceled' });
    fixture.advance(181 * DAY);
    await retaining.run();
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
    await retaining.run();
    const about = await retaining.receive(job);
    expect(await retaining.verdictOf(about)).toMatchObject({
      verdict: 'ignored',
      reason: `the record of its job was kept until ${fixture.now.toISOString().slice(0, 10)}`,
    });
    expect(await retaining.verdictOf(await retaining.receive(stranger))).toMatchObject({ verdict: 'foreign' });
  });

  it('empties the bodies of events that came long ago, but of none that an open job may need', async () => {
    const [over, held] = [await fixture.jobIn('succeeded'), await fixture.jobIn('held')];
    const [ofOver, evidence] = [
      await retaining.receive(over),
      await retaining.receive({ vodJobId: 'maybe-held', mediaId: held.mediaId }),
    ];
    const ofNobody = await retaining.receive({ vodJobId: 'of-nobody', mediaId: 'of-nobody' });
    fixture.advance(20 * DAY);
    const later = await retaining.receive({ vodJobId: 'of-nobody', mediaId: 'of-nobody' });
    fixture.advance(11 * DAY);
    expect(await retaining.run()).toEqual({ event_body: 2 });
    for (const id of [ofOver, ofNobody])
      expect(await retaining.verdictOf(id)).toMatchObject({ body: Buffer.alloc(0), size: 6 });
    for (const id of [evidence, later]) expect((await retaining.verdictOf(id))?.body.toString()).toBe('a body');
    expect((await fixture.lists().event(ofOver))?.bodyDroppedAt).toEqual(fixture.now);
    expect((await fixture.lists().event(later))?.bodyDroppedAt).toBeNull();

    fixture.advance(170 * DAY);
    await retaining.run();
    expect((await retaining.idsOf('event')).toSorted()).toEqual([evidence]);
  });

  it('keeps all of it for ever when that is what the settings say', async () => {
    for (const state of jobStates) await retaining.receive(await fixture.jobIn(state, { idempotencyKey: state }));
    fixture.advance(10_000 * DAY);
    const before = await retaining.contents();
    expect(await retaining.run(forEver)).toEqual({});
    expect(await retaining.contents()).toBe(before);
    expect(await retaining.retainOf(forEver).behindMs()).toBe(0);
    expect(Object.values(await retaining.retainOf(forEver).plan()).every((rows) => rows === 0)).toBe(true);
  });

  it('says how far it is behind, and nothing of what has to stay', async () => {
    await fixture.jobIn('held');
    await fixture.jobIn('canceled');
    fixture.advance(182 * DAY);
    expect(await retaining.retainOf().behindMs()).toBe(2 * DAY);
    await retaining.run();
    expect(await retaining.retainOf().behindMs()).toBe(0);
  });

  it('is done by one at a time, and once an hour however many ask', async () => {
    await fixture.jobIn('canceled');
    fixture.advance(181 * DAY);
    const others = await fixture.connections(4);
    const ran = await Promise.all(others.map((db) => retaining.retainOf(settings, db).run()));
    expect(ran.map(({ outcome }) => outcome).toSorted()).toContain('done');
    expect(ran.reduce((jobs, each) => jobs + (each.outcome === 'done' ? (each.dropped.job ?? 0) : 0), 0)).toBe(1);
    expect(await retaining.retainOf().runIfDue(3_600_000, {})).toEqual({ outcome: 'elsewhere' });
    expect(await retaining.retainOf().runIfDue(0, {})).toEqual({ outcome: 'done', dropped: {} });
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
    await retaining.receive({ vodJobId: 'of-nobody', mediaId: 'of-nobody' });
    fixture.advance(181 * DAY);
    const planned = await retaining.retainOf().plan();
    const stopping = new AbortController();
    stopping.abort();
    const stopped = await retaining.retainOf().run({ stop: stopping.signal });
    expect(stopped).toMatchObject({ outcome: 'stopped', dropped: { job: 1 } });
    expect(await retaining.retainOf().runIfDue(3_600_000, {})).toMatchObject({
      outcome: 'done',
      dropped: { event: planned.event },
    });
  });

  it('that is killed amid a batch has done none of it, and the next run does it', async () => {
    const job = await fixture.jobIn('succeeded');
    await retaining.receive(job);
    fixture.advance(181 * DAY);
    const before = await retaining.contents();
    const planned = await retaining.retainOf().plan();
    // It comes as far as the attempts of the request, and no further.
    const release = await fixture.hold(`lock table submission in share mode`);
    const killed = retaining.retainOf(settings, await fixture.connect()).run();
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
    expect(await retaining.contents()).toBe(before);
    expect(await retaining.run()).toEqual(Object.fromEntries(Object.entries(planned).filter(([, rows]) => rows > 0)));
  });

  it('comes before or after a person who wants the job retried, and never between', async () => {
    const [first, second] = [await fixture.jobIn('failed'), await fixture.jobIn('failed')];
    fixture.advance(181 * DAY);
    const letGo = await fixture.hold('select from job where id = $1 for update', [first.id]);
    expect(await retaining.run()).toMatchObject({ job: 1 });
    expect(await retaining.idsOf('job')).toEqual([first.id]);
    await letGo();
    expect(await fixture.jobs().apply(first.id, { type: 'retried' }, 'ann')).toMatchObject({ outcome: 'moved' });
    expect(await fixture.jobs().apply(second.id, { type: 'retried' }, 'ann')).toEqual({ outcome: 'no_such_job' });
    expect(await retaining.run()).toEqual({});
    expect(await fixture.story(first.id)).toContain('retried');
  });

  it('is not waited for by whoever matches an event of the job at the same moment', async () => {
    const job = await fixture.jobIn('succeeded');
    const event = await retaining.receive(job);
    fixture.advance(181 * DAY);
    const letGo = await fixture.hold('select from event where id = $1 for update', [event]);
    expect(await retaining.run()).toMatchObject({ job: 1 });
    expect(await retaining.idsOf('event')).toEqual([event]);
    await letGo();
    expect(await retaining.run()).toEqual({ event: 1 });
  });

  it('makes whoever counts jobs count anew', async () => {
    const stats = fixture.stats();
    await fixture.jobIn('canceled');
    await fixture.jobIn('held');
    const total = async () => (await stats.stats({})).jobs.reduce((sum, { jobs }) => sum + jobs, 0);
    expect(await total()).toBe(2);
    fixture.advance(181 * DAY);
    await retaining.run();
    expect(await total()).toBe(1);
  });

  /** A time for which there are months of their own, whenever this test is run. */
});
