import { jobs, later, oneOfEach, rules } from '../test/jobs';
import { MISSES_BEFORE_HELD, STRANGERS_BEFORE_HELD } from './alarms';
import { eventOfReading, type JobCore, type Reading } from './index';

describe('What VOD said of a job', () => {
  const eventOf = (reading: Reading, job: Partial<JobCore> = {}, ageMs = 0) =>
    eventOfReading({ ...jobs.processing, ...job }, 'vod-1', reading, { now: later(ageMs), rules });

  it('is running: a look, until the deadline has passed', () => {
    const running: Reading = { kind: 'running', status: 'Analysing' };
    expect(eventOf(running, {}, rules.jobDeadlineMs - 1)).toEqual(oneOfEach.read_running);
    expect(eventOf(running, {}, rules.jobDeadlineMs)).toEqual({ type: 'deadline_passed' });
  });

  it('is over: the last read is believed even after the deadline', () => {
    const { result } = oneOfEach.read_succeeded;
    const { code, message } = oneOfEach.read_failed;
    expect(eventOf({ kind: 'succeeded', result, completedAt: null }, {}, 1e12)).toEqual(oneOfEach.read_succeeded);
    expect(eventOf({ kind: 'failed', code, message, completedAt: null }, {}, 1e12)).toEqual(oneOfEach.read_failed);
  });

  it('does not know it: a miss, and vanished only after several in a row and the grace period', () => {
    const misses = MISSES_BEFORE_HELD - 1;
    const grace = rules.recoverGraceMs;
    expect(eventOf({ kind: 'missing' }, { misses: misses - 1 }, grace)).toEqual(oneOfEach.read_missing);
    expect(eventOf({ kind: 'missing' }, { misses }, grace - 1)).toEqual(oneOfEach.read_missing);
    expect(eventOf({ kind: 'missing' }, { misses }, grace)).toEqual({ type: 'vanished', misses: MISSES_BEFORE_HELD });
  });

  it("is another media's: asked again, and disowned after several in a row, without a grace period", () => {
    const { cause } = oneOfEach.read_stranger;
    const after = (misses: number) => eventOf({ kind: 'stranger', cause }, { misses });
    expect(after(0)).toEqual(oneOfEach.read_stranger);
    expect(after(STRANGERS_BEFORE_HELD - 2)).toEqual(oneOfEach.read_stranger);
    expect(after(STRANGERS_BEFORE_HELD - 1)).toEqual({ type: 'disowned', misses: STRANGERS_BEFORE_HELD, cause });
    expect(after(STRANGERS_BEFORE_HELD)).toEqual({ type: 'disowned', misses: STRANGERS_BEFORE_HELD + 1, cause });
  });

  it('could not be heard: nothing is concluded from that, not even from the deadline', () => {
    expect(eventOf({ kind: 'unavailable', cause: 'HTML' }, {}, 1e12)).toEqual({
      type: 'read_unavailable',
      cause: 'HTML',
    });
  });

  it('is refused: that alone says nothing, and after the deadline nobody asks for ever', () => {
    const refused = { kind: 'unavailable', cause: 'refused: InvalidJobId', isRefused: true } as const;
    expect(eventOf(refused, {}, rules.jobDeadlineMs - 1)).toEqual({ type: 'read_unavailable', cause: refused.cause });
    expect(eventOf(refused, {}, rules.jobDeadlineMs)).toEqual({ type: 'deadline_passed' });
  });
});
