import { isSettled, jobStates, outlookOf, type JobState, type Surroundings } from './index';

const NOW = Date.parse('2026-11-28T12:00:00Z');
const at = (ms: number) => new Date(NOW + ms);
const waits = (ms: number, state: JobState = 'queued') => ({ state, dueAt: at(ms) });

const HOUR = 3_600_000;
const around: Surroundings = {
  worker: true,
  circuit: false,
  closedUntil: null,
  capped: false,
  backsOff: false,
  ahead: 0,
  perSecond: 30,
  moves: true,
};

/** The outlook of a job that was due long ago, in a word, and its time in seconds from now. */
function seen(more: Partial<Surroundings>, job = waits(-HOUR)): [string, boolean, number | null] {
  const { reason, late, expectedAt } = outlookOf(job, { ...around, ...more }, NOW);
  return [reason, late, expectedAt && (expectedAt.getTime() - NOW) / 1000];
}

describe('The outlook of a job that waits', () => {
  it('is its place in the line behind the quota, and it is not late, however long ago it was due', () => {
    expect(seen({ ahead: 14_100, perSecond: 30 })).toEqual(['in_line', false, 470]);
    expect(seen({ ahead: 5, perSecond: null })).toEqual(['in_line', false, null]);
    expect(seen({})).toEqual(['next', false, 0]);
  });

  it('is the cause that holds it up, and nobody is late for that', () => {
    const stuck = { ahead: 100, moves: false, perSecond: null };
    expect(seen({ ...stuck, worker: false })).toEqual(['no_worker', false, null]);
    expect(seen({ ...stuck, circuit: true })).toEqual(['circuit', false, null]);
    expect(seen({ ...stuck, capped: true })).toEqual(['cap', false, null]);
    expect(seen({ ahead: 60, closedUntil: at(5_000) })).toEqual(['throttled', false, 7]);
    expect(seen({ backsOff: true }, waits(20_000))).toEqual(['backs_off', false, 20]);
    // Of several the one that has to go first.
    expect(seen({ ...stuck, worker: false, circuit: true, capped: true })[0]).toBe('no_worker');
    expect(seen({ ...stuck, circuit: true, closedUntil: at(1_000), capped: true })[0]).toBe('circuit');
  });

  it('is late when a living worker should have taken it, nothing holds it up, and nothing moves', () => {
    expect(seen({ moves: false })).toEqual(['stalled', true, null]);
    expect(seen({ moves: false }, waits(-59_000))).toEqual(['next', false, 0]);
    expect(seen({ moves: false, ahead: 3_000 }, waits(-120_000))[0]).toBe('in_line'); // they take 100 s
    expect(seen({ moves: false, ahead: 3_000 }, waits(-170_000))[0]).toBe('stalled');
  });

  it('is its time while that lies ahead: a queued job may have been handed out by then, so it is in line', () => {
    expect(seen({}, waits(40_000, 'processing'))).toEqual(['scheduled', false, 40]);
    expect(seen({}, waits(40_000))).toEqual(['next', false, 0]);
  });

  it('of a read does not ask what only submitting needs', () => {
    expect(seen({ circuit: true, capped: true, ahead: 20, perSecond: 200 }, waits(-1_000, 'processing'))).toEqual([
      'in_line',
      false,
      0.1,
    ]);
    expect(seen({ worker: false }, waits(-HOUR, 'finished'))[0]).toBe('no_worker');
  });

  it.each(jobStates)('has no time and is not late without an alarm, in %s', (state) => {
    const reason = isSettled(state) ? 'over' : 'held';
    expect(outlookOf({ state, dueAt: null }, around, NOW)).toEqual({ reason, late: false, expectedAt: null });
  });

  it.each<[what: string, Partial<Surroundings>, ReturnType<typeof waits>, ReturnType<typeof seen>]>([
    ['has waited out its pause: its turn', { backsOff: true }, waits(-1), ['next', false, 0]],
    ['has waited out its pause this moment: its turn', { backsOff: true }, waits(0), ['next', false, 0]],
    ['is due this moment: its turn', {}, waits(0, 'processing'), ['next', false, 0]],
    [
      'is the first when the queue goes on',
      { closedUntil: at(5_000), perSecond: null },
      waits(-HOUR),
      ['throttled', false, 5],
    ],
    [
      'is behind others when the queue goes on',
      { closedUntil: at(5_000), ahead: 9, perSecond: null },
      waits(-HOUR),
      ['throttled', false, null],
    ],
    ['is behind others of whom none is taken', { ahead: 5, perSecond: 0 }, waits(-HOUR), ['in_line', false, null]],
  ])('of one that %s', (_, more, job, outlook) => {
    expect(seen(more, job)).toEqual(outlook);
  });
});
