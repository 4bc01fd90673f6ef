import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventTypes } from '../test/jobs';
import {
  atVodStates,
  handedOutStates,
  isAtVod,
  isSettled,
  isSilent,
  jobStates,
  listeningStates,
  nextState,
  operatorEvents,
  readableStates,
  settledStates,
  silentStates,
  statesFor,
  transitions,
  unidentifiedStates,
  verdictStates,
  type JobState,
} from './index';

/** The table as lines of the diagram in docs/lifecycle.md. */
const edges = (Object.keys(transitions) as JobState[]).flatMap((from) =>
  Object.entries(transitions[from]).map(([event, to]) => ({ from, event, to })),
);
const isOperators = (event: string) => (operatorEvents as readonly string[]).includes(event);

/** What the table says of a state; the sets are lists, because SQL and people read them. A new state shows here which it lacks in. */
describe('The sets of states', () => {
  const those = (belongs: (state: JobState) => boolean) => jobStates.filter(belongs).toSorted();
  const has = (set: readonly JobState[], state: JobState) => set.includes(state);
  const can = (state: JobState, ...events: (typeof eventTypes)[number][]) =>
    events.some((event) => nextState(state, event) !== null);
  const leadsTo = (event: string) =>
    new Set<JobState>(edges.filter((edge) => edge.event === event).map(({ to }) => to));

  it.each<[string, readonly JobState[], (state: JobState) => boolean]>([
    [
      'over: only a person or a late event moves them',
      settledStates,
      (state) => has(silentStates, state) && state !== 'held',
    ],
    [
      'at VOD: everything with an alarm that has been claimed',
      atVodStates,
      (state) => !has(silentStates, state) && state !== 'queued',
    ],
    ['readable: a read means something', readableStates, (state) => can(state, 'read_running')],
    [
      'with a verdict: a read has led there',
      verdictStates,
      (state) => leadsTo('read_succeeded').has(state) || leadsTo('read_failed').has(state),
    ],
    [
      'unidentified: an answer or an event of VOD would name the job, and it may have been sent',
      unidentifiedStates,
      (state) => can(state, 'accepted') && state !== 'queued',
    ],
    [
      'handed out: everything with an alarm, except the claim itself',
      handedOutStates,
      (state) => !has(silentStates, state) && state !== 'submitting',
    ],
    [
      'listening: an event says something new about a job whose JobId is known',
      listeningStates,
      (state) => can(state, 'event_received') && !can(state, 'accepted'),
    ],
  ])('are complete: %s', (_name, set, belongs) => {
    expect(set.toSorted()).toEqual(those(belongs));
  });

  it.each(jobStates)('are asked by name: %s', (state) => {
    expect([isAtVod(state), isSettled(state), isSilent(state)]).toEqual([
      has(atVodStates, state),
      has(settledStates, state),
      has(silentStates, state),
    ]);
  });
});

describe('The table of transitions', () => {
  it('reaches every state from queued', () => {
    const reached = new Set<string>(['queued']);
    for (const from of reached) for (const edge of edges) if (edge.from === from) reached.add(edge.to);
    expect([...reached].toSorted()).toEqual([...jobStates].toSorted());
  });

  it('leads every job that nobody holds to its end without a person', () => {
    const ends = new Set<string>(silentStates);
    const leads = new Set<string>(ends);
    for (let known = 0; known < leads.size;) {
      known = leads.size;
      for (const { from, event, to } of edges) if (!isOperators(event) && leads.has(to)) leads.add(from);
    }
    expect(jobStates.filter((state) => !leads.has(state))).toEqual([]);
  });

  it('gives every state with an alarm an event that moves it on, not only back to itself', () => {
    for (const state of jobStates.filter((each) => !(silentStates as readonly string[]).includes(each))) {
      expect([
        state,
        edges.some(({ from, event, to }) => from === state && to !== state && !isOperators(event)),
      ]).toEqual([state, true]);
    }
  });

  it('knows exactly the events that can be sent', () => {
    const inTable = new Set<string>(edges.map(({ event }) => event));
    expect([...inTable].toSorted()).toEqual([...eventTypes].toSorted());
  });

  it('lets nothing but a person move a settled job, except that a late event reopens an expired one', () => {
    const byThemselves = edges.filter(
      ({ from, event }) => (settledStates as readonly string[]).includes(from) && !isOperators(event),
    );
    expect(byThemselves).toEqual([{ from: 'expired', event: 'event_received', to: 'finished' }]);
  });

  it('settles by what VOD says when it is asked, never by its event', () => {
    expect(edges.filter(({ to }) => to === 'succeeded').map(({ event }) => event)).toEqual([
      'read_succeeded',
      'read_succeeded',
    ]);
    expect(new Set(edges.filter(({ event }) => event === 'event_received').map(({ to }) => to))).toEqual(
      new Set(['finished']),
    );
  });

  it('names a step for every pair that it has and none for the others', () => {
    for (const state of jobStates) {
      for (const event of eventTypes) {
        const edge = edges.find((each) => each.from === state && each.event === event);
        expect(nextState(state, event)).toBe(edge?.to ?? null);
        expect(statesFor(event).includes(state)).toBe(edge !== undefined);
      }
    }
  });
});

describe('docs/lifecycle.md', () => {
  const page = readFileSync(join(__dirname, '../../../docs/lifecycle.md'), 'utf8');

  it('draws the table, edge by edge', () => {
    const [, diagram] = /```mermaid\nstateDiagram-v2\n([\s\S]*?)```/.exec(page) ?? [];
    const lines = (diagram ?? '').split('\n').map((line) => line.trim());
    const drawn = lines.filter((line) => line !== '' && !line.includes('[*]'));
    expect(drawn.toSorted()).toEqual(edges.map(({ from, event, to }) => `${from} --> ${to}: ${event}`).toSorted());
  });

  it('has a paragraph for every state, in the order in which a job meets them', () => {
    const told = [...page.matchAll(/^### `(\w+)`\n\n\S/gm)].map(([, state]) => state);
    expect(told).toEqual(jobStates);
  });
});
