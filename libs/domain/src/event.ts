import { completionOf, jobTypes, type JobType } from './job-type';

/**
 * One page of VOD's calls the event of every AI job VideoAIComplete, and AIComplete is what one subscribes to. Which type
 * such an event is about is for the job to say that it names.
 */
export const collectiveEvents = ['VideoAIComplete', 'AIComplete'] as const;

/** The events that can be about the end of a job of this type. */
export function completionsOf(type: JobType): string[] {
  return [completionOf(type), ...collectiveEvents];
}

/** All events that can be about the end of a job. */
export const completionEvents: readonly string[] = [...new Set(jobTypes.flatMap(completionsOf))];

/** The ways by which a notice of VOD comes in. */
export const eventSources = ['http', 'queue'] as const;
export type EventSource = (typeof eventSources)[number];

/**
 * What the check of a notice's signature said: `unchecked` when no key is configured, `unneeded` when it came from a queue of
 * our own, which was read with our key and which nobody writes to but whom its owner lets.
 */
export const eventSignatures = ['valid', 'missing', 'malformed', 'stale', 'mismatch', 'unchecked', 'unneeded'] as const;
export type EventSignature = (typeof eventSignatures)[number];

/** Those with which a notice is taken for VOD's, as far as anybody can tell. */
export const trustedSignatures = ['valid', 'unchecked', 'unneeded'] as const satisfies readonly EventSignature[];

export function isTrusted(signature: EventSignature): boolean {
  return trustedSignatures.some((each) => each === signature);
}

/**
 * What became of a notice of VOD. `unmatched` names a JobId that no job has and that may still be one of ours; `foreign` is surely
 * about what another system or environment asked VOD for. `ignored` and `rejected` are not about the end of a job of ours
 * either; of the two, `rejected` may not be from VOD at all: it failed the check of its signature, or is no event although it
 * came from the queue of events.
 */
export const eventVerdicts = ['received', 'matched', 'unmatched', 'foreign', 'ignored', 'rejected'] as const;
export type EventVerdict = (typeof eventVerdicts)[number];

/** Those that a person can have looked at again, as if the notice had just come. */
export const replayableVerdicts = ['unmatched', 'foreign', 'ignored'] as const satisfies readonly EventVerdict[];

interface Named {
  eventType: string;
  vodJobId: string;
  status: string;
}

/** Whether a notice says enough to be looked at again: of what, and about the end of a job also of which, and how it ended. */
export function namesSomething({ eventType, vodJobId, status }: Named): boolean {
  return eventType !== '' && (!completionEvents.includes(eventType) || (vodJobId !== '' && status !== ''));
}

export function isReplayable(event: Named & { verdict: EventVerdict }): boolean {
  return replayableVerdicts.some((verdict) => verdict === event.verdict) && namesSomething(event);
}
