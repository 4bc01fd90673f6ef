import { nextTryMs, retryAfterMs, type Standing } from './schedule';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `chance` 0.5 spreads nothing. */
const next = (more: Partial<Standing>) => nextTryMs({ tries: 0, triedForMs: 0, askedMs: 0, chance: 0.5, ...more });

describe('The next try', () => {
  it.each([
    [0, 5 * SECOND],
    [1, MINUTE],
    [2, 5 * MINUTE],
    [3, 30 * MINUTE],
    [4, 2 * HOUR],
    [5, 5 * HOUR],
    [6, 10 * HOUR],
    [7, 14 * HOUR],
    [8, 14 * HOUR],
    [50, 14 * HOUR],
  ])('after %d failures and one more comes in %d ms', (tries, ms) => {
    expect(next({ tries })).toBe(ms);
  });

  it('comes up to a tenth sooner or later, so that what failed together comes apart', () => {
    expect(next({ tries: 4, chance: 0 })).toBe(108 * MINUTE);
    expect(next({ tries: 4, chance: 1 - 2 ** -32 })).toBe(132 * MINUTE);
  });

  it('comes three days after the first for the last time', () => {
    const tried: number[] = [];
    let triedForMs = 0;
    for (let tries = 0, ms = next({}); ms !== null; tries += 1, ms = next({ tries, triedForMs })) {
      triedForMs += ms;
      tried.push(triedForMs);
    }
    expect(tried.at(-1)).toBe(3 * DAY);
    expect(tried.length).toBeGreaterThan(10);
    expect(next({ tries: 20, triedForMs: 3 * DAY })).toBeNull();
    expect(next({ tries: 20, triedForMs: 3 * DAY + 1 })).toBeNull();
  });

  it('does not come before the receiver wants it', () => {
    expect(next({ tries: 0, askedMs: HOUR })).toBe(HOUR);
    expect(next({ tries: 4, askedMs: HOUR })).toBe(2 * HOUR);
    expect(next({ tries: 9, triedForMs: 3 * DAY - MINUTE, askedMs: HOUR })).toBe(HOUR);
  });
});

describe('Retry-After', () => {
  const now = new Date('2026-11-22T12:00:00Z');
  it.each([
    [null, 0],
    ['', 0],
    ['120', 2 * MINUTE],
    [' 5 ', 5 * SECOND],
    ['0', 0],
    ['-5', 0],
    ['999999999', DAY],
    ['99999999999999999999', 0],
    ['soon', 0],
    ['Sun, 22 Nov 2026 12:10:00 GMT', 10 * MINUTE],
    ['Sun, 22 Nov 2026 11:00:00 GMT', 0],
    ['Tue, 22 Nov 2033 12:00:00 GMT', DAY],
  ])('of %j is %d ms', (header, ms) => {
    expect(retryAfterMs(header, now)).toBe(ms);
  });
});
