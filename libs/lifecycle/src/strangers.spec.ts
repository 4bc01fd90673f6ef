import { StrangerReads } from '@app/persistence';
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
async function store(agoMs: number, bytes: number): Promise<void> {
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
  });
}

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

  it('is what all webhooks have stored', async () => {
    const [one, other] = [counting(), counting()];
    await store(120_000, 7);
    expect(await one.run()).toEqual({ rows: 1, bytes: 7 });
    expect(await other.run()).toEqual({ rows: 1, bytes: 7 });
  });
});
