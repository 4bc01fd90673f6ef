import { formatIn } from './format';
import { offsetIn } from './zone';

const NOW = Date.parse('2026-11-25T12:00:00Z');
const before = (ms: number) => new Date(NOW - ms);

describe('times as a person reads them', () => {
  const en = formatIn('en', offsetIn('utc'));
  const zh = formatIn('zh-CN', offsetIn('utc'));

  it('are told by their largest unit, and never ahead of the time', () => {
    expect(en.relative(before(59_999), NOW)).toBe('59 s ago');
    expect(en.relative(before(3 * 60_000 + 59_000), NOW)).toBe('3 min ago');
    expect(en.relative(before(-40_500), NOW)).toBe('in 40 s');
    expect(en.relative(before(26 * 3_600_000), NOW)).toBe('1 d ago');
    expect(zh.relative(before(3 * 60_000), NOW)).toBe('3分钟前');
  });

  it('are now within a second, also on a clock that is a little behind', () => {
    expect(en.relative(before(-800), NOW)).toBe('now');
    expect(zh.relative(before(-800), NOW)).toBe('现在');
  });

  it('last two units at most', () => {
    expect(en.duration(850)).toBe('850 ms');
    expect(en.duration(4_250)).toBe('4.3 s');
    expect(en.duration(200_000)).toBe('3 min 20 s');
    expect(en.duration(2 * 3_600_000 + 5 * 60_000 + 7_000)).toBe('2 h 5 min');
    expect(zh.duration(200_000)).toBe('3分钟 20秒');
  });
});

describe('dates', () => {
  const AT = '2026-11-28T03:04:47.970Z';

  it('are the same in each language: with seconds, a zone and, in histories, milliseconds', () => {
    for (const locale of ['en', 'zh-CN']) {
      const format = formatIn(locale, () => 480);
      expect(format.exact(AT)).toBe('2026-11-28 11:04:47.970 +08:00');
      expect(format.dateTime(AT)).toBe('2026-11-28 11:04:47 +08:00');
      expect(format.hourMinute(AT)).toBe('11:04');
      expect(format.dayHourMinute(AT)).toBe('11-28 11:04');
    }
  });

  it.each([
    [-210, '2026-11-27 23:34:47.970 -03:30'],
    [345, '2026-11-28 08:49:47.970 +05:45'],
    [0, '2026-11-28 03:04:47.970 +00:00'],
  ])('name an offset of %i min', (offset, text) => {
    expect(formatIn('en', () => offset).exact(AT)).toBe(text);
  });

  it('are in UTC when that is wished, and else by the clock of the person on that day', () => {
    expect(formatIn('en', offsetIn('utc')).exact(AT)).toBe('2026-11-28 03:04:47.970 +00:00');
    const ahead = -new Date(AT).getTimezoneOffset() || 0;
    expect(formatIn('en', offsetIn('local')).exact(AT)).toBe(formatIn('en', () => ahead).exact(AT));
  });
});
