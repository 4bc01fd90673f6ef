import { at, eventTypes, jobs, later, moved, noon, oneOfEach, pairs, rules } from '../test/jobs';
import { CAPPED_RETRY_MS, NOTICE_GAP_MS } from './alarms';
import { decide, isSettled, isSilent, operatorEvents, type JobCore, type JobEvent } from './index';

const isOperators = (type: string) => (operatorEvents as readonly string[]).includes(type);
const ignored = (job: JobCore, reason: string) => ({ outcome: 'ignored', state: job.state, reason });

describe('Every step of the table', () => {
  it.each(pairs)('$name, one version on, with an alarm unless it is silent', ({ job, event, to }) => {
    const decision = decide(Object.freeze(job), event, at());
    expect(decision).toMatchObject({
      outcome: 'moved',
      from: job.state,
      next: { state: to, version: job.version + 1 },
    });
    const next = moved(job, event);
    expect(next.dueAt === null).toBe(isSilent(to));
    expect(next.settledAt).toEqual(isSettled(to) ? noon : null);
    expect(isSettled(to) && next.finishedAt === null).toBe(false);
  });

  it.each(Object.values(jobs) as JobCore[])('$state ignores everything else', (job) => {
    const others = eventTypes.filter(
      (type) => !pairs.some((pair) => pair.job.state === job.state && pair.event.type === type),
    );
    for (const type of others) {
      expect(decide(job, oneOfEach[type], at())).toEqual(ignored(job, 'no_such_step'));
    }
  });
});

describe('What does not concern this job', () => {
  const fenced = pairs.filter(({ event }) => 'attempt' in event);
  it.each(fenced)('an older attempt: $name', ({ job, event }) => {
    const second = { ...job, attempt: 2, attempts: 2 };
    expect(decide(second, event, at())).toEqual(ignored(second, 'older_attempt'));
  });

  const named = pairs.filter(({ job, event }) => 'vodJobId' in event && job.vodJobId !== null);
  it.each(named)('another VOD job: $name', ({ job, event }) => {
    const event2 = { ...event, vodJobId: 'vod-2' } as JobEvent;
    expect(decide(job, event2, at())).toEqual(ignored(job, 'another_vod_job'));
  });

  // What people do carries the version of the job that they saw.
  const seen = pairs.flatMap(({ job, event, name }) =>
    'version' in event || isOperators(event.type)
      ? [{ job, name, about: (version: number) => ({ ...event, version }) as JobEvent }]
      : [],
  );
  it.each(seen)('the job as it was before: $name', ({ job, about }) => {
    expect(decide(job, about(job.version - 1), at())).toEqual(ignored(job, 'older_look'));
    expect(decide(job, about(job.version), at())).toMatchObject({ outcome: 'moved' });
  });

  it('there are events of all kinds', () => {
    expect([fenced.length > 10, named.length > 8, seen.length > 10]).toEqual([true, true, true]);
  });
});

describe('A claim and its call', () => {
  it('takes the new number, counts an attempt, and sets the alarm to the lease', () => {
    const next = moved(jobs.queued, { type: 'claimed', number: 4 });
    expect(next).toMatchObject({ attempt: 4, attempts: 1, submittedAt: null, dueAt: later(rules.leaseMs) });
  });

  it('row 14: cannot be declared unsent once it was marked as sent', () => {
    const sent = { ...jobs.submitting, submittedAt: noon };
    expect(decide(sent, oneOfEach.never_sent, at())).toEqual(ignored(sent, 'was_sent'));
  });

  it.each(['throttled', 'blocked', 'not_sent'] as const)('%s is not an attempt, and its number stays spent', (type) => {
    const next = moved({ ...jobs.submitting, submittedAt: noon }, oneOfEach[type]);
    expect(next).toMatchObject({ state: 'queued', attempt: 1, attempts: 0, submittedAt: null });
  });

  it.each(['throttled', 'blocked', 'not_sent', 'refused'] as const)(
    '%s says nothing once two may be under way',
    (type) => {
      expect(decide(jobs.unconfirmed, oneOfEach[type], at())).toEqual(ignored(jobs.unconfirmed, 'no_such_step'));
    },
  );

  it('never_sent is not an attempt either, and the job is due at once', () => {
    expect(moved(jobs.submitting, oneOfEach.never_sent)).toMatchObject({ attempt: 1, attempts: 0, dueAt: noon });
  });

  it('waits at least as long as VOD asked for, and at most twice that', () => {
    const event: JobEvent = { type: 'throttled', attempt: 1, code: 'Throttling', retryAfterMs: 2000 };
    const dueWith = (chance: number) => {
      const decision = decide(jobs.submitting, event, { now: noon, chance, rules });
      return decision.outcome === 'moved' && decision.next.dueAt;
    };
    expect([dueWith(0), dueWith(0.999_999)]).toEqual([later(2000), later(4000)]);
  });

  it('a blocked account and a cap are asked again after their own pauses', () => {
    expect(moved(jobs.submitting, oneOfEach.blocked).dueAt).toEqual(later(CAPPED_RETRY_MS));
    expect(moved({ ...jobs.submitting, tries: 2 }, oneOfEach.blocked).dueAt).toEqual(later(4 * CAPPED_RETRY_MS));
    expect(moved(jobs.queued, oneOfEach.deferred).dueAt).toEqual(later(CAPPED_RETRY_MS));
  });

  it('backs off while nothing can be sent', () => {
    let job: JobCore = jobs.queued;
    const gaps = [1, 2, 3].map((number) => {
      job = moved(moved(job, { type: 'claimed', number }), { type: 'not_sent', attempt: number, cause: 'DNS' });
      return (job.dueAt?.getTime() ?? 0) - noon.getTime();
    });
    expect(gaps).toEqual([1000, 2000, 4000]);
    expect(job).toMatchObject({ attempt: 3, attempts: 0 });
  });
});

describe('A submission whose outcome is unknown', () => {
  it('is looked at on the ladder, counted from the send and not from the loss', () => {
    const sent = { ...jobs.submitting, submittedAt: noon };
    const unconfirmed = moved(sent, oneOfEach.outcome_unknown, later(5_000));
    expect(unconfirmed).toMatchObject({ state: 'unconfirmed', attempts: 1, submittedAt: noon, dueAt: later(10_000) });
    expect(moved(unconfirmed, oneOfEach.looked, later(10_000)).dueAt).toEqual(later(30_000));
  });

  it('is looked at as soon as the lease of its worker is over, when that lasts longer than the first look is away', () => {
    const sent = { ...jobs.submitting, submittedAt: noon };
    expect(moved(sent, oneOfEach.outcome_unknown, later(60_000)).dueAt).toEqual(later(60_000));
  });

  it('is believed when the answer comes after all, later than its lease', () => {
    const next = moved(jobs.unconfirmed, oneOfEach.accepted, later(5000));
    expect(next).toMatchObject({ state: 'processing', vodJobId: 'vod-1', submittedAt: noon, attempts: 1 });
  });

  it('may go again only with evidence, and then it was no attempt', () => {
    expect(moved(jobs.unconfirmed, oneOfEach.proven_absent)).toMatchObject({
      state: 'queued',
      attempts: 0,
      submittedAt: null,
      dueAt: noon,
    });
  });

  it('is held with the reason when nothing decides', () => {
    const held = moved(jobs.unconfirmed, oneOfEach.undecidable);
    expect(held.error).toEqual({ phase: 'recover', code: 'undecidable', message: oneOfEach.undecidable.reason });
    expect(moved(held, oneOfEach.event_received)).toMatchObject({ state: 'finished', vodJobId: 'vod-1', error: null });
    expect(moved(held, oneOfEach.resubmitted)).toMatchObject({ state: 'queued', attempts: 1, submittedAt: null });
    expect(moved(held, oneOfEach.given_up).error).toMatchObject({ phase: 'recover', code: 'given_up' });
  });
});

describe("VOD's event", () => {
  it('that overtakes the answer to our own call brings the JobId, and the answer changes nothing any more', () => {
    const finished = moved({ ...jobs.submitting, submittedAt: noon }, oneOfEach.event_received);
    expect(finished).toMatchObject({ state: 'finished', vodJobId: 'vod-1', eventStatus: 'success', dueAt: noon });
    expect(decide(finished, oneOfEach.accepted, at())).toEqual(ignored(finished, 'no_such_step'));
  });

  it('only makes it due: a success that VOD does not confirm goes back to processing and is forgotten', () => {
    const next = moved(jobs.finished, oneOfEach.read_running);
    expect(next).toMatchObject({ state: 'processing', eventStatus: null, finishedAt: null, settledAt: null });
  });

  it('loses against the read when the two disagree', () => {
    expect(moved({ ...jobs.finished, eventStatus: 'fail' }, oneOfEach.read_succeeded)).toMatchObject({
      state: 'succeeded',
      eventStatus: 'fail',
      error: null,
    });
    expect(moved(jobs.finished, oneOfEach.read_failed)).toMatchObject({
      state: 'failed',
      error: { phase: 'vod', code: 'NoAudio' },
    });
  });

  it('row 37: costs at most one read in the gap, however often it comes', () => {
    const justRead = { ...jobs.processing, lastReadAt: later(-1000) };
    expect(moved(justRead, oneOfEach.event_received).dueAt).toEqual(later(NOTICE_GAP_MS - 1000));
    const longAgo = { ...jobs.processing, lastReadAt: later(-NOTICE_GAP_MS) };
    expect(moved(longAgo, oneOfEach.event_received).dueAt).toEqual(noon);
  });

  it.each([
    ['processing', 'deadline_passed', 'event_received'],
    ['processing', 'vanished', 'event_received'],
    ['finished', 'disowned', 'event_received'],
    ['unconfirmed', 'undecidable', 'reconsidered'],
    ['unconfirmed', 'proven_absent', 'reconsidered'],
  ] as const)('row 37: costs no more than that in %s, when the look ends with %s', (state, last, bell) => {
    const ended = moved(jobs[state], { ...oneOfEach[last], version: jobs[state].version } as JobEvent);
    expect(moved(ended, oneOfEach[bell], later(1)).dueAt).toEqual(later(NOTICE_GAP_MS));
  });

  it('reopens what expired, however late', () => {
    const next = moved(jobs.expired, oneOfEach.event_received, later(1e9));
    expect(next).toMatchObject({ state: 'finished', settledAt: null, dueAt: later(1e9), error: null });
    expect(moved(next, oneOfEach.read_succeeded, later(2e9))).toMatchObject({
      state: 'succeeded',
      settledAt: later(2e9),
    });
  });
});

describe('A read', () => {
  it('looks less and less often while VOD is at it', () => {
    let job: JobCore = jobs.processing;
    const gaps = [1, 2, 3, 4, 5].map(() => {
      job = moved(job, oneOfEach.read_running);
      return ((job.dueAt?.getTime() ?? 0) - noon.getTime()) / 60_000;
    });
    expect(gaps).toEqual([2, 4, 8, 10, 10]);
  });

  it('that fails on the way is tried again soon and counts neither as a look at VOD nor as a miss', () => {
    const next = moved(jobs.finished, oneOfEach.read_unavailable);
    expect(next).toMatchObject({ state: 'finished', misses: 0, lastReadAt: null, dueAt: later(1000) });
  });

  it('counts the misses in a row, and forgets them when VOD knows the job', () => {
    const twice = moved(moved(jobs.processing, oneOfEach.read_missing), oneOfEach.read_missing);
    expect(twice).toMatchObject({ state: 'processing', misses: 2 });
    expect(moved(twice, oneOfEach.read_running).misses).toBe(0);
  });

  it('keeps a success whose data is unusable, and says so', () => {
    const result = { ...oneOfEach.read_succeeded.result, problem: 'not JSON' };
    expect(moved(jobs.processing, { ...oneOfEach.read_succeeded, result })).toMatchObject({
      state: 'succeeded',
      error: { phase: 'result', code: 'unusable_data', message: 'not JSON' },
    });
  });

  it("believes VOD's own time of the end, then that of its event, then ours", () => {
    const ended = later(-60_000);
    expect(moved(jobs.finished, { ...oneOfEach.read_failed, completedAt: ended }).finishedAt).toEqual(ended);
    expect(moved(jobs.finished, oneOfEach.read_failed, later(9)).finishedAt).toEqual(noon);
    expect(moved(jobs.processing, oneOfEach.read_failed, later(9)).finishedAt).toEqual(later(9));
  });
});

describe('A person', () => {
  it('who retries gets a new attempt, and nothing of the old one is believed', () => {
    const again = moved({ ...jobs.failed, error: { phase: 'vod', code: 'X', message: '' } }, oneOfEach.retried);
    expect(again).toMatchObject({ state: 'queued', vodJobId: null, submittedAt: null, error: null, attempt: 1 });
    const second = moved(again, { type: 'claimed', number: 2 });
    expect(second).toMatchObject({ attempt: 2, attempts: 2 });
    expect(decide(second, oneOfEach.refused, at())).toEqual(ignored(second, 'older_attempt'));
  });

  it('who fetches the result again changes no attempt and no JobId', () => {
    expect(moved(jobs.succeeded, oneOfEach.refetched)).toMatchObject({
      state: 'finished',
      attempt: 1,
      attempts: 1,
      vodJobId: 'vod-1',
      settledAt: null,
    });
  });

  it('cannot fetch the result of a job that VOD never had', () => {
    const refused = moved(jobs.submitting, oneOfEach.refused);
    expect(decide(refused, oneOfEach.refetched, at())).toEqual(ignored(refused, 'nothing_to_read'));
  });
});

describe('Why a job waits or failed', () => {
  const errors: [JobCore, JobEvent, JobCore['error']][] = [
    // VOD's own code where VOD named one.
    [jobs.submitting, oneOfEach.refused, { phase: 'submit', code: 'InvalidVideo.NotFound', message: 'no such video' }],
    [jobs.processing, oneOfEach.read_failed, { phase: 'vod', code: 'NoAudio', message: 'no audio track' }],
    [
      jobs.processing,
      oneOfEach.deadline_passed,
      { phase: 'vod', code: 'deadline_passed', message: 'VOD had not finished the job by its deadline' },
    ],
    [
      jobs.unconfirmed,
      oneOfEach.undecidable,
      { phase: 'recover', code: 'undecidable', message: 'two jobs of this media are candidates' },
    ],
    [
      jobs.finished,
      oneOfEach.vanished,
      { phase: 'recover', code: 'vanished', message: 'VOD did not know the JobId in 5 reads in a row' },
    ],
    [
      jobs.finished,
      oneOfEach.disowned,
      { phase: 'recover', code: 'not_ours', message: 'VOD answered about another media, in 3 reads in a row' },
    ],
    [jobs.held, oneOfEach.given_up, { phase: 'recover', code: 'given_up', message: 'the video was deleted' }],
    [jobs.held, { type: 'given_up' }, { phase: 'recover', code: 'given_up', message: 'given up by a person' }],
  ];
  const named = errors.map(([job, event, error]) => ({ job, event, error, name: `${event.type} in ${job.state}` }));
  it.each(named)('is told after $name', ({ job, event, error }) => {
    expect(moved(job, event).error).toEqual(error);
  });

  it('stays while the job waits and is gone once it moves on', () => {
    const error = { phase: 'result', code: 'x', message: 'y' } as const;
    expect(moved({ ...jobs.finished, error }, oneOfEach.read_unavailable).error).toEqual(error);
    expect(moved({ ...jobs.finished, error }, oneOfEach.read_running).error).toBeNull();
  });
});
