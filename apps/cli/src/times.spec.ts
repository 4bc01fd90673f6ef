import { dateTime, isLocal, momentOf, time } from './times';

describe('Times', () => {
  const before = process.env['TZ'];
  afterEach(() => {
    if (before === undefined) delete process.env['TZ'];
    else process.env['TZ'] = before;
  });

  it.each([
    ['UTC', '2026-11-28 03:04:47 +00:00'],
    ['Asia/Shanghai', '2026-11-28 11:04:47 +08:00'],
    ['America/St_Johns', '2026-11-27 23:34:47 -03:30'],
  ])('are shown like ISO 8601, with the zone of %s', (zone, shown) => {
    process.env['TZ'] = zone;
    expect(dateTime('2026-11-28T03:04:47.970Z')).toBe(shown);
    const [date, clock, offset] = shown.split(' ');
    expect(dateTime('2026-11-28T03:04:47.970Z', { ms: true })).toBe(`${date} ${clock}.970 ${offset}`);
  });

  it.each([
    ['2026-11-22T09:00:00Z', '2026-11-22T09:00:00.000Z'],
    ['2026-11-22T09:00:00+08:00', '2026-11-22T01:00:00.000Z'],
    ['2026-11-28 11:04:47.970 +08:00', '2026-11-28T03:04:47.970Z'],
    ['2026-11-22', '2026-11-21T16:00:00.000Z'],
    ['2026-11-22 09:00', '2026-11-22T01:00:00.000Z'],
  ])('are read: %s in Shanghai is %s', (text, at) => {
    process.env['TZ'] = 'Asia/Shanghai';
    expect(momentOf(time(text)).toISOString()).toBe(at);
  });

  it('are read as today, yesterday and how long ago', () => {
    process.env['TZ'] = 'Asia/Shanghai';
    expect(dateTime(momentOf(time('today')))).toMatch(/ 00:00:00 \+08:00$/);
    const [today, yesterday] = [momentOf('today'), momentOf('yesterday')].map((at) => at.getTime());
    expect((today ?? 0) - (yesterday ?? 0)).toBe(86_400_000);
    for (const [text, ms] of Object.entries({ '30s': 30_000, '15m': 900_000, '2h': 7_200_000, '7d': 604_800_000 })) {
      expect(Math.abs(Date.now() - ms - momentOf(time(text)).getTime())).toBeLessThan(60_000);
    }
    expect(['today', '2026-11-22', '2026-11-22T09:00', '2h', '2026-11-22T09:00Z'].map(isLocal)).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
  });

  it.each(['7', 'tomorrow', '22.11.2026', '2026-13-01', '2h ago', ''])(
    'are refused where they mean nothing: %j',
    (text) => {
      expect(() => time(text)).toThrow('Expected ISO 8601');
    },
  );
});
