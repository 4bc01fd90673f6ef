import { eventually } from '@app/testing';
import type { Payload } from '@app/queue';
import { batchSizes, countDue, makeCopies, manyAtVod } from '../test/due-jobs';
import { REGION, rules, World } from '../test/world';

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.close());

describe('jobs to be read', () => {
  it('that are more than may wait in line are followed by the rest at once, when no reader is busy', async () => {
    const ids = await manyAtVod(world, 1);
    await makeCopies(world, ids[0], 210);
    world.pass(rules.pollFirstMs * 2);
    expect(await world.dispatch().run()).toEqual({ again: 'now' });
    expect((await batchSizes(world)).reduce((sum, size) => sum + size, 0)).toBe(200);
  });

  it('go at once, all of them, while no reader is busy', async () => {
    const ids = await manyAtVod(world, 23);
    world.pass(rules.pollFirstMs * 2);
    expect(await world.dispatch().run()).toEqual({ again: 200 });
    expect(await batchSizes(world)).toEqual([10, 10, 3]);
    const waiting = await world.waiting<Payload<'collect'>>('collect');
    expect(waiting.flatMap(({ jobIds }) => jobIds).toSorted()).toEqual(ids.toSorted());
  });

  it('go in whole batches while batches wait in line; the rest stays due until the line is gone', async () => {
    const dispatch = world.dispatch();
    await world.queues.add('collect', REGION, [{ jobIds: [crypto.randomUUID()] }]);
    await manyAtVod(world, 23);
    world.pass(rules.pollFirstMs * 2);
    expect(await dispatch.run()).toEqual({ again: 25 });
    expect(await batchSizes(world)).toEqual([1, 10, 10]);
    expect(await countDue(world)).toBe(3);
    expect(await dispatch.run()).toEqual({ again: 25 });
    expect(await countDue(world)).toBe(3);

    await world.forgetQueues();
    await dispatch.run();
    expect(await batchSizes(world)).toEqual([3]);
    expect(await countDue(world)).toBe(0);
  });

  it('that fill no batch wait a moment for more while a reader is busy, and then go', async () => {
    await world.begin();
    await world.queues.add('collect', REGION, [{ jobIds: [crypto.randomUUID()] }]);
    await eventually('a read is under way', async () => (await world.queues.load('collect', REGION)).active === 1);

    await manyAtVod(world, 13);
    world.pass(rules.pollFirstMs * 2);
    const dispatch = world.dispatch();
    const handed = world.heard('dispatch.handed');
    expect(dispatch.isHolding).toBe(false);
    expect(await dispatch.run()).toEqual({ again: 25 });
    expect(dispatch.isHolding).toBe(true); // whoever has read wakes it
    expect(handed.map(({ jobs }) => jobs)).toEqual([10]);
    expect(await countDue(world)).toBe(3);
    await eventually('the rest goes as well', async () => {
      await dispatch.run();
      return (await countDue(world)) === 0;
    });
    expect(handed.map(({ jobs }) => jobs)).toEqual([10, 3]);
    expect(dispatch.isHolding).toBe(false);
  });

  it('that fill no batch wait a moment also while the only read under way was started here', async () => {
    const begun = await world.begin({ reads: 1 });
    expect(await world.queues.load('collect', REGION)).toEqual({ waiting: 0, active: 0 });
    await manyAtVod(world, 3);
    world.pass(rules.pollFirstMs * 2);
    const dispatch = world.dispatch();
    expect(await dispatch.run()).toEqual({ again: 25 });
    expect(dispatch.isHolding).toBe(true);
    expect(await countDue(world)).toBe(3);
    await eventually('they go as well', async () => {
      await dispatch.run();
      return (await countDue(world)) === 0;
    });
    expect(begun).toHaveLength(1);
  });

  it('are read here as far as there is room, and else by way of the queue', async () => {
    const begun = await world.begin();
    const ids = await manyAtVod(world, 42);
    world.pass(rules.pollFirstMs * 2);
    const handed = world.heard('dispatch.handed');
    expect(await world.dispatch().run()).toEqual({ again: 200 });
    expect(handed.map(({ jobs }) => jobs)).toEqual([40, 2]);
    await eventually('the fifth read has begun', () => begun.length === 5);
    expect(await world.queues.load('collect', REGION)).toEqual({ waiting: 0, active: 1 });
    const reads = begun.map(({ payload }) => (payload as Payload<'collect'>).jobIds);
    expect(reads.map((jobIds) => jobIds.length)).toEqual([10, 10, 10, 10, 2]);
    expect(reads.flat().toSorted()).toEqual(ids.toSorted());
  });

  it('are read here as far as there is room, also while the queue store is away', async () => {
    const away = world.openQueues({ redisUrl: 'redis://127.0.0.1:1' });
    const begun = await world.begin({ queues: away });
    const ids = await manyAtVod(world, 12);
    world.pass(rules.pollFirstMs * 2);
    expect(await world.dispatch({}, away).run()).toEqual({ again: 200 });
    expect(begun.map(({ payload }) => (payload as Payload<'collect'>).jobIds.length)).toEqual([10, 2]);
    expect(begun.flatMap(({ payload }) => (payload as Payload<'collect'>).jobIds).toSorted()).toEqual(ids.toSorted());
  });

  it('wait in Postgres while so many are in line that their lease would be over before they are read', async () => {
    await world.queues.add(
      'collect',
      REGION,
      Array.from({ length: 195 }, () => ({ jobIds: [crypto.randomUUID()] })),
    );
    await manyAtVod(world, 20);
    world.pass(rules.pollFirstMs * 2);
    const dispatch = world.dispatch();
    expect(await dispatch.run()).toEqual({ again: 25 });
    expect(await countDue(world)).toBe(15);
    await world.forgetQueues();
    await dispatch.run();
    expect(await countDue(world)).toBe(0);
  });

  it('are due again when the read has not come back within the lease', async () => {
    await manyAtVod(world, 1);
    world.pass(rules.pollFirstMs * 2);
    const dispatch = world.dispatch();
    await dispatch.run();
    await world.forgetQueues();
    await dispatch.run();
    expect(await batchSizes(world)).toEqual([]);
    world.pass(rules.leaseMs);
    await dispatch.run();
    expect(await batchSizes(world)).toEqual([1]);
  });
});
