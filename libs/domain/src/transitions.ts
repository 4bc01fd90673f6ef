import type { JobState } from './job';

/**
 * The life of a job, as data. Read it top to bottom: that is the order in which a job meets its states.
 * A pair that is not here is ignored, and that is an ordinary answer: events arrive late, twice and out of order.
 */
export const transitions = {
  queued: {
    claimed: 'submitting',
    deferred: 'queued', // a cap is reached or the account is blocked: not the job's fault, it only waits
    accepted: 'processing', // the answer came after all, when its attempt had been taken for absent
    reconsidered: 'unconfirmed', // an event of VOD came after its last attempt was taken for absent
    canceled: 'canceled',
  },

  submitting: {
    accepted: 'processing',
    event_received: 'finished', // the event overtook the answer to our own call
    refused: 'failed',
    throttled: 'queued', // refused before it was executed: not an attempt
    blocked: 'queued', // the account's trouble, not the job's
    not_sent: 'queued', // no byte left this machine
    never_sent: 'queued', // the worker died between its claim and its call
    outcome_unknown: 'unconfirmed', // may have been executed and billed: never repeated on a guess
  },

  unconfirmed: {
    // A late answer that says yes counts. One that says no speaks of one send only, and there may have been two.
    accepted: 'processing', // guard: one-no-is-not-enough
    event_received: 'finished',
    looked: 'unconfirmed',
    reconsidered: 'unconfirmed', // an event that may be it: whatever is being concluded just now is out of date
    resent: 'unconfirmed', // the very same signed request: VOD's gateway takes it once
    found: 'processing',
    proven_absent: 'queued', // the only way to a second submission without a person
    undecidable: 'held',
  },

  processing: {
    event_received: 'finished',
    read_running: 'processing',
    read_succeeded: 'succeeded', // the job was due and no event had come: the same read settles it
    read_failed: 'failed',
    read_missing: 'processing',
    read_unavailable: 'processing',
    read_stranger: 'processing', // VOD says that this JobId is another media's, or of another type
    vanished: 'held',
    disowned: 'held',
    deadline_passed: 'expired',
  },

  finished: {
    read_succeeded: 'succeeded',
    read_failed: 'failed',
    read_running: 'processing', // a false alarm: the event's body is not signed, so only the read counts
    read_missing: 'finished',
    read_unavailable: 'finished',
    read_stranger: 'finished',
    vanished: 'held',
    disowned: 'held',
    deadline_passed: 'expired',
  },

  held: {
    accepted: 'processing', // the answer that was missing
    adopted: 'processing', // a person named VOD's JobId; the read that follows confirms it or not
    resubmitted: 'queued', // a person decided to pay again
    given_up: 'failed',
    event_received: 'finished', // the evidence that was missing
    reconsidered: 'unconfirmed', // an event that may be it: the ladder looks again
  },

  succeeded: {
    refetched: 'finished', // reads the result again, never changes the bill
  },

  failed: {
    retried: 'queued',
    refetched: 'finished',
  },

  canceled: {
    retried: 'queued',
  },

  expired: {
    event_received: 'finished', // late, and still the truth
    retried: 'queued',
    refetched: 'finished',
  },
} as const satisfies Record<JobState, Readonly<Record<string, JobState>>>;

type EventsOf<S> = S extends JobState ? keyof (typeof transitions)[S] : never;
export type JobEventType = EventsOf<JobState>;

/** Where `event` takes a job that is in `state`; null when the table has no such step. */
export function nextState(state: JobState, event: JobEventType): JobState | null {
  const steps: Partial<Record<JobEventType, JobState>> = transitions[state];
  return steps[event] ?? null;
}

/** States in which `event` does something: what a 409 `wrong_state` lists. */
export function statesFor(event: JobEventType): JobState[] {
  return (Object.keys(transitions) as JobState[]).filter((state) => nextState(state, event) !== null);
}

/** Steps that only a person takes. Nothing else moves a job out of `succeeded`, `failed` or `canceled`. */
export const operatorEvents = [
  'canceled',
  'retried',
  'refetched',
  'adopted',
  'resubmitted',
  'given_up',
] as const satisfies readonly JobEventType[];
