import { at, jobs, oneOfEach } from '../test/jobs';
import { billSoFar, decide, type JobCore, type JobEvent } from './index';

/** The job after these events, each of which has to do something. */
function after(job: JobCore, ...events: JobEvent[]): JobCore {
  return events.reduce((before, event) => {
    const decision = decide(before, event, at());
    if (decision.outcome === 'ignored') throw new Error(`${event.type} was ignored in ${before.state}`);
    return decision.next;
  }, job);
}

const { claimed, refused, accepted, not_sent, retried, canceled, undecidable, given_up } = oneOfEach;
const { read_failed, read_succeeded, deadline_passed } = oneOfEach;

describe('What VOD bills for a job so far', () => {
  it.each<[string, JobEvent[]]>([
    ['that was never sent', [canceled]],
    ['of which no byte left', [claimed, not_sent, canceled]],
    ['that VOD refused', [claimed, refused]],
    ['that VOD failed', [claimed, accepted, read_failed]],
    ['that VOD refused twice', [claimed, refused, retried, { ...claimed, number: 2 }, { ...refused, attempt: 2 }]],
  ])('is nothing for one %s', (_, events) => {
    expect(billSoFar(after(jobs.queued, ...events))).toBe('nothing');
  });

  it.each<[string, JobEvent[]]>([
    ['that expired', [claimed, accepted, deadline_passed]],
    ['that is held', [claimed, oneOfEach.outcome_unknown, undecidable]],
    ['that a person gave up', [claimed, oneOfEach.outcome_unknown, undecidable, given_up]],
    ['that was canceled after it had expired', [claimed, accepted, deadline_passed, retried, canceled]],
  ])('may be something for one %s', (_, events) => {
    expect(billSoFar(after(jobs.queued, ...events))).toBe('maybe');
  });

  it('is one attempt for one that succeeded', () => {
    expect(billSoFar(after(jobs.queued, claimed, accepted, read_succeeded))).toBe('once');
  });
});
