import { eventually } from '@app/testing';
import type { Payload, QueueKind, Queues } from '@app/queue';
import { REGION, rules, World } from '../test/world';
import { handOver } from './hand-over';

let world: World;
let jobIds: string[];
beforeEach(async () => {
  world = await World.open();
  jobIds = [];
  for (const vodJobId of ['vod-1', 'vod-2', 'vod-3']) jobIds.push((await world.atVod(vodJobId)).id);
  world.pass(rules.pollFirstMs * 2);
});
afterEach(() => world.close());

const take = async () => (await world.stores.alarms.takeReads(REGION, 10)).map(({ id }) => id).toSorted();
const give = <K extends QueueKind>(kind: K, payloads: Payload<K>[], queues: Queues = world.queues) =>
  handOver({ alarms: world.stores.alarms, queues, signals: world.signals }, kind, REGION, payloads);
const storeAway = () => world.openQueues({ redisUrl: 'redis://127.0.0.1:1' });

/** Two reads of what is due: one of two jobs, and one of the third. */
async function takeTwoReads(): Promise<[Payload<'collect'>, Payload<'collect'>]> {
  const [first = '', second = '', third = ''] = await take();
  return [{ jobIds: [first, second] }, { jobIds: [third] }];
}

describe('What is handed over', () => {
  it('is in the queue of its step, which is told, and is due again when its lease is over', async () => {
    const handed = world.heard('dispatch.handed');
    const reads = await takeTwoReads();
    await give('collect', reads);
    expect(await world.waiting('collect')).toEqual(reads);
    expect(handed).toEqual([{ queue: 'collect', region: REGION, jobs: 3 }]);
    expect(await take()).toEqual([]);
    world.pass(rules.leaseMs);
    expect(await take()).toEqual(jobIds);
  });

  it('is started here, which is told, when this process has room, and nothing is put on the queue', async () => {
    const begun = await world.begin();
    const handed = world.heard('dispatch.handed');
    const reads = await takeTwoReads();
    await give('collect', reads);
    expect(begun).toEqual(reads.map((payload) => ({ queue: 'collect', region: REGION, payload })));
    expect(await world.queues.load('collect', REGION)).toEqual({ waiting: 0, active: 0 });
    expect(handed).toEqual([{ queue: 'collect', region: REGION, jobs: 3 }]);
    expect(await take()).toEqual([]);
    world.pass(rules.leaseMs);
    expect(await take()).toEqual(jobIds);
  });

  it('is started here as far as there is room, and the rest is put on the queue; each is told', async () => {
    const begun = await world.begin({ reads: 3 });
    const handed = world.heard('dispatch.handed');
    const [here, onQueue] = await takeTwoReads();
    await give('collect', [here, onQueue]);
    expect(handed.map(({ jobs }) => jobs)).toEqual([2, 1]);
    await eventually('the rest has begun as well', () => begun.length === 2);
    expect(begun.map(({ payload }) => payload)).toEqual([here, onQueue]);
    expect(await world.queues.load('collect', REGION)).toEqual({ waiting: 0, active: 1 });
    expect(await take()).toEqual([]);
  });

  it('and is not taken by the queue store is due again at once, and is not told', async () => {
    const handed = world.heard('dispatch.handed');
    await expect(give('collect', await takeTwoReads(), storeAway())).rejects.toThrow('the queue store (redis) is away');
    expect(handed).toEqual([]);
    expect(await take()).toEqual(jobIds);
  });

  it('and is started here stays with this process when the queue store doesn’t take the rest', async () => {
    const away = storeAway();
    const begun = await world.begin({ queues: away, reads: 3 });
    const handed = world.heard('dispatch.handed');
    const [here, rest] = await takeTwoReads();
    await expect(give('collect', [here, rest], away)).rejects.toThrow('the queue store (redis) is away');
    expect(begun).toEqual([{ queue: 'collect', region: REGION, payload: here }]);
    expect(handed).toEqual([{ queue: 'collect', region: REGION, jobs: 2 }]);
    expect(await take()).toEqual(rest.jobIds);
  });

  it('needs no queue store when there is room for all of it', async () => {
    const away = storeAway();
    const begun = await world.begin({ queues: away });
    await give('collect', await takeTwoReads(), away);
    expect(begun).toHaveLength(2);
    expect(await take()).toEqual([]);
  });

  it('may be requests instead of jobs: these are counted, and due again, in the same way', async () => {
    const { requestId } = await world.accept();
    const probes = async () =>
      (await world.stores.alarms.takeProbe(REGION)).map((id) => ({ requestId: id, probe: true as const }));
    const handed = world.heard('dispatch.handed');
    await expect(give('submit', await probes(), storeAway())).rejects.toThrow('the queue store (redis) is away');
    expect(handed).toEqual([]);
    await give('submit', await probes());
    expect(await world.waiting('submit')).toEqual([{ requestId, probe: true }]);
    expect(handed).toEqual([{ queue: 'submit', region: REGION, jobs: 1 }]);
    expect(await probes()).toEqual([]);
  });

  it('is nothing, when nothing was due: the queue store is not asked', async () => {
    const handed = world.heard('dispatch.handed');
    await give('collect', [], storeAway());
    expect(handed).toEqual([]);
  });
});
