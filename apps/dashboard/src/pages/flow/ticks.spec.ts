import { clockTicks, countTicks, durationTicks } from './ticks';

describe('the marks of an axis', () => {
  it.each([
    [0, [0, 1]],
    [3, [0, 1, 2, 3]],
    [43, [0, 20, 40, 60]],
    [1_204, [0, 500, 1_000, 1_500]],
  ])('for up to %i jobs are round', (max, ticks) => {
    expect(countTicks(max)).toEqual(ticks);
  });

  it.each([
    [0, [0, 1]],
    [340, [0, 100, 200, 300, 400]],
    [47_000, [0, 15_000, 30_000, 45_000, 60_000]],
    [5 * 3_600_000, [0, 2, 4, 6].map((hours) => hours * 3_600_000)],
    [9 * 86_400_000, [0, 3, 6, 9].map((days) => days * 86_400_000)],
  ])('for up to %i ms are round', (max, ticks) => {
    expect(durationTicks(max)).toEqual(ticks);
  });

  it('for times are round by the clock that is shown', () => {
    const times = (from: string, count: number, minutes: number) =>
      Array.from({ length: count }, (_, i) => new Date(Date.parse(from) + i * minutes * 60_000).toISOString());
    expect(clockTicks(times('2026-11-28T03:04:00Z', 60, 1), () => 345).slice(0, 2)).toEqual([
      '2026-11-28T03:05:00.000Z', // 08:50 in Kathmandu
      '2026-11-28T03:15:00.000Z',
    ]);
    expect(clockTicks(times('2026-11-21T04:00:00Z', 84, 120), () => 480)).toHaveLength(7);
    expect(clockTicks(times('2026-11-21T04:00:00Z', 84, 120), () => 480)[0]).toBe('2026-11-21T16:00:00.000Z');
    expect(clockTicks([], () => 0)).toEqual([]);
  });
});
