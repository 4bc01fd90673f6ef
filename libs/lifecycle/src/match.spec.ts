import type { Payload, Queues } from '@app/queue';
import { REGION, rules, World } from '../test/world';

const ABROAD = 'ap-southeast-1';

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.close());

/** Jobs at VOD, of each of which an event has come. */
async function heard(count: number, region = REGION): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 1; i <= count; i += 1) {
    const vodJobId = `${region}-${i}`;
    ids.push((await world.atVod(vodJobId, 'AIVideoTag', { region })).id);
    await world.hear(vodJobId, 'success', 'AIVideoTagComplete', { region });
  }
  return ids;
}

const run = (...[more, queues]: Parameters<World['match']>) => world.match(more, queues).run({ rematch: false });
const read = async (region = REGION) =>
  (await world.waiting<Payload<'collect'>>('collect', region)).map(({ jobIds }) => jobIds.toSorted());
const leaseOver = () => new Date(world.now().getTime() + rules.leaseMs);

describe('jobs of which VOD says that they are over', () => {
  it('are handed on to be read in the turn that matches their events, as many together as VOD takes', async () => {
    const ids = await heard(12);
    await run();
    expect((await read()).flat().toSorted()).toEqual(ids.toSorted());
    expect((await read()).map((batch) => batch.length)).toEqual([10, 2]);
    for (const id of ids) expect(await world.job(id)).toMatchObject({ state: 'finished', dueAt: leaseOver() });
    expect(await world.dispatch().run()).toEqual({ again: rules.leaseMs });
  });

  it('are due again when the read has not come back within the lease', async () => {
    const [id] = await heard(1);
    await run();
    await world.forgetQueues();
    world.pass(rules.leaseMs);
    await world.dispatch().run();
    expect(await read()).toEqual([[id]]);
  });

  /** A queue store that takes everything, while so many reads are under way here. */
  function busyWith(reads: number): { queues: Queues; added: unknown[] } {
    const added: unknown[] = [];
    const queues = { underWayHere: () => reads, add: (...asked: unknown[]) => Promise.resolve(added.push(asked)) };
    return { queues: queues as unknown as Queues, added };
  }

  it('are due, and gather to whole batches, while this process has some reads under way', async () => {
    const { queues, added } = busyWith(4);
    const ids = await heard(2);
    await run({}, queues);
    for (const id of ids) expect(await world.job(id)).toMatchObject({ state: 'finished', dueAt: world.now() });
    expect(added).toEqual([]);
  });

  it('are handed on beside fewer reads, and that is told', async () => {
    const { queues, added } = busyWith(3);
    const handed = world.heard('dispatch.handed');
    const [id] = await heard(1);
    await run({}, queues);
    expect(added).toEqual([['collect', REGION, [{ jobIds: [id] }]]]);
    expect(handed).toEqual([{ queue: 'collect', region: REGION, jobs: 1 }]);
    expect(await world.job(id)).toMatchObject({ state: 'finished', dueAt: leaseOver() });
  });

  it('are handed on fifty at a time; the rest of a burst is due', async () => {
    const ids = await heard(60);
    await run();
    expect((await read()).map((batch) => batch.length)).toEqual([10, 10, 10, 10, 10]);
    const jobs = await Promise.all(ids.map((id) => world.job(id)));
    expect(jobs.filter(({ dueAt }) => dueAt?.getTime() === world.now().getTime())).toHaveLength(10);
  });

  it('are not handed on before their gap is over when one has just been read', async () => {
    const [id = ''] = await heard(1);
    await world.jobs.apply(id, { type: 'read_running', vodJobId: `${REGION}-1`, status: 'Processing' });
    world.pass(1_000);
    await run();
    expect(await read()).toEqual([]);
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

  it('of the slow look takes up events that were left without their job', async () => {
    const { id } = await world.atVod('left');
    await burst('left');
    await world.db.query(`update event set verdict = 'unmatched'`);
    expect(await run()).toEqual({ again: 'when_woken' });
    expect(await world.job(id)).toMatchObject({ state: 'processing' });

    const slow = world.match();
    expect(await slow.run({ rematch: true })).toEqual({ again: 'now' });
    expect(await world.job(id)).toMatchObject({ state: 'finished', dueAt: world.now() });
    expect(await read()).toEqual([]);
    expect(await slow.run({ rematch: true })).toEqual({ again: 'when_woken' });
  });

  it('of the slow look matches what has just come as well, and leaves it to dispatch', async () => {
    const [id] = await heard(1);
    await world.match().run({ rematch: true });
    expect(await world.job(id)).toMatchObject({ state: 'finished', dueAt: world.now() });
    expect(await read()).toEqual([]);
  });
});

describe('a queue store that is away', () => {
  it('keeps no event from being matched: its job is due', async () => {
    const [id] = await heard(1);
    await run({}, world.openQueues({ redisUrl: 'redis://127.0.0.1:1' }));
    expect(await world.job(id)).toMatchObject({ state: 'finished', dueAt: world.now() });
  });

  it('is asked for nothing for a while after it failed', async () => {
    let asked = 0;
    const failing = {
      underWayHere: () => 0,
      add: () => Promise.reject(new Error(`the queue store is away, asked ${(asked += 1)} times`)),
    } as unknown as Queues;
    const match = world.match({}, failing);
    const [first] = await heard(1);
    expect(await match.run({ rematch: false })).toEqual({ again: 'when_woken' });
    expect(await world.job(first)).toMatchObject({ state: 'finished', dueAt: world.now() });
    const second = await world.atVod('another');
    await world.hear('another');
    await match.run({ rematch: false });
    expect(await world.job(second.id)).toMatchObject({ state: 'finished', dueAt: world.now() });
    expect(asked).toBe(1);
  });

  it('costs no lease when it dies at the moment of handing on, in one region and not in the other', async () => {
    const [here] = await heard(1);
    const [abroad] = await heard(1, ABROAD);
    const dying = {
      underWayHere: () => 0,
      add: (kind: 'collect', region: string, payloads: Payload<'collect'>[]) =>
        region === REGION ? Promise.reject(new Error('the queue store is away')) : queues.add(kind, region, payloads),
    } as unknown as Queues;
    const queues = world.openQueues({ databaseUrl: world.database.url }, [ABROAD]);
    await run({ regions: [REGION, ABROAD] }, dying);
    expect(await world.job(here)).toMatchObject({ dueAt: world.now() });
    expect(await world.job(abroad)).toMatchObject({ dueAt: leaseOver() });
    expect(await read(ABROAD)).toEqual([[abroad]]);
  });
});
