import { completionOf, type JobType } from '@app/domain';
import type { Payload, Queues } from '@app/queue';
import { eventually } from '@app/testing';
import { type Begun, REGION, rules, World } from '../test/world';

const ABROAD = 'ap-southeast-1';

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.close());

/** Jobs at VOD, of each of which an event has come. */
async function heardOf(types: JobType[], region = REGION): Promise<string[]> {
  const ids: string[] = [];
  for (const [i, type] of types.entries()) {
    const vodJobId = `${region}-${i}`;
    ids.push((await world.atVod(vodJobId, type, { region })).id);
    await world.hear(vodJobId, 'success', completionOf(type), { region });
  }
  return ids;
}

const heard = (count: number, region = REGION) => heardOf(Array<JobType>(count).fill('AIVideoTag'), region);
const run = (...[more, queues]: Parameters<World['match']>) => world.match(more, queues).run({ rematch: false });
const leaseOver = () => new Date(world.now().getTime() + rules.leaseMs);

/** The ids of the jobs of each read, as they were handed to the processors. */
const readsIn = (begun: readonly Begun[]) => begun.map(({ payload }) => (payload as Payload<'collect'>).jobIds);
const onTheQueue = () => world.queues.load('collect', REGION);
const NOTHING = { waiting: 0, active: 0 };

/** Which of these jobs are leased; the others are due. */
async function leasedOf(ids: readonly string[]): Promise<string[]> {
  const jobs = await Promise.all(ids.map((id) => world.job(id)));
  for (const job of jobs) expect(job.state).toBe('finished');
  const leased = jobs.filter(({ dueAt }) => dueAt?.getTime() === leaseOver().getTime());
  const due = jobs.filter(({ dueAt }) => dueAt?.getTime() === world.now().getTime());
  expect(leased.length + due.length).toBe(ids.length);
  return leased.map(({ id }) => id);
}

describe('jobs of which VOD says that they are over', () => {
  it('are read here in the turn that matches their events, as many together as VOD takes, and that is told', async () => {
    const begun = await world.begin();
    const handed = world.heard('dispatch.handed');
    const ids = await heard(12);
    await run();
    expect(readsIn(begun)).toEqual([ids.slice(0, 10), ids.slice(10)]);
    expect(await leasedOf(ids)).toEqual(ids);
    expect(handed).toEqual([{ queue: 'collect', region: REGION, jobs: 12 }]);
    expect(await onTheQueue()).toEqual(NOTHING);
    expect(await world.dispatch().run()).toEqual({ again: rules.leaseMs });
  });

  it('are due again when the read has not come back within the lease', async () => {
    const begun = await world.begin();
    const ids = await heard(1);
    await run();
    world.pass(rules.leaseMs);
    const dispatch = world.dispatch();
    await eventually('they are read again', async () => {
      await dispatch.run();
      return begun.length === 2;
    });
    expect(readsIn(begun)).toEqual([ids, ids]);
  });

  it('are due, all of them, while this process works no queue', async () => {
    const handed = world.heard('dispatch.handed');
    const ids = await heard(2);
    await run();
    expect(await leasedOf(ids)).toEqual([]);
    expect(await onTheQueue()).toEqual(NOTHING);
    expect(handed).toEqual([]);
  });

  it('are due, and gather to whole batches, while so many reads are under way here that there is no room', async () => {
    const begun = await world.begin({ reads: 4 });
    const ids = await heard(2);
    await run();
    expect(await leasedOf(ids)).toEqual([]);
    expect(begun).toEqual([]);
    expect(await onTheQueue()).toEqual(NOTHING);
  });

  it('are read as far as there is room; the rest is due', async () => {
    const begun = await world.begin({ reads: 2 });
    const ids = await heard(23);
    await run();
    expect(readsIn(begun)).toEqual([ids.slice(0, 10), ids.slice(10, 20)]);
    expect(await leasedOf(ids)).toEqual(ids.slice(0, 20));
    expect(await onTheQueue()).toEqual(NOTHING);
  });

  it('need a read for each operation of VOD that tells of them, and one each where it tells of one at a time', async () => {
    const begun = await world.begin();
    const ids = await heardOf(['AIMediaAudit', 'AIVideoTag', 'AIMediaAudit', 'AIMediaDNA']);
    await run();
    const [audit, tag, second, dna] = ids;
    expect(readsIn(begun)).toEqual([[tag, dna], [audit], [second]]);
    expect(await leasedOf(ids)).toEqual(ids);
  });

  it('go into a read that has room for them, though there is none for another read', async () => {
    const begun = await world.begin({ reads: 2 });
    const ids = await heardOf(['AIMediaAudit', 'AIVideoTag', 'AIMediaAudit', 'AIMediaDNA']);
    await run();
    const [audit, tag, , dna] = ids;
    expect(readsIn(begun)).toEqual([[tag, dna], [audit]]);
    expect(await leasedOf(ids)).toEqual([audit, tag, dna]);
    expect(await onTheQueue()).toEqual(NOTHING);
  });

  it('are read where there is room in their region, whatever another one has', async () => {
    const queues = world.openQueues({ databaseUrl: world.database.url }, [REGION, ABROAD]);
    const begun = await world.begin({ queues, reads: 3 });
    const handed = world.heard('dispatch.handed');
    const abroad = await heard(12, ABROAD);
    const here = await heard(12);
    await run({ regions: [REGION, ABROAD] }, queues);
    expect(await leasedOf(here)).toEqual(here.slice(0, 10));
    expect(await leasedOf(abroad)).toEqual(abroad);
    expect(begun).toHaveLength(3);
    expect(begun).toContainEqual({ queue: 'collect', region: REGION, payload: { jobIds: here.slice(0, 10) } });
    expect(readsIn(begun.filter(({ region }) => region === ABROAD))).toEqual([abroad.slice(0, 10), abroad.slice(10)]);
    expect(handed).toContainEqual({ queue: 'collect', region: REGION, jobs: 10 });
    expect(handed).toContainEqual({ queue: 'collect', region: ABROAD, jobs: 12 });
  });

  it('are due when they are of a region that this process does not serve', async () => {
    const begun = await world.begin();
    const ids = await heard(1, ABROAD);
    await run();
    expect(await leasedOf(ids)).toEqual([]);
    expect(begun).toEqual([]);
  });

  it('are not read before their gap is over when one has just been read', async () => {
    const begun = await world.begin();
    const [id = ''] = await heard(1);
    await world.jobs.apply(id, { type: 'read_running', vodJobId: `${REGION}-0`, status: 'Processing' });
    world.pass(1_000);
    await run();
    expect(begun).toEqual([]);
    const { lastReadAt, dueAt } = await world.job(id);
    expect(dueAt?.getTime()).toBe((lastReadAt?.getTime() ?? 0) + 5_000);
  });
});

describe('a turn', () => {
  /** As many as one turn takes, all about one job, of different bodies. */
  async function burst(vodJobId: string): Promise<void> {
    await Promise.all(Array.from({ length: 200 }, (_, i) => world.hear(`${vodJobId}-${i}`)));
    await world.db.query(`update event set vod_job_id = $1`, [vodJobId]);
  }

  it('is followed by another at once after a full one, and then waits to be woken', async () => {
    await burst('of-nobody');
    expect(await run()).toEqual({ again: 'now' });
    expect(await run()).toEqual({ again: 'when_woken' });
  });

  it('of the slow look takes up events that were left without their job, and leaves the job to dispatch', async () => {
    const begun = await world.begin();
    const { id } = await world.atVod('left');
    await burst('left');
    await world.db.query(`update event set verdict = 'unmatched'`);
    expect(await run()).toEqual({ again: 'when_woken' });
    expect(await world.job(id)).toMatchObject({ state: 'processing' });

    const slow = world.match();
    expect(await slow.run({ rematch: true })).toEqual({ again: 'now' });
    expect(await leasedOf([id])).toEqual([]);
    expect(begun).toEqual([]);
    expect(await slow.run({ rematch: true })).toEqual({ again: 'when_woken' });
  });

  it('of the slow look matches what has just come as well, and has it read here', async () => {
    const begun = await world.begin();
    const ids = await heard(1);
    await world.match().run({ rematch: true });
    expect(readsIn(begun)).toEqual([ids]);
    expect(await leasedOf(ids)).toEqual(ids);
  });
});

describe('the slow look', () => {
  const rest = async () =>
    (await world.db.query<{ id: string }[]>(`select id from event where verdict = 'unmatched'`)).length;

  it('tells others’ events apart from turn to turn, and begins anew when it is through', async () => {
    const { requestId, mediaId, jobIds } = await world.accept();
    const [claim] = await world.submissions.claim(requestId);
    if (claim) await world.submissions.markSent(claim, 'key');
    const come = async (count: number) => {
      await Promise.all(
        Array.from({ length: count }, (_, i) => world.hear(`${count}-${i}`, 'success', undefined, { mediaId })),
      );
      for (let i = 0; i < count / 200; i += 1) await run();
    };
    await come(600);
    expect(await rest()).toBe(600);
    const accepted = { type: 'accepted', attempt: 1, vodJobId: 'ours', vodRequestId: null } as const;
    await world.jobs.apply(jobIds[0] ?? '', accepted);

    const slow = world.match();
    const look = async () => {
      await slow.run({ rematch: true });
      return rest();
    };
    expect([await look(), await look()]).toEqual([100, 0]);
    await world.db.query(`update event set verdict = 'unmatched' where vod_job_id = '600-1'`);
    expect([await look(), await look()]).toEqual([1, 0]);
    expect(await slow.run({ rematch: false })).toEqual({ again: 'when_woken' });
  });
});

describe('a queue store that is away', () => {
  it('keeps no event from being matched: its job is due where nothing works', async () => {
    const ids = await heard(1);
    await run({}, world.openQueues({ redisUrl: 'redis://127.0.0.1:1' }));
    expect(await leasedOf(ids)).toEqual([]);
  });

  it('keeps no job from being read as far as there is room, and is not asked to take the rest', async () => {
    const away = world.openQueues({ redisUrl: 'redis://127.0.0.1:1' });
    const begun = await world.begin({ queues: away, reads: 3 });
    const ids = await heard(12);
    expect(await run({}, away)).toEqual({ again: 'when_woken' });
    expect(readsIn(begun)).toEqual([ids.slice(0, 10)]);
    expect(await leasedOf(ids)).toEqual(ids.slice(0, 10));
  });

  it('is not asked either when the room is gone in the meantime: what has its lease is read', async () => {
    const away = world.openQueues({ redisUrl: 'redis://127.0.0.1:1' });
    const begun = await world.begin({ queues: away, reads: 4 });
    const ids = await heard(1);
    const late = new Proxy(away, {
      get: (queues, key) => (key === 'roomHere' ? () => 1 : (Reflect.get(queues, key) as Queues['start']).bind(queues)),
    });
    await run({}, late);
    expect(readsIn(begun)).toEqual([ids]);
    expect(await leasedOf(ids)).toEqual(ids);
  });
});
