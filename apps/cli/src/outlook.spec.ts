import type { OutlookAnswer, StatsAnswer } from '@app/contract';
import { rate, tellOutlook, tellProgress } from './outlook';

const NOW = Date.parse('2026-11-28T12:00:00Z');
const at = (seconds: number) => new Date(NOW + seconds * 1000).toISOString();

const outlook = (more: Partial<OutlookAnswer>): OutlookAnswer => ({
  reason: 'in_line',
  late: false,
  ahead: 0,
  aheadIsAtLeast: false,
  perSecond: null,
  expectedAt: null,
  circuit: null,
  closedQueue: null,
  cap: null,
  ...more,
});

const progress = (more: Partial<NonNullable<StatsAnswer['progress']>>) => ({
  total: 1_000,
  succeeded: 400,
  failed: 100,
  held: 0,
  open: 500,
  perSecond: null,
  expectedAt: null,
  basis: null,
  ...more,
});

describe('Why a job waits', () => {
  it.each<[Partial<OutlookAnswer>, string | null]>([
    [
      { ahead: 14_058, perSecond: 29.2, expectedAt: at(481) },
      '14,058 are before it; at 29 a second it is sent in about 8 min',
    ],
    [{ ahead: 1, perSecond: 30, expectedAt: at(0) }, '1 is before it; at 30 a second it is sent in a moment'],
    [{ ahead: 100_000, aheadIsAtLeast: true }, 'more than 100,000 are before it; none was sent within the last minute'],
    [{ ahead: null, expectedAt: at(5) }, 'other reads are before it; it is read in 5 s'],
    [{ reason: 'no_worker' }, 'no worker serves cn-shanghai'],
    [{ reason: 'cap', cap: { jobs: 50, most: 50 } }, 'as many jobs of its type as allowed are at VOD (50 of 50)'],
    [{ reason: 'backs_off', expectedAt: at(20) }, 'its last try did not go through; next try in 20 s'],
    [
      {
        reason: 'throttled',
        closedQueue: { queue: 'submit', region: 'cn-shanghai', code: 'Throttling', until: at(3) },
      },
      'VOD has asked for fewer calls; the queue goes on in 3 s',
    ],
    [
      {
        reason: 'circuit',
        circuit: { region: 'cn-shanghai', code: 'Forbidden', message: 'no', openedAt: at(-60), probeAt: at(5) },
      },
      'the account cannot submit in cn-shanghai (Forbidden: no)',
    ],
    [
      { reason: 'stalled', late: true },
      'late: a worker of cn-shanghai should have taken it; look at its log and its /readyz',
    ],
    [{ reason: 'next' }, null],
  ])('is said with its cause: %j', (more, words) => {
    expect(tellOutlook(outlook(more), 'cn-shanghai', NOW)).toBe(words);
  });

  it('names a slow rate by the minute', () => {
    expect([30, 1, 0.5, 0.05, 0.001].map(rate)).toEqual(['30 a second', '1 a second', '30 a minute', '3 a minute', '0.06 a minute']); // prettier-ignore
  });
});

describe('How far a batch is', () => {
  it.each<[ReturnType<typeof progress>, string]>([
    [progress({ perSecond: 5, expectedAt: at(100), basis: 'settling' }), 'Done in about 1 min: 5 a second end.'],
    [
      progress({ expectedAt: at(3_600), basis: 'queue' }),
      'None has ended of late; the last of them is sent in about 1 h.',
    ],
    [progress({}), 'When it is done is unknown: nothing moves.'],
    [progress({ open: 0 }), 'Done.'],
    [progress({ open: 0, held: 2 }), 'Done but for those that wait for a person.'],
  ])('says when it is done: %j', (far, words) => {
    expect(tellProgress(far, NOW)[1]).toBe(words);
  });

  it('is a bar of what is over', () => {
    expect(tellProgress(progress({ held: 3 }), NOW)[0]).toBe(
      '████████████░░░░░░░░░░░░ 50 % of 1,000 jobs: 400 succeeded, 100 failed or otherwise over, 3 held for a person, 500 open.',
    );
    expect(tellProgress(progress({ total: 0 }), NOW)).toEqual(['no jobs']);
  });
});
