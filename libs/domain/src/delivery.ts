import type { JobState } from './job';

/** What an endpoint can ask for: that a job is over, or waits for a person. `job.` and the state that it came to. */
export const newsTypes = [
  'job.succeeded',
  'job.failed',
  'job.expired',
  'job.canceled',
  'job.held',
] as const satisfies readonly `job.${JobState}`[];
export type NewsType = (typeof newsTypes)[number];

/** What clients are told when a job comes to this state; null for what is between. */
export function newsOf(state: JobState): NewsType | null {
  return newsTypes.find((type) => type === `job.${state}`) ?? null;
}

/** What somebody sends to see whether an endpoint hears. It is about no job. */
export const TEST_MESSAGE = 'endpoint.test';

export const deliveryTypes = [...newsTypes, TEST_MESSAGE] as const;
export type DeliveryType = (typeof deliveryTypes)[number];

/** `failed`: tried for as long as one is tried. `dropped`: its endpoint was removed before it was told. */
export const deliveryStates = ['waiting', 'delivered', 'failed', 'dropped'] as const;
export type DeliveryState = (typeof deliveryStates)[number];

/** `gone`: it answered 410. `failing`: for a day nothing got through to it. */
export const pauseReasons = ['person', 'gone', 'failing'] as const;
export type PauseReason = (typeof pauseReasons)[number];

/**
 * How an attempt to deliver ended. `answered`: by something else than a 2xx. `untrusted`: by a certificate that is not the host's.
 * `forbidden_address`: the host has an address that no delivery may go to.
 */
export const attemptOutcomes = [
  'delivered',
  'answered',
  'redirected',
  'timed_out',
  'refused',
  'unresolved',
  'forbidden_address',
  'untrusted',
  'broken',
] as const;
export type AttemptOutcome = (typeof attemptOutcomes)[number];
