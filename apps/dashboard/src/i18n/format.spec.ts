import { formatIn } from './format';

const NOW = Date.parse('2026-11-25T12:00:00Z');
const before = (ms: number) => new Date(NOW - ms);

describe('times as a person reads them', () => {
  const en = formatIn('en');
  const zh = formatIn('zh-CN');

  it('are told by their largest unit, and never ahead of the time', () => {
    expect(en.relative(before(59_999), NOW)).toBe('59 sec. ago');
    expect(en.relative(before(3 * 60_000 + 59_000), NOW)).toBe('3 min. ago');
    expect(en.relative(before(-40_500), NOW)).toBe('in 40 sec.');
    expect(zh.relative(before(3 * 60_000), NOW)).toBe('3分钟前');
  });

  it('are now within a second, also on a clock that is a little behind', () => {
    expect(en.relative(before(-800), NOW)).toBe('now');
  });

  it('last two units at most', () => {
    expect(en.duration(850)).toBe('850 ms');
    expect(en.duration(4_250)).toBe('4.3 sec');
    expect(en.duration(200_000)).toBe('3 min 20 sec');
    expect(en.duration(2 * 3_600_000 + 5 * 60_000 + 7_000)).toBe('2 hr 5 min');
    expect(zh.duration(200_000)).toBe('3分钟 20秒');
  });
});
