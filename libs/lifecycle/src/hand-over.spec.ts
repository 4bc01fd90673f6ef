import type { Queues } from '@app/queue';
import { REGION, rules, World } from '../test/world';
import { handOver } from './hand-over';

let world: World;
let jobIds: string[];
beforeEach(async () => {
  world = await World.open();
  jobIds = [(await world.atVod('vod-1')).id, (await world.atVod('vod-2')).id];
  world.pass(rules.pollFirstMs * 2);
});
afterEach(() => world.close());

const take = async () => (await world.stores.alarms.takeReads(REGION, 10)).map(({ id }) => id).toSorted();
const give = (ids: string[], queues: Queues = world.queues) => {
  const parts = { alarms: world.stores.alarms, queues, signals: world.signals };
  const batches = ids.map((id) => ({ jobIds: [id] }));
  return handOver(parts, 'collect', REGION, batches, { jobIds: ids });
};
const storeAway = () => world.openQueues({ redisUrl: 'redis://127.0.0.1:1' });

describe('What is handed over', () => {
  it('is in the queue of its step, which is told, and is due again when its lease is over', async () => {
    const handed = world.heard('dispatch.handed');
    await give(await take());
    expect(await world.waiting('collect')).toEqual(jobIds.map((id) => ({ jobIds: [id] })));
    expect(handed).toEqual([{ queue: 'collect', region: REGION, jobs: 2 }]);
    expect(await take()).toEqual([]);
    world.pass(rules.leaseMs);
    expect(await take()).toEqual(jobIds);
  });

  it('and is not taken by the queue store is due again at once, and is not told', async () => {
    const handed = world.heard('dispatch.handed');
    await expect(give(await take(), storeAway())).rejects.toThrow('the queue store (redis) is away');
    expect(handed).toEqual([]);
    expect(await take()).toEqual(jobIds);
  });

  it('is nothing, when nothing was due: the queue store is not asked', async () => {
    const handed = world.heard('dispatch.handed');
    await give([], storeAway());
    expect(handed).toEqual([]);
  });
});
