import { eventually } from '@app/testing';
import { REGION, World } from '../test/world';
import { Pacer } from './pacer';

/** Lets so many milliseconds of the clock go by that this is about. */
const passing = (ms: number) => {
  const moment = performance.now() + ms;
  return eventually('the moment has come', () => performance.now() >= moment);
};

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());
beforeEach(() => world.db.query('delete from pace'));

/** One call each 40 ms: far enough apart that none of them is reserved together with another. */
const slow = { ListAIJob: 25 / 0.985 };

/** Another process's pacer: the same rows. */
const pacer = () => new Pacer(world.stores.pace, world.signals);

async function startsOf(turns: Promise<unknown>[]): Promise<number[]> {
  const starts = await Promise.all(turns.map((turn) => turn.then(() => performance.now())));
  return starts.toSorted((a, b) => a - b);
}

describe('Turns to call VOD', () => {
  it('come a gap after each other, whichever process takes them', async () => {
    await world.stores.pace.setQuotas([REGION], slow);
    const pacers = [pacer(), pacer()];
    const turns = pacers.flatMap((each) => Array.from({ length: 4 }, () => each.turn(REGION, 'ListAIJob')));
    const starts = await startsOf(turns);
    // Seven gaps. Whichever was first may have been late by itself, and a timer may fire a millisecond early.
    expect((starts.at(-1) ?? 0) - (starts[0] ?? 0)).toBeGreaterThan(4 * 40);
  });

  it('are reserved together where VOD allows many, so that a call is not a statement', async () => {
    const reserve = jest.spyOn(world.stores.pace, 'reserve');
    const one = pacer();
    await one.turn(REGION, 'ListAIJob');
    for (let i = 0; i < 5; i += 1) await one.turn(REGION, 'ListAIJob');
    expect(reserve.mock.calls.map(([, , calls]) => calls)).toEqual([1, expect.any(Number)]);
    expect(reserve.mock.calls[1]?.[2]).toBeGreaterThan(400);
    reserve.mockRestore();
  });

  it('of those that are reserved together come a gap after each other as well', async () => {
    await world.stores.pace.setQuotas([REGION], { ListAIJob: 200 / 0.985 }); // ten in 50 ms
    const reserve = jest.spyOn(world.stores.pace, 'reserve');
    const one = pacer();
    await one.turn(REGION, 'ListAIJob');
    const before = performance.now();
    for (let i = 0; i < 40; i += 1) await one.turn(REGION, 'ListAIJob');
    const reserved = reserve.mock.calls.slice(1).map(([, , calls]) => calls);
    reserve.mockRestore();
    expect(new Set(reserved)).toEqual(new Set([10]));
    // The first may start at once, and any timer may fire a millisecond early.
    expect(performance.now() - before).toBeGreaterThanOrEqual(39 * 5 - 2);
  });

  it('that are reserved together and not used in their time are lost: others have the time after it', async () => {
    const gapMs = 10;
    const reserve = jest
      .spyOn(world.stores.pace, 'reserve')
      .mockImplementation(() => Promise.resolve({ operation: 'ListAIJob', startInMs: 0, gapMs }));
    const one = pacer();
    await one.turn(REGION, 'ListAIJob');
    await one.turn(REGION, 'ListAIJob'); // of five
    await passing(60);
    await one.turn(REGION, 'ListAIJob');
    expect(reserve.mock.calls.map(([, , calls]) => calls)).toEqual([1, 5, 5]);
    reserve.mockRestore();
  });

  it('are never more than are reserved, however many are taken at the same moment', async () => {
    const reserve = jest
      .spyOn(world.stores.pace, 'reserve')
      .mockImplementation(() => Promise.resolve({ operation: 'ListAIJob', startInMs: 0, gapMs: 10 }));
    const one = pacer();
    await Promise.all(Array.from({ length: 13 }, () => one.turn(REGION, 'ListAIJob')));
    const reserved = reserve.mock.calls.reduce((sum, [, , calls]) => sum + calls, 0);
    reserve.mockRestore();
    expect(reserved).toBeGreaterThanOrEqual(13);
  });

  it('fail while Postgres is away, and go on when it is there again', async () => {
    const one = pacer();
    await world.shutOut();
    await expect(one.turn(REGION, 'ListAIJob')).rejects.toThrow();
    await world.letIn();
    await one.turn(REGION, 'ListAIJob');
  });
});

describe('A pause that VOD has asked for', () => {
  it('holds up all processes, and this operation alone, and is told', async () => {
    const closed = world.heard('queue.closed');
    const [one, other] = [pacer(), pacer()];
    const before = performance.now();
    await one.pause('collect', REGION, 'ListAIJob', 300, 'Throttling.User');
    await other.turn(REGION, 'ListJobInfo');
    const [start = 0] = await startsOf([other.turn(REGION, 'ListAIJob')]);
    expect(start - before).toBeGreaterThanOrEqual(299);
    expect(closed).toMatchObject([
      { queue: `collect.${REGION}`, kind: 'collect', region: REGION, code: 'Throttling.User' },
    ]);
  });

  it('gives a call that was reserved before it another turn', async () => {
    const one = pacer();
    const before = performance.now();
    await one.pause('submit', REGION, 'SubmitAIJob', 300, 'Throttling.User');
    const order: string[] = [];
    const operations = ['SubmitAIJob', 'SubmitAIMediaAuditJob'];
    await Promise.all(
      operations.map((operation) =>
        one.until(REGION, operation, { at: before + 10, gapMs: 1 }).then(() => order.push(operation)),
      ),
    );
    expect(order).toEqual(operations.toReversed());
    expect(performance.now() - before).toBeGreaterThanOrEqual(299);
  });

  it('holds up who has reserved a call and waits for its moment', async () => {
    const one = pacer();
    const before = performance.now();
    const reserve = jest.spyOn(world.stores.pace, 'reserve').mockImplementationOnce(async () => {
      await one.pause('collect', REGION, 'ListAIJob', 300, 'Throttling.User');
      return { operation: 'ListAIJob', startInMs: 0, gapMs: 40 };
    });
    await one.turn(REGION, 'ListAIJob');
    reserve.mockRestore();
    expect(performance.now() - before).toBeGreaterThanOrEqual(299);
  });

  it('is over after the longest that was asked for', async () => {
    const one = pacer();
    const before = performance.now();
    await one.pause('submit', REGION, 'SubmitAIJob', 400, 'Throttling.User');
    await one.pause('submit', REGION, 'SubmitAIJob', 1, 'Throttling.User');
    await world.db.query('delete from pace'); // what this process knows by itself
    await one.until(REGION, 'SubmitAIJob', { at: before, gapMs: 1 });
    expect(performance.now() - before).toBeGreaterThanOrEqual(399);
  });

  it('ends: no call waits for a pause that is over', async () => {
    const reserve = jest.spyOn(world.stores.pace, 'reserve');
    const one = pacer();
    await one.pause('submit', REGION, 'SubmitAIJob', 20, 'Throttling.User');
    await passing(25);
    await one.until(REGION, 'SubmitAIJob', { at: performance.now(), gapMs: 1 });
    expect(reserve).not.toHaveBeenCalled();
    reserve.mockRestore();
  });

  it('makes what this process has reserved with others of no use', async () => {
    const one = pacer();
    for (let i = 0; i < 2; i += 1) await one.turn(REGION, 'ListAIJob'); // the second is one of many
    const before = performance.now();
    await one.pause('collect', REGION, 'ListAIJob', 300, 'Throttling.User');
    await one.turn(REGION, 'ListAIJob');
    expect(performance.now() - before).toBeGreaterThanOrEqual(299);
  });

  /** In how many milliseconds the next call could start. */
  const startInMs = async (operation: string) => (await world.stores.pace.reserve(REGION, operation, 1)).startInMs;

  it('puts off what is not reserved yet by as much as a call leaves late', async () => {
    const one = pacer();
    await world.stores.pace.setQuotas([REGION], { SubmitAIJob: 30 });
    const delayed = jest.spyOn(world.stores.pace, 'delay');
    one.leaves(REGION, 'SubmitAIJob', { at: performance.now() - 400, gapMs: 33 });
    await delayed.mock.results[0]?.value;
    const ms = await startInMs('SubmitAIJob');
    expect(ms).toBeGreaterThan(200);
    expect(ms).toBeLessThan(600);
    delayed.mockRestore();
  });

  it('puts nothing off for a call that leaves in time, or where calls are close together', () => {
    const delayed = jest.spyOn(world.stores.pace, 'delay');
    pacer().leaves(REGION, 'SubmitAIJob', { at: performance.now(), gapMs: 33 });
    pacer().leaves(REGION, 'SubmitAIJob', { at: performance.now() - 400, gapMs: 1 });
    expect(delayed).not.toHaveBeenCalled();
    delayed.mockRestore();
  });
});
