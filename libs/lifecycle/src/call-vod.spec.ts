import type { ReadOutcome } from '@app/vod';
import { REGION, World } from '../test/world';
import { readVod } from './call-vod';
import { Pacer } from './pacer';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());
beforeEach(() => world.db.query('delete from pace'));

const call = { operation: 'ListAIJob', region: REGION, jobs: 10 };
const parts = () => ({ pacer: new Pacer(world.stores.pace, world.signals), signals: world.signals });

const answered: ReadOutcome<string> = { outcome: 'answered', value: 'all of them', requestId: 'R1' };
const busy: ReadOutcome<string> = { outcome: 'busy', code: 'Throttling.User', retryAfterMs: 300, requestId: 'R2' };

const startInMs = async (operation: string) => (await world.stores.pace.reserve(REGION, operation, 1)).startInMs;

describe('A call that reads', () => {
  it('is made when the limit has room for it, and told with its answer', async () => {
    await world.stores.pace.setQuotas([REGION], { ListAIJob: 10 / 0.985 });
    const before = performance.now();
    await world.stores.pace.reserve(REGION, 'ListAIJob', 3);
    const [called, closed] = [world.heard('vod.called'), world.heard('queue.closed')];
    const made: number[] = [];
    const send = () => {
      made.push(performance.now() - before);
      return Promise.resolve(answered);
    };
    expect(await readVod(parts(), 'collect', call, send)).toBe(answered);
    expect(made).toEqual([expect.any(Number)]);
    expect(made[0]).toBeGreaterThanOrEqual(299);
    expect(called).toEqual([
      { ...call, outcome: 'answered', requestId: 'R1', code: undefined, ms: expect.any(Number) },
    ]);
    expect(await startInMs('ListAIJob')).toBeLessThan(200);
    expect(closed).toEqual([]);
  });

  it('that VOD throttles makes its operation rest for as long as VOD has asked for', async () => {
    const [called, closed] = [world.heard('vod.called'), world.heard('queue.closed')];
    const before = Date.now();
    expect(await readVod(parts(), 'recover', call, () => Promise.resolve(busy))).toBe(busy);
    expect(called).toMatchObject([{ outcome: 'busy', requestId: 'R2', code: 'Throttling.User' }]);
    expect(closed).toMatchObject([{ kind: 'recover', region: REGION, code: 'Throttling.User' }]);
    expect(closed[0]?.untilMs).toBeGreaterThanOrEqual(before + 300);
    expect(await world.db.query('select operation from pace where paused_until is not null')).toEqual([
      { operation: 'ListAIJob' },
    ]);
  });
});
