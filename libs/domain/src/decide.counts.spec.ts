import { jobs, later, moved, noon, oneOfEach, rules } from '../test/jobs';
import type { JobCore, JobEvent, JobState } from './index';

type EventType = JobEvent['type'];

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const now = later(20 * SECOND);

/** In how many seconds it is due again; null when nobody looks at it by itself any more. */
const dueIn = ({ dueAt }: JobCore, from = now) => dueAt && (dueAt.getTime() - from.getTime()) / SECOND;

describe('A job that was tried twice and missed once', () => {
  const lastLook = later(-MINUTE);
  type Look = 'a look' | 'no look' | 'no look yet';
  const looks: Record<Look, Date | null> = { 'a look': now, 'no look': lastLook, 'no look yet': null };

  const table: Record<EventType, [from: JobState, tries: number, misses: number, seconds: number | null, look: Look]> =
    {
      claimed: ['queued', 2, 1, 60, 'no look'], // keeps its tries: the next pause goes on from there
      deferred: ['queued', 2, 1, 5, 'no look'],
      canceled: ['queued', 2, 1, null, 'no look'],

      accepted: ['submitting', 0, 0, 60, 'no look'],
      refused: ['submitting', 2, 1, null, 'no look'],
      throttled: ['submitting', 2, 1, 3, 'no look'],
      blocked: ['submitting', 3, 1, 20, 'no look'],
      not_sent: ['submitting', 3, 1, 4, 'no look'],
      never_sent: ['submitting', 2, 1, 0, 'no look'],
      outcome_unknown: ['submitting', 0, 1, 10, 'no look'],

      looked: ['unconfirmed', 3, 1, 10, 'a look'],
      reconsidered: ['unconfirmed', 0, 1, 0, 'no look'],
      resent: ['unconfirmed', 2, 1, 60, 'no look'],
      found: ['unconfirmed', 0, 0, 40, 'no look'], // counted from the send, 20 s ago
      proven_absent: ['unconfirmed', 0, 1, 0, 'a look'],
      undecidable: ['unconfirmed', 2, 1, null, 'a look'],

      event_received: ['processing', 0, 1, 0, 'no look'],
      read_running: ['processing', 3, 0, 480, 'a look'],
      read_succeeded: ['processing', 0, 0, null, 'a look'],
      read_failed: ['processing', 0, 0, null, 'a look'],
      read_missing: ['processing', 3, 2, 480, 'a look'],
      read_unavailable: ['processing', 3, 1, 4, 'no look'], // VOD said nothing
      read_stranger: ['processing', 3, 2, 4, 'a look'],
      vanished: ['processing', 2, 1, null, 'a look'],
      disowned: ['processing', 2, 1, null, 'a look'],
      deadline_passed: ['processing', 2, 1, null, 'a look'],

      adopted: ['held', 0, 0, 0, 'no look yet'],
      resubmitted: ['held', 0, 0, 0, 'no look yet'],
      given_up: ['held', 2, 1, null, 'no look'],
      retried: ['failed', 0, 0, 0, 'no look yet'],
      refetched: ['failed', 0, 0, 0, 'no look'],
    };
  const rows = Object.entries(table).map(([type, row]) => [type as EventType, ...row] as const);

  it.each(rows)(
    'has the counts, the alarm and the last look of the table after %s in %s',
    (type, state, ...expected) => {
      const [tries, misses, seconds, look] = expected;
      const next = moved({ ...jobs[state], tries: 2, misses: 1, lastReadAt: lastLook }, oneOfEach[type], now);
      expect([next.tries, next.misses, dueIn(next), next.lastReadAt]).toEqual([tries, misses, seconds, looks[look]]);
    },
  );

  it('is looked at again when the look says so, and on the ladder when it says nothing', () => {
    const again = (more: { againInMs?: number }) =>
      dueIn(moved(jobs.unconfirmed, { ...oneOfEach.looked, ...more }, now));
    expect([again({ againInMs: 45 * SECOND }), again({})]).toEqual([45, 10]);
  });
});

describe('A pause', () => {
  it.each<[EventType, JobState, number[]]>([
    ['blocked', 'submitting', [5, 10, 20, 40]],
    ['read_running', 'processing', [120, 240, 480, 600]],
    ['read_missing', 'processing', [120, 240, 480, 600]],
    ['read_unavailable', 'finished', [1, 2, 4, 8]],
    ['read_stranger', 'finished', [1, 2, 4, 8]],
  ])('grows while it is %s again and again', (type, state, seconds) => {
    let job: JobCore = jobs[state];
    const pauses = seconds.map(() => {
      job = moved({ ...job, state }, oneOfEach[type], now);
      return dueIn(job);
    });
    expect(pauses).toEqual(seconds);
  });

  it.each<[EventType, JobState, number, number]>([
    ['deferred', 'queued', 4.5, 5.5],
    ['blocked', 'submitting', 4.5, 5.5],
    ['not_sent', 'submitting', 0.9, 1.1],
    ['throttled', 'submitting', 2, 4], // never earlier than VOD asked for
    ['accepted', 'submitting', 54, 66],
    ['found', 'unconfirmed', 34, 46],
    ['read_running', 'processing', 108, 132],
    ['read_missing', 'processing', 108, 132],
    ['read_unavailable', 'processing', 0.9, 1.1],
    ['read_stranger', 'processing', 0.9, 1.1],
  ])('after %s in %s is spread from %d to %d s: a batch does not come back as one', (type, state, least, most) => {
    const dueWith = (chance: number) => dueIn(moved(jobs[state], oneOfEach[type], now, chance));
    expect([dueWith(0), dueWith(0.999_999)]).toEqual([least, most]);
  });

  it.each<[EventType, JobState]>([
    ['accepted', 'unconfirmed'],
    ['read_running', 'processing'],
    ['read_missing', 'processing'],
  ])('after %s in %s ends at the deadline, which counts from the send', (type, state) => {
    const soon = later(rules.jobDeadlineMs - 10 * SECOND);
    expect(dueIn(moved(jobs[state], oneOfEach[type], soon), soon)).toBe(10);
  });

  it('is none after found so late that the job may be over for long', () => {
    expect(dueIn(moved(jobs.unconfirmed, oneOfEach.found, later(2 * MINUTE)), later(2 * MINUTE))).toBe(0);
  });
});

describe('The time of the send', () => {
  const eventSent = later(-MINUTE);
  const events = { ...oneOfEach, reconsidered: { ...oneOfEach.reconsidered, sentAt: eventSent } };

  it.each<[EventType, JobState, whenUnknown: Date]>([
    ['accepted', 'submitting', now],
    ['outcome_unknown', 'submitting', now],
    ['found', 'unconfirmed', now],
    ['reconsidered', 'queued', eventSent], // VOD had it by then
    ['event_received', 'submitting', now],
    ['adopted', 'held', now],
  ])('stays as it is known at %s in %s', (type, state, whenUnknown) => {
    expect(moved({ ...jobs[state], submittedAt: noon }, events[type], now).submittedAt).toEqual(noon);
    expect(moved({ ...jobs[state], submittedAt: null }, events[type], now).submittedAt).toEqual(whenUnknown);
  });

  it.each<[EventType, JobState]>([
    ['throttled', 'submitting'],
    ['blocked', 'submitting'],
    ['not_sent', 'submitting'],
    ['proven_absent', 'unconfirmed'],
    ['resubmitted', 'held'],
    ['retried', 'expired'],
  ])('is forgotten at %s in %s', (type, state) => {
    expect(moved({ ...jobs[state], submittedAt: noon }, oneOfEach[type], now).submittedAt).toBeNull();
  });
});

describe('The attempts that a client sees counted', () => {
  it.each<[what: string, state: JobState, attempt: number, before: number, type: EventType, after: number]>([
    ['was taken for absent and is answered after all', 'queued', 1, 0, 'accepted', 1],
    ['was taken for absent and may be what an event names', 'queued', 1, 0, 'reconsidered', 1],
    ['was taken for absent, the third, after one that was throttled', 'queued', 3, 1, 'accepted', 2],
    ['never went off the count', 'submitting', 3, 2, 'accepted', 2],
    ['never went off the count', 'unconfirmed', 3, 2, 'found', 2],
    ['never went off the count', 'unconfirmed', 3, 2, 'reconsidered', 2],
    ['is the only one there is', 'queued', 1, 1, 'accepted', 1],
    ['did not reach VOD', 'unconfirmed', 3, 2, 'proven_absent', 1],
  ])('one that %s: in %s, number %d, of %d counted, %s makes %d', (_, state, attempt, before, type, after) => {
    const event = { ...oneOfEach[type], attempt } as JobEvent;
    expect(moved({ ...jobs[state], attempt, attempts: before }, event)).toMatchObject({ attempt, attempts: after });
  });
});
