import { eventually } from '@app/testing';
import type { Payload, Queues } from '@app/queue';
import { REGION, rules, World } from '../test/world';

const ABROAD = 'ap-southeast-1';

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.close());

const manyAtVod = async (count: number): Promise<string[]> => {
  const jobs = await Promise.all(Array.from({ length: count }, (_, i) => world.atVod(`vodjob${i}`)));
  return jobs.map(({ id }) => id);
};

const batchSizes = async () => (await world.waiting<Payload<'collect'>>('collect')).map(({ jobIds }) => jobIds.length);

const due = async () => {
  const [row] = await world.db.query<{ jobs: number }[]>('select count(*)::int as jobs from job where due_at <= $1', [
    world.now(),
  ]);
  return row?.jobs;
};

describe('queued jobs', () => {
  it('reach BullMQ as one entry a request, high priority first and oldest first within it', async () => {
    const low = await world.accept(['AIVideoTag'], { priority: 'low' });
    world.pass(1);
    const old = await world.accept(['AIVideoTag', 'AIMediaDNA']);
    world.pass(1);
    const young = await world.accept();
    world.pass(1);
    const high = await world.accept(['AIVideoTag'], { priority: 'high' });
    await world.dispatch().run();
    expect(await world.waiting('submit')).toEqual([high, old, young, low].map(({ requestId }) => ({ requestId })));
    expect(await due()).toBe(0);
  });

  it('wait in Postgres beyond the window, and come in as it empties', async () => {
    for (let i = 0; i < 25; i += 1) await world.accept();
    const dispatch = world.dispatch({ window: 10 });
    await dispatch.run();
    expect(await world.waiting('submit')).toHaveLength(10);
    expect(await due()).toBe(15);

    // Full: it looks again soon, and adds nothing.
    expect(await dispatch.run()).toEqual({ again: 100 });
    expect(await world.waiting('submit')).toHaveLength(10);

    await world.db.query(`delete from bullmq.job where id in (select id from bullmq.job order by seq limit 4)`);
    await dispatch.run();
    expect(await world.waiting('submit')).toHaveLength(10);
    expect(await due()).toBe(11);
  });

  it('come in run after run without a pause while there are more, also when a request has two types', async () => {
    const types = ['AIVideoTag', 'AIMediaDNA'] as const;
    await Promise.all(Array.from({ length: 300 }, () => world.accept([...types])));
    const dispatch = world.dispatch();
    expect(await dispatch.run()).toEqual({ again: 'now' });
    while ((await dispatch.run()).again === 'now');
    expect(await due()).toBe(0);
    expect(await world.waiting('submit')).toHaveLength(300);
  });

  it('are not handed out twice within a lease, and again after it when whoever had them is gone', async () => {
    const { requestId } = await world.accept();
    const dispatch = world.dispatch();
    await dispatch.run();
    await world.forgetQueues();

    expect(await dispatch.run()).toEqual({ again: rules.leaseMs });
    world.pass(rules.leaseMs - 60);
    expect(await dispatch.run()).toEqual({ again: 60 });
    expect(await world.waiting('submit')).toEqual([]);
    world.pass(60);
    await dispatch.run();
    expect(await world.waiting('submit')).toEqual([{ requestId }]);
  });

  it('are shared between two dispatchers, each request once', async () => {
    const accepted = await Promise.all(Array.from({ length: 60 }, () => world.accept()));
    const handed = world.heard('dispatch.handed');
    await Promise.all([world.dispatch({ window: 30 }).run(), world.dispatch({ window: 30 }).run()]);
    await world.dispatch().run();
    const waiting = await world.waiting<Payload<'submit'>>('submit');
    expect(waiting.map(({ requestId }) => requestId).toSorted()).toEqual(
      accepted.map(({ requestId }) => requestId).toSorted(),
    );
    expect(handed.reduce((sum, { jobs }) => sum + jobs, 0)).toBe(60);
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
  it('is made when somebody wakes it, as long as no alarm is set', async () => {
    expect(await world.dispatch().run()).toEqual({ again: 'when_woken' });
  });

  it.each([
    ['processing', async () => void (await manyAtVod(1)), rules.pollFirstMs],
    ['submitting', async () => void (await world.submissions.claim((await world.accept()).requestId)), rules.leaseMs],
  ])('is made when the alarm is due of a job that is %s', async (_state, make, ms) => {
    await make();
    expect(await world.dispatch().run()).toEqual({ again: ms });
    world.pass(ms - 1);
    // A moment late: what is due within it is answered together.
    expect(await world.dispatch().run()).toEqual({ again: 50 });
  });
});

describe('jobs to be read', () => {
  it('go at once, all of them, while no reader is busy', async () => {
    const ids = await manyAtVod(23);
    world.pass(rules.pollFirstMs * 2);
    expect(await world.dispatch().run()).toEqual({ again: rules.leaseMs });
    expect(await batchSizes()).toEqual([10, 10, 3]);
    const waiting = await world.waiting<Payload<'collect'>>('collect');
    expect(waiting.flatMap(({ jobIds }) => jobIds).toSorted()).toEqual(ids.toSorted());
  });

  it('go in whole batches while batches wait in line; the rest stays due until the line is gone', async () => {
    const dispatch = world.dispatch();
    await world.queues.add('collect', REGION, [{ jobIds: [crypto.randomUUID()] }]);
    await manyAtVod(23);
    world.pass(rules.pollFirstMs * 2);
    expect(await dispatch.run()).toEqual({ again: 25 });
    expect(await batchSizes()).toEqual([1, 10, 10]);
    expect(await due()).toBe(3);
    expect(await dispatch.run()).toEqual({ again: 25 });
    expect(await due()).toBe(3);

    await world.forgetQueues();
    await dispatch.run();
    expect(await batchSizes()).toEqual([3]);
    expect(await due()).toBe(0);
  });

  it('that fill no batch wait a moment for more while a reader is busy, and then go', async () => {
    let keep = () => {};
    const reading = new Promise<void>((resolve) => (keep = resolve));
    const nothing = () => Promise.resolve();
    await world.queues.work([
      { queue: 'submit', process: nothing },
      { queue: 'collect', process: () => reading },
      { queue: 'recover', process: nothing },
    ]);
    await world.queues.add('collect', REGION, [{ jobIds: [crypto.randomUUID()] }]);
    await eventually('a read is under way', async () => (await world.queues.load('collect', REGION)).active === 1);

    await manyAtVod(13);
    world.pass(rules.pollFirstMs * 2);
    const dispatch = world.dispatch();
    const handed = world.heard('dispatch.handed');
    expect(await dispatch.run()).toEqual({ again: 25 });
    expect(handed.map(({ jobs }) => jobs)).toEqual([1]);
    expect(await due()).toBe(3);
    await eventually('the rest goes as well', async () => {
      await dispatch.run();
      return (await due()) === 0;
    });
    expect(handed.map(({ jobs }) => jobs)).toEqual([1, 1]);
    keep();
  });

  it('wait in Postgres while so many are in line that their lease would be over before they are read', async () => {
    await world.queues.add(
      'collect',
      REGION,
      Array.from({ length: 195 }, () => ({ jobIds: [crypto.randomUUID()] })),
    );
    await manyAtVod(20);
    world.pass(rules.pollFirstMs * 2);
    const dispatch = world.dispatch();
    expect(await dispatch.run()).toEqual({ again: 25 });
    expect(await due()).toBe(15);
    await world.forgetQueues();
    await dispatch.run();
    expect(await due()).toBe(0);
  });

  it('are due again when the read has not come back within the lease', async () => {
    await manyAtVod(1);
    world.pass(rules.pollFirstMs * 2);
    const dispatch = world.dispatch();
    await dispatch.run();
    await world.forgetQueues();
    await dispatch.run();
    expect(await batchSizes()).toEqual([]);
    world.pass(rules.leaseMs);
    await dispatch.run();
    expect(await batchSizes()).toEqual([1]);
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
    await dispatch.run();
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
    await dispatch.run();
    expect(await world.waiting('recover')).toEqual([{ jobId: jobIds[0] }]);
  });
});

describe('a queue store that is away', () => {
  /** Answers how much waits, and dies at the add: the moment in between is too short to be hit from outside. */
  const dyingAtAdd = {
    load: () => Promise.resolve({ waiting: 0, active: 0 }),
    add: () => Promise.reject(new Error('the queue store (redis) is away')),
  } as unknown as Queues;

  it('costs no lease: what was taken for it is due again at once', async () => {
    const { requestId } = await world.accept(['AIVideoTag', 'AIMediaDNA']);
    const [read] = await manyAtVod(1);
    world.pass(rules.pollFirstMs * 2);
    await expect(world.dispatch({}, dyingAtAdd).run()).rejects.toThrow('is away');
    expect(await due()).toBe(3);

    await world.dispatch().run();
    expect(await world.waiting('submit')).toEqual([{ requestId }]);
    expect(await world.waiting('collect')).toEqual([{ jobIds: [read] }]);
  });

  it('is told about, and does not keep Postgres’ own work from being done', async () => {
    const { requestId, jobIds } = await world.accept();
    await world.submissions.claim(requestId);
    world.pass(rules.leaseMs);
    await manyAtVod(1);
    world.pass(rules.pollFirstMs * 2);
    const away = world.openQueues({ redisUrl: 'redis://127.0.0.1:1' });
    await expect(world.dispatch({}, away).run()).rejects.toThrow('the queue store (redis) is away');
    expect(await world.job(jobIds[0])).toMatchObject({ state: 'queued' });
  });

  it('holds up no other region', async () => {
    await world.accept();
    const { requestId } = await world.accept(['AIMediaDNA'], { region: ABROAD });
    const queues = world.openQueues({ databaseUrl: world.database.url }, [ABROAD]);
    await expect(world.dispatch({ regions: [REGION, ABROAD] }, queues).run()).rejects.toThrow('no queue for region');
    expect(await world.waiting('submit', ABROAD)).toEqual([{ requestId }]);
  });
});
