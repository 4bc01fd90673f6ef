import { dateTime, isLocal, momentOf, time } from './times';

describe('Times', () => {
  afterEach(() => jest.restoreAllMocks());

  it.each([
    [0, '2026-11-28 03:04:47 +00:00'],
    [-480, '2026-11-28 11:04:47 +08:00'],
    [210, '2026-11-27 23:34:47 -03:30'],
  ])('are shown like ISO 8601, with the zone (%d)', (offset, shown) => {
    // A test has an environment of its own, in which TZ reaches nobody.
    jest.spyOn(Date.prototype, 'getTimezoneOffset').mockReturnValue(offset);
    expect(dateTime('2026-11-28T03:04:47.970Z')).toBe(shown);
    const [date, clock, zone] = shown.split(' ');
    expect(dateTime('2026-11-28T03:04:47.970Z', { ms: true })).toBe(`${date} ${clock}.970 ${zone}`);
  });

  it.each([
    ['2026-11-22T09:00:00Z', new Date('2026-11-22T09:00:00.000Z')],
    ['2026-11-22T09:00:00+08:00', new Date('2026-11-22T01:00:00.000Z')],
    ['2026-11-28 11:04:47.970 +08:00', new Date('2026-11-28T03:04:47.970Z')],
    ['2026-11-22', new Date(2026, 10, 22)],
    ['2026-11-22 09:00', new Date(2026, 10, 22, 9)],
  ])('are read: %s', (text, at) => {
    expect(momentOf(time(text))).toEqual(at);
  });

  it('are read as today, yesterday and how long ago', () => {
    const now = new Date();
    const midnights = [0, 1].map((days) => new Date(now.getFullYear(), now.getMonth(), now.getDate() - days));
    expect(['today', 'yesterday'].map((text) => momentOf(time(text)))).toEqual(midnights);
    for (const [text, ms] of Object.entries({ '30s': 30_000, '15m': 900_000, '2h': 7_200_000, '7d': 604_800_000 })) {
      expect(Math.abs(Date.now() - ms - momentOf(time(text)).getTime())).toBeLessThan(60_000);
    }
    const texts = ['today', '2026-11-22', '2026-11-22T09:00', '2h', '2026-11-22T09:00Z'];
    expect(texts.map(isLocal)).toEqual([true, true, true, false, false]);
  });

  it.each(['7', 'tomorrow', '22.11.2026', '2026-13-01', '2h ago', ''])(
    'are refused where they mean nothing: %j',
    (text) => {
      expect(() => time(text)).toThrow('Expected ISO 8601');
    },
  );
});
