import { StrangerReads, type Notice } from '@app/persistence';
import { v7 as uuidv7 } from 'uuid';
import { World } from '../test/world';
import type { Amount } from './notice-budget';
import { Strangers } from './strangers';

const HOUR = 3_600_000;

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

/** As a webhook has stored it so long ago. */
async function store(agoMs: number, bytes: number, more: Partial<Notice> = {}): Promise<void> {
  const receivedAt = new Date(world.now().getTime() - agoMs);
  const id = uuidv7({ msecs: receivedAt.getTime() });
  await world.events.store({
    id,
    receivedAt,
    region: 'cn-shanghai',
    source: 'http',
    signature: 'valid',
    eventType: 'X',
    vodJobId: '',
    mediaId: null,
    status: '',
    eventTime: null,
    extend: null,
    body: Buffer.alloc(bytes),
    bodySize: bytes,
    bodyHash: id,
    verdict: 'ignored',
    reason: 'not the end of a submitted AI job',
    ...more,
  });
}

/** While no worker runs: nobody has looked at it. */
const waiting = { verdict: 'received', reason: null } as const;

function counting() {
  const told: Amount[] = [];
  const reads = new StrangerReads(world.db);
  const strangers = new Strangers(reads, 100, (amount) => told.push(amount), world.now);
  const run = async () => {
    while ((await strangers.count()).more);
    return told.at(-1);
  };
  return { run, reads: jest.spyOn(reads, 'between') };
}

describe('What the last 24 hours have brought that is about no job of ours', () => {
  it('is counted from before the start on, each stretch once, and forgotten after a day', async () => {
    await store(25 * HOUR, 1_000);
    await store(23.5 * HOUR, 100);
    await store(90_000, 10);
    await store(1_000, 1); // may have neighbours that are not committed yet
    const { run, reads } = counting();
    expect(await run()).toEqual({ rows: 2, bytes: 110 });
    expect(reads).toHaveBeenCalledTimes(24);

    world.pass(60_000);
    expect(await run()).toEqual({ rows: 3, bytes: 111 });
    expect(reads).toHaveBeenCalledTimes(25);
    expect(await run()).toEqual({ rows: 3, bytes: 111 });
    expect(reads).toHaveBeenCalledTimes(25);

    world.pass(HOUR);
    expect(await run()).toEqual({ rows: 2, bytes: 11 });
    world.pass(48 * HOUR);
    expect(await run()).toEqual({ rows: 0, bytes: 0 });
  });

  it('is also what is surely somebody else’s, and what no worker has looked at', async () => {
    await store(70_000, 1_000, { verdict: 'foreign' });
    await store(70_000, 100, waiting);
    const { run } = counting();
    expect(await run()).toEqual({ rows: 2, bytes: 1_100 });
  });

  it('is not what turns out to belong to a job: that is counted again, an hour at a time, until workers are through', async () => {
    world.pass(48 * HOUR);
    await store(3 * HOUR, 1_000, { ...waiting, vodJobId: 'of-the-first-hour' });
    await store(0.5 * HOUR, 100, { ...waiting, vodJobId: 'of-the-last-hour' });
    await store(0.5 * HOUR, 10);
    const { run, reads } = counting();
    expect(await run()).toEqual({ rows: 3, bytes: 1_110 });
    const later = async () => {
      world.pass(60_000);
      return run();
    };
    expect(await later()).toEqual({ rows: 3, bytes: 1_110 });

    await world.db.query(`update event set verdict = 'matched' where verdict = 'received'`);
    expect(await later()).toEqual({ rows: 2, bytes: 110 });
    expect(await later()).toEqual({ rows: 1, bytes: 10 });
    reads.mockClear();
    expect(await later()).toEqual({ rows: 1, bytes: 10 });
    expect(reads).toHaveBeenCalledTimes(1);
  });

  it('is counted again in one stretch, however many looks it took to count it first', async () => {
    world.pass(48 * HOUR);
    const { run, reads } = counting();
    await run();
    for (let i = 0; i < 3; i += 1) {
      await store(0, 1, { ...waiting, vodJobId: `minute-${i}` });
      world.pass(60_000);
      await run();
    }
    world.pass(60_000);
    expect(await run()).toEqual({ rows: 3, bytes: 3 });
    await world.db.query(`update event set verdict = 'matched' where verdict = 'received'`);
    world.pass(60_000);
    expect(await run()).toEqual({ rows: 0, bytes: 0 });
    reads.mockClear();
    world.pass(60_000);
    await run();
    expect(reads).toHaveBeenCalledTimes(1);
  });

  it('is what all webhooks have stored', async () => {
    world.pass(48 * HOUR);
    const [one, other] = [counting(), counting()];
    await store(120_000, 7);
    expect(await one.run()).toEqual({ rows: 1, bytes: 7 });
    expect(await other.run()).toEqual({ rows: 1, bytes: 7 });
  });
});
