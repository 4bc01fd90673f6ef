import { beginOf, fromField, toField } from './created';

const NOW = new Date('2026-11-28T03:04:47.970Z');

describe('the filter by time', () => {
  it('begins a quarter of an hour or an hour ago, or with the day of whose time it says', () => {
    expect(beginOf('15m', NOW, 'utc')).toBe('2026-11-28T02:49:47.970Z');
    expect(beginOf('1h', NOW, 'local')).toBe('2026-11-28T02:04:47.970Z');
    expect(beginOf('today', NOW, 'utc')).toBe('2026-11-28T00:00:00.000Z');
    const midnight = new Date(beginOf('today', NOW, 'local'));
    expect([midnight.getHours(), midnight.getMinutes(), midnight.getDate()]).toEqual([0, 0, NOW.getDate()]);
  });

  it.each(['local', 'utc'] as const)('shows in %s time what it will ask for', (zone) => {
    expect(fromField(toField('2026-06-28T03:04:47.000Z', zone), zone)).toBe('2026-06-28T03:04:47.000Z');
    expect(fromField('', zone)).toBe('');
  });

  it('takes what is typed as the time of the zone', () => {
    expect(fromField('2026-11-28T11:04', 'utc')).toBe('2026-11-28T11:04:00.000Z');
    expect(fromField('2026-11-28T11:04', 'local')).toBe(new Date(2026, 10, 28, 11, 4).toISOString());
  });
});
