import type { EventItem } from '@app/contract';
import { foldRuns, momentsOf, type HistoryItem, type Submission } from './timeline';

const T0 = Date.parse('2026-11-25T12:00:00Z');
const at = (ms: number) => new Date(T0 + ms).toISOString();

function lines(...events: [event: string, ms: number, more?: Partial<HistoryItem>][]): HistoryItem[] {
  return events.map(([event, ms, more], index) => ({
    at: at(ms),
    event,
    text: event,
    from: 'queued',
    to: 'queued',
    version: index + 1,
    attempt: 1,
    actor: null,
    detail: {},
    ...more,
  }));
}

const event = (id: string, ms: number) => ({ id, receivedAt: at(ms) }) as EventItem;
const submission = (number: number) => ({ number, types: ['AIVideoTag'] }) as unknown as Submission;
const told = (moments: ReturnType<typeof momentsOf>) => moments.map(({ line, event: one }) => line?.event ?? one?.id);

describe('the timeline of a job', () => {
  it('tells what happened in order, with the time since the moment before', () => {
    const moments = momentsOf({ history: lines(['created', 0], ['claimed', 50], ['accepted', 300]) });
    expect(moments.map(({ gapMs }) => gapMs)).toEqual([null, 50, 250]);
  });

  it('shows each attempt with its call, and each event with what it changed', () => {
    const history = lines(
      ['claimed', 0, { attempt: 1 }],
      ['claimed', 10, { attempt: 3 }],
      ['event_received', 20, { detail: { eventId: 'e1' } }],
    );
    const moments = momentsOf({ history, submissions: [1, 2, 3].map(submission), events: [event('e1', 19)] });
    expect(moments.map((moment) => moment.submission?.number ?? moment.event?.id)).toEqual([1, 3, 'e1']);
  });

  it('puts an event that changed nothing where it came in, and keeps the order of the history', () => {
    const history = lines(['created', 0], ['read_succeeded', 90], ['refetched', 80]);
    const moments = momentsOf({ history, events: [event('late', 500), event('early', 5)] });
    expect(told(moments)).toEqual(['created', 'early', 'read_succeeded', 'refetched', 'late']);
    expect(moments.map(({ gapMs }) => gapMs)).toEqual([null, 5, 85, 0, 420]);
  });

  it('names the person who did something, and not the client who asked for the job', () => {
    const moments = momentsOf({ history: lines(['created', 0, { actor: 'shop' }], ['retried', 1, { actor: 'ada' }]) });
    expect(moments.map(({ person }) => person)).toEqual([null, 'ada']);
  });

  it('folds what says the same many times, but for its ends', () => {
    const looks = Array.from({ length: 40 }, (_, index): [string, number] => ['read_running', index]);
    const stretches = foldRuns(momentsOf({ history: lines(['accepted', 0], ...looks, ['read_succeeded', 99]) }));
    expect(stretches.map(({ folded, moments }) => [folded, moments.length])).toEqual([
      [false, 3],
      [true, 35],
      [false, 4],
    ]);
  });

  it('folds attempts that were not let through, whatever their order', () => {
    const pairs = Array.from({ length: 10 }, (): [string, number][] => [
      ['claimed', 0],
      ['blocked', 0],
    ]).flat();
    expect(foldRuns(momentsOf({ history: lines(...pairs) })).map(({ moments }) => moments.length)).toEqual([2, 15, 3]);
  });

  it('folds events that changed nothing, and leaves out those that a line of the history counts', () => {
    const flood = Array.from({ length: 12 }, (_, index) => event(`e${index}`, 100 + index));
    const history = lines(['accepted', 0], ['read_succeeded', 90]);
    expect(foldRuns(momentsOf({ history, events: flood })).map(({ moments }) => moments.length)).toEqual([4, 7, 3]);

    const counted = lines(
      ['event_received', 0, { detail: { eventId: 'first' } }],
      ['folded', 10_000, { detail: { count: 12, until: at(30_000) } }],
      ['event_received', 40_000, { detail: { eventId: 'last' } }],
    );
    const events = ['first', 'second', 'third', 'fourth', 'last', 'after'].map((id, index) => event(id, index * 9_000));
    expect(told(momentsOf({ history: counted, events }))).toEqual([
      'event_received',
      'folded',
      'event_received',
      'after',
    ]);
  });

  it('folds nothing that is short', () => {
    const stretches = foldRuns(momentsOf({ history: lines(['created', 0], ['claimed', 1], ['accepted', 2]) }));
    expect(stretches).toMatchObject([{ folded: false, moments: { length: 3 } }]);
    expect(foldRuns([])).toEqual([]);
  });
});
