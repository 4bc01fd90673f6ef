import { ApiError, Unreachable } from '@app/client';
import { Pace } from './pace';

const busy = (retryAfter?: string) =>
  new ApiError(
    { status: 503, code: 'unavailable', detail: 'busy' },
    retryAfter === undefined ? undefined : new Headers({ 'retry-after': retryAfter }),
  );

/** A pace whose pauses pass at once, and what it has rested. */
function paced(patienceMs?: number) {
  let now = 1_000_000;
  const pauses: number[] = [];
  const clock = {
    now: () => now,
    pause: async (ms: number) => {
      pauses.push(ms);
      now += ms;
    },
  };
  return { pace: new Pace(() => {}, clock, patienceMs), pauses };
}

const fine = async () => 'fine';
const failing = (...errors: Error[]) => {
  const left = errors.values();
  return async () => {
    const { value } = left.next();
    if (value) throw value;
    return 'fine';
  };
};

describe('The pace of calls', () => {
  it('grows while calls are taken, to an end, and halves when the api wants a rest', async () => {
    const { pace } = paced();
    expect(pace.lanes()).toBe(16);
    for (let i = 0; i < 16; i += 1) await pace.untilTaken(fine);
    expect(pace.lanes()).toBe(32);
    for (let i = 0; i < 1_000; i += 1) await pace.untilTaken(fine);
    expect(pace.lanes()).toBe(200);
    await pace.untilTaken(failing(busy('2')));
    expect(pace.lanes()).toBe(100);
    for (let i = 0; i < 99; i += 1) await pace.untilTaken(fine);
    expect(pace.lanes()).toBe(100);
  });

  it('counts once what calls under way together are told, and rests for all of them', async () => {
    const { pace, pauses } = paced();
    const answers = [busy('2'), busy('3'), busy('1')].map((error) => pace.untilTaken(failing(error)));
    await Promise.all(answers);
    expect(pace.lanes()).toBe(8);
    expect(pauses.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThanOrEqual(3_000);
  });

  it('rests as long as the api says, and longer each time when it says nothing', async () => {
    const said = paced();
    await said.pace.untilTaken(failing(busy('2'), busy('7')));
    expect(said.pauses).toEqual([2_000, 7_000]);
    const silent = paced();
    await silent.pace.untilTaken(failing(new Unreachable('away'), busy(), new Unreachable('away')));
    expect(silent.pauses).toEqual([500, 1_000, 2_000]);
  });

  it('gives up soon where nothing was ever taken, and after a minute where something was', async () => {
    const never = paced();
    const away = async () => Promise.reject(new Unreachable('away'));
    await expect(never.pace.untilTaken(away)).rejects.toThrow('away');
    expect(never.pauses).toEqual([500, 1_000, 2_000, 4_000]);
    const once = paced();
    await once.pace.untilTaken(fine);
    await expect(once.pace.untilTaken(away)).rejects.toThrow('away');
    expect(once.pauses.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThanOrEqual(60_000);
  });

  it('asks again a few times however long a rest the api wants, also for a call that waited for the rest of another', async () => {
    const { pace, pauses } = paced();
    await Promise.all([
      pace.untilTaken(failing(busy('60'), busy('60'), busy('60'), busy('60'))),
      pace.untilTaken(failing(busy('60'), busy('60'), busy('60'))),
    ]);
    expect(pauses.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThanOrEqual(240_000);
  });

  it('has the patience that it is told to have', async () => {
    const away = async () => Promise.reject(new Unreachable('away'));
    const hasty = paced(0);
    await expect(hasty.pace.untilTaken(away)).rejects.toThrow('away');
    expect(hasty.pauses).toEqual([]);
    const quick = paced(3_000);
    await quick.pace.untilTaken(fine);
    await expect(quick.pace.untilTaken(away)).rejects.toThrow('away');
    expect(quick.pauses).toEqual([500, 1_000, 2_000]);
  });

  it('throws what does not pass, and stops in the middle of a rest', async () => {
    const { pace } = paced();
    const refused = new ApiError({ status: 422, code: 'x', detail: 'no' });
    await expect(pace.untilTaken(failing(refused))).rejects.toBe(refused);
    const stop = new AbortController();
    const patient = new Pace();
    const waiting = patient.untilTaken(failing(busy('3600')), stop.signal);
    setImmediate(() => stop.abort(new Error('enough')));
    await expect(waiting).rejects.toThrow('enough');
  });
});
