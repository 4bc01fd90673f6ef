import fc from 'fast-check';
import { later, noon, rules } from '../test/jobs';
import { after, backOff, firstPoll, firstRecoveryLook, isPast, nextPoll, nextRecoveryLook, retryGap } from './alarms';

const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const tries = fc.integer({ min: 0, max: 5000 });
const duration = fc.integer({ min: 1, max: 48 * 3_600_000 });
const runs = { numRuns: 2000 };

describe('Back-off', () => {
  it('doubles from the first gap to the longest', () => {
    const gaps = [0, 1, 2, 3, 4, 5, 1000].map((n) => backOff(n, 60_000, 600_000, 0.5));
    expect(gaps).toEqual([60_000, 120_000, 240_000, 480_000, 600_000, 600_000, 600_000]);
  });

  it('spreads by a tenth to both sides and no further', () => {
    expect(backOff(0, 1000, 60_000, 0)).toBe(900);
    expect(backOff(0, 1000, 60_000, 0.999_999)).toBe(1100);
  });

  it('stays between nine tenths of the first gap and eleven tenths of the longest, whatever the numbers', () => {
    fc.assert(
      fc.property(tries, duration, duration, chance, (n, a, b, c) => {
        const [first, max] = a < b ? [a, b] : [b, a];
        const gap = backOff(n, first, max, c);
        expect(gap).toBeGreaterThanOrEqual(Math.floor(first * 0.9));
        expect(gap).toBeLessThanOrEqual(Math.ceil(max * 1.1));
      }),
      runs,
    );
  });

  it('asks VOD again after a second at first and at least once a minute', () => {
    expect(retryGap(0, 0.5)).toBe(1000);
    expect(retryGap(50, 0.5)).toBe(60_000);
  });
});

describe('The next poll', () => {
  it('is in the future and never later than the deadline, so that the last read is on time', () => {
    fc.assert(
      fc.property(tries, chance, fc.integer({ min: 0, max: 2 * rules.jobDeadlineMs }), (n, c, ageMs) => {
        const submittedAt = later(-ageMs);
        const poll = nextPoll(rules, noon, n, submittedAt, c);
        expect(poll.getTime()).toBeGreaterThan(noon.getTime());
        const deadline = after(submittedAt, rules.jobDeadlineMs);
        expect(deadline <= noon || poll <= deadline).toBe(true);
      }),
      runs,
    );
  });

  it('falls on the deadline when the back-off would pass it', () => {
    const submittedAt = later(1000 - rules.jobDeadlineMs);
    expect(nextPoll(rules, noon, 0, submittedAt, 0.5)).toEqual(later(1000));
  });

  it('comes after the longest gap again once the deadline has passed', () => {
    expect(nextPoll(rules, noon, 9, later(-2 * rules.jobDeadlineMs), 0.5)).toEqual(later(rules.pollMaxMs));
  });
});

describe('The first look at a job that was found', () => {
  it('is counted from the send', () => {
    expect(firstPoll(rules, later(1000), noon, 0.5)).toEqual(later(rules.pollFirstMs));
  });

  it('is at once when that has passed', () => {
    expect(firstPoll(rules, later(rules.pollFirstMs * 2), noon, 0.5)).toEqual(later(rules.pollFirstMs * 2));
  });
});

describe('The looks of the recovery ladder', () => {
  it('begin at once when the lease of a worker that is gone has outlasted the first', () => {
    const looks = [0, 9_999, 60_000, 7_200_000].map((ms) => firstRecoveryLook(rules, later(ms), noon));
    expect(looks).toEqual([later(10_000), later(10_000), later(60_000), later(7_200_000)]);
  });

  it('come at their distances from the send, then at the end of the grace period, then every so often', () => {
    const looks = [0, 10_000, 30_000, 120_000, 1_200_000].map((ms) => nextRecoveryLook(rules, later(ms), noon));
    expect(looks).toEqual([later(10_000), later(30_000), later(120_000), later(1_200_000), later(1_230_000)]);
  });
});

describe('A span of time', () => {
  it('is past from its last millisecond on, and never without a beginning', () => {
    expect(isPast(later(999), noon, 1000)).toBe(false);
    expect(isPast(later(1000), noon, 1000)).toBe(true);
    expect(isPast(noon, null, 0)).toBe(false);
  });
});
