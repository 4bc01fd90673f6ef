import { eventually } from '@app/testing';
import type { Queues } from '@app/queue';
import { batchSizes, countDue, makeCopies, manyAtVod } from '../test/due-jobs';
import { REGION, rules, World } from '../test/world';

const ABROAD = 'ap-southeast-1';

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.close());

describe('queued jobs', () => {
  it('are claimed by whoever works the entry that is put on the queue for them, and stay where they are until then', async () => {
    for (let i = 0; i < 3; i += 1) await world.accept();
    const dispatch = world.dispatch();
    expect(await dispatch.run()).toEqual({ again: 200 });
    expect(await world.waiting('submit')).toEqual([{ next: true }]);
    expect(await countDue(world)).toBe(3);
  });

  it('are claimed by this process itself when it has room, however few may wait on the queue', async () => {
    const begun = await world.begin();
    for (let i = 0; i < 3; i += 1) await world.accept();
    expect(await world.dispatch({ lots: 0 }).run()).toEqual({ again: 200 });
    expect(begun).toEqual([{ queue: 'submit', region: REGION, payload: { next: true } }]);
    expect(await world.queues.load('submit', REGION)).toEqual({ waiting: 0, active: 0 });
    expect(await countDue(world)).toBe(3);
  });

  it('are claimed by way of the queue when this process has no room left', async () => {
    const begun = await world.begin();
    await world.accept();
    const dispatch = world.dispatch();
    for (let i = 0; i < 4; i += 1) expect(await dispatch.run()).toEqual({ again: 200 });
    expect(begun).toHaveLength(4);
    expect(await world.dispatch({ lots: 0 }).run()).toEqual({ again: 100 });
    expect(begun).toHaveLength(4);
    expect(await dispatch.run()).toEqual({ again: 200 });
    await eventually('the fifth has begun', () => begun.length === 5);
    expect(await world.queues.load('submit', REGION)).toEqual({ waiting: 0, active: 1 });
  });

  it('have as many entries on the queue as may wait there, and no more', async () => {
    await world.accept();
    const dispatch = world.dispatch({ lots: 2 });
    for (let i = 0; i < 2; i += 1) expect(await dispatch.run()).toEqual({ again: 200 });
    expect(await dispatch.run()).toEqual({ again: 100 });
    expect(await world.waiting('submit')).toHaveLength(2);
    await world.forgetQueues();
    await dispatch.run();
    expect(await world.waiting('submit')).toHaveLength(1);
  });

  it('wait until some of the calls that are reserved have been made', async () => {
    await world.accept();
    const { gapMs } = await world.stores.pace.reserve(REGION, 'SubmitAIJob', 1);
    await world.stores.pace.reserve(REGION, 'SubmitAIJob', 10_000 / gapMs);
    const { again } = await world.dispatch().run();
    expect(again).toBeGreaterThan(8_000);
    expect(again).toBeLessThanOrEqual(9_750);
    expect(await world.waiting('submit')).toEqual([]);
  });

  it('wait for the limit of the operation that submits the most urgent, not for that of another', async () => {
    await world.accept(['AIMediaAudit']);
    await world.stores.pace.pause(REGION, 'SubmitAIJob', 60_000);
    expect(await world.dispatch().run()).toEqual({ again: 200 });
    expect(await world.waiting('submit')).toHaveLength(1);
  });

  it('do not wait for the limit of another operation, though more urgent jobs do', async () => {
    await world.accept(['AIMediaAudit'], { priority: 'high' });
    await world.stores.pace.pause(REGION, 'SubmitAIMediaAuditJob', 60_000);
    const dispatch = world.dispatch();
    const { again } = await dispatch.run();
    expect(again).toBeGreaterThan(50_000);
    expect(await world.waiting('submit')).toEqual([]);
    const { requestId } = await world.accept();
    await eventually('dispatch has looked again', async () => {
      await dispatch.run();
      return (await world.waiting('submit')).length === 1;
    });
    const claims = await world.submissions.claimNext(REGION);
    expect(claims.map(({ claim }) => claim.requestId)).toEqual([requestId]);
  });

  it('are not asked about again at each wake-up while the limit is spent', async () => {
    await world.accept();
    await world.stores.pace.pause(REGION, 'SubmitAIJob', 60_000);
    const asked = jest.spyOn(world.stores.alarms, 'freeInMs');
    const dispatch = world.dispatch();
    const clock = jest.spyOn(performance, 'now').mockReturnValue(1_000_000);
    try {
      expect((await dispatch.run()).again).toBeGreaterThan(50_000);
      expect(await dispatch.run()).toEqual({ again: 250 });
      expect(asked).toHaveBeenCalledTimes(1);
      clock.mockReturnValue(1_000_250);
      expect((await dispatch.run()).again).toBeGreaterThan(50_000);
      expect(asked).toHaveBeenCalledTimes(2);
    } finally {
      clock.mockRestore();
      asked.mockRestore();
    }
  });

  it('wait for whichever limit has room first', async () => {
    await world.accept(['AIMediaAudit'], { priority: 'high' });
    await world.accept();
    await world.stores.pace.pause(REGION, 'SubmitAIMediaAuditJob', 60_000);
    await world.stores.pace.pause(REGION, 'SubmitAIJob', 20_000);
    const { again } = await world.dispatch().run();
    expect(again).toBeGreaterThan(10_000);
    expect(again).toBeLessThanOrEqual(19_750);
  });

  it('wait for their limit also while jobs to be read are due', async () => {
    await world.accept();
    await manyAtVod(world, 1);
    world.pass(rules.pollFirstMs * 2);
    await world.stores.pace.pause(REGION, 'SubmitAIJob', 60_000);
    await world.dispatch().run();
    expect(await batchSizes(world)).toEqual([1]);
    expect(await world.waiting('submit')).toEqual([]);
  });

  it('of one region put nothing on the queue of another', async () => {
    await world.accept(['AIMediaDNA'], { region: ABROAD });
    const queues = world.openQueues({ databaseUrl: world.database.url }, [REGION, ABROAD]);
    await world.dispatch({ regions: [REGION, ABROAD] }, queues).run();
    expect(await world.waiting('submit', ABROAD)).toEqual([{ next: true }]);
    expect(await world.waiting('submit')).toEqual([]);
  });

  it('wait while as many of their type are at VOD as may be', async () => {
    await world.accept();
    await manyAtVod(world, 2);
    expect(await world.dispatch({ maxInFlight: 2 }).run()).toEqual({ again: 100 });
    expect(await world.waiting('submit')).toEqual([]);
    await world.accept(['AIMediaDNA']);
    await world.dispatch({ maxInFlight: 2 }).run();
    expect(await world.waiting('submit')).toHaveLength(1);
  });

  it('wait for VOD though this process has room, as long as as many are there as may be', async () => {
    const begun = await world.begin();
    await world.accept();
    await manyAtVod(world, 2);
    expect(await world.dispatch({ maxInFlight: 2 }).run()).toEqual({ again: 100 });
    expect(begun).toEqual([]);
  });

  it('that are not due yet, or of a region that this process does not serve, stay where they are', async () => {
    await world.accept(['AIMediaDNA'], { region: ABROAD });
    const { jobIds, requestId } = await world.accept();
    const [claim] = await world.submissions.claim(requestId);
    await world.jobs.apply(jobIds[0] ?? '', {
      type: 'throttled',
      attempt: claim?.number ?? 0,
      code: 'Throttling',
      retryAfterMs: 5_000,
    });
    expect(await world.dispatch().run()).toEqual({ again: 7_500 }); // as asked for, and spread
    expect(await world.waiting('submit')).toEqual([]);
  });
});

describe('the next run', () => {
  it('is made for the first of several alarms', async () => {
    await manyAtVod(world, 1);
    world.pass(1_000);
    const { requestId } = await world.accept();
    await world.submissions.claim(requestId);
    expect(await world.dispatch().run()).toEqual({ again: rules.pollFirstMs - 1_000 });
    expect(rules.leaseMs).toBe(rules.pollFirstMs);
  });

  it('is made soon after something was handed on, or when an alarm that was not due is', async () => {
    await manyAtVod(world, 1);
    world.pass(rules.pollFirstMs - 250);
    await world.accept();
    const dispatch = world.dispatch();
    expect(await dispatch.run()).toEqual({ again: 200 });
    world.pass(100);
    expect(await dispatch.run()).toEqual({ again: 150 });
  });

  it('is made when somebody wakes it, as long as no alarm is set', async () => {
    expect(await world.dispatch().run()).toEqual({ again: 'when_woken' });
  });

  it.each([
    ['processing', async () => void (await manyAtVod(world, 1)), rules.pollFirstMs],
    ['submitting', async () => void (await world.submissions.claim((await world.accept()).requestId)), rules.leaseMs],
  ])('is made when the alarm is due of a job that is %s', async (_state, make, ms) => {
    await make();
    expect(await world.dispatch().run()).toEqual({ again: ms });
    world.pass(ms - 1);
    // A moment late: what is due within it is answered together.
    expect(await world.dispatch().run()).toEqual({ again: 50 });
  });
});

describe('a submission that nobody has finished', () => {
  it('is queued again when it was not sent, and unconfirmed when it was', async () => {
    const [claimed, sent] = [await world.accept(), await world.accept()];
    await world.submissions.claim(claimed.requestId);
    const [claim] = await world.submissions.claim(sent.requestId);
    if (claim) await world.submissions.markSent(claim, 'key');
    const dispatch = world.dispatch();

    world.pass(rules.leaseMs - 1);
    await dispatch.run();
    expect(await world.job(claimed.jobIds[0])).toMatchObject({ state: 'submitting' });
    world.pass(1);
    expect(await dispatch.run()).toEqual({ again: 200 });
    expect(await world.job(claimed.jobIds[0])).toMatchObject({ state: 'queued', attempts: 0, dueAt: world.now() });
    expect(await world.job(sent.jobIds[0])).toMatchObject({ state: 'unconfirmed', attempts: 1 });
    expect(await world.waiting('submit')).toEqual([]);
  });

  it('goes to recovery at each look of the ladder once it is unconfirmed', async () => {
    const { requestId, jobIds } = await world.accept();
    const [claim] = await world.submissions.claim(requestId);
    if (claim) await world.submissions.markSent(claim, 'key');
    const cause = 'no answer';
    await world.jobs.apply(jobIds[0] ?? '', { type: 'outcome_unknown', attempt: claim?.number ?? 0, cause });
    const dispatch = world.dispatch();
    await dispatch.run();
    expect(await world.waiting('recover')).toEqual([]);
    world.pass(rules.recoverAfterMs[0] ?? 0);
    expect(await dispatch.run()).toEqual({ again: 200 });
    expect(await world.waiting('recover')).toEqual([{ jobId: jobIds[0] }]);
  });
});

describe('more than are taken at once', () => {
  it.each(['submitting', 'unconfirmed'])('of those that are %s are followed by the rest at once', async (state) => {
    const { requestId, jobIds } = await world.accept();
    const [claim] = await world.submissions.claim(requestId);
    if (state === 'unconfirmed' && claim) {
      await world.submissions.markSent(claim, 'key');
      await world.jobs.apply(jobIds[0] ?? '', { type: 'outcome_unknown', attempt: claim.number, cause: 'no answer' });
    }
    await makeCopies(world, jobIds[0], 500);
    world.pass(rules.leaseMs);
    const dispatch = world.dispatch();
    const left = async () => {
      const rows = await world.db.query<{ jobs: number }[]>(
        'select count(*)::int as jobs from job where state = $1 and due_at <= $2',
        [state, world.now()],
      );
      return rows[0]?.jobs;
    };
    expect(await dispatch.run()).toEqual({ again: 'now' });
    expect(await left()).toBe(1);
    expect(await dispatch.run()).not.toEqual({ again: 'now' });
    expect(await left()).toBe(0);
  });
});

describe('a queue store that is away', () => {
  /** Answers how much waits, and dies at the add: the moment in between is too short to be hit from outside. */
  const dyingAtAdd = {
    underWayHere: () => 0,
    startHere: (_kind: unknown, _region: unknown, payloads: unknown[]) => payloads,
    load: () => Promise.resolve({ waiting: 0, active: 0 }),
    add: () => Promise.reject(new Error('the queue store (redis) is away')),
  } as unknown as Queues;

  it('costs the recovery no lease either', async () => {
    const { requestId, jobIds } = await world.accept();
    const [claim] = await world.submissions.claim(requestId);
    if (claim) await world.submissions.markSent(claim, 'key');
    const cause = 'no answer';
    await world.jobs.apply(jobIds[0] ?? '', { type: 'outcome_unknown', attempt: claim?.number ?? 0, cause });
    world.pass(rules.recoverAfterMs[0] ?? 0);
    await expect(world.dispatch({}, dyingAtAdd).run()).rejects.toThrow('is away');
    expect(await countDue(world)).toBe(1);
  });

  it('costs no lease: what was taken for it is due again at once', async () => {
    await world.accept(['AIVideoTag', 'AIMediaDNA']);
    const [read] = await manyAtVod(world, 1);
    world.pass(rules.pollFirstMs * 2);
    await expect(world.dispatch({}, dyingAtAdd).run()).rejects.toThrow('is away');
    expect(await countDue(world)).toBe(3);

    await world.dispatch().run();
    expect(await world.waiting('submit')).toEqual([{ next: true }]);
    expect(await world.waiting('collect')).toEqual([{ jobIds: [read] }]);
  });

  it('keeps nobody from submitting, as long as this process has room', async () => {
    const away = world.openQueues({ redisUrl: 'redis://127.0.0.1:1' });
    const begun = await world.begin({ queues: away });
    await world.accept();
    expect(await world.dispatch({}, away).run()).toEqual({ again: 200 });
    expect(begun).toEqual([{ queue: 'submit', region: REGION, payload: { next: true } }]);
  });

  it('is told about, and does not keep Postgres’ own work from being done', async () => {
    const { requestId, jobIds } = await world.accept();
    await world.submissions.claim(requestId);
    world.pass(rules.leaseMs);
    await manyAtVod(world, 1);
    world.pass(rules.pollFirstMs * 2);
    const away = world.openQueues({ redisUrl: 'redis://127.0.0.1:1' });
    await expect(world.dispatch({}, away).run()).rejects.toThrow('the queue store (redis) is away');
    expect(await world.job(jobIds[0])).toMatchObject({ state: 'queued' });
  });

  it('holds up no other region', async () => {
    await world.accept();
    await world.accept(['AIMediaDNA'], { region: ABROAD });
    const queues = world.openQueues({ databaseUrl: world.database.url }, [ABROAD]);
    await expect(world.dispatch({ regions: [REGION, ABROAD] }, queues).run()).rejects.toThrow('no queue for region');
    expect(await world.waiting('submit', ABROAD)).toEqual([{ next: true }]);
  });
});
