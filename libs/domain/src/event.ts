import { completionOf, type JobType } from './job-type';

/**
 * One page of VOD's calls the event of every AI job VideoAIComplete, and AIComplete is what one subscribes to. Which type
 * such an event is about is for the job to say that it names.
 */
export const collectiveEvents = ['VideoAIComplete', 'AIComplete'] as const;

/** The events that can be about the end of a job of this type. */
export function completionsOf(type: JobType): string[] {
  return [completionOf(type), ...collectiveEvents];
}

/** The ways by which a notice of VOD comes in. */
export const eventSources = ['http', 'queue'] as const;
export type EventSource = (typeof eventSources)[number];

/**
 * What the check of a notice's signature said: `unchecked` when no key is configured, `unneeded` when it came from a queue of
 * our own, which was read with our key and which nobody writes to but whom its owner lets.
 */
export const eventSignatures = ['valid', 'missing', 'malformed', 'stale', 'mismatch', 'unchecked', 'unneeded'] as const;
export type EventSignature = (typeof eventSignatures)[number];

/**
 * What became of a notice of VOD. `ignored` and `rejected` are not about the end of a job of ours; of the two, `rejected` may not
 * be from VOD at all: it failed the check of its signature, or is no event although it came from the queue of events.
 */
export const eventVerdicts = ['received', 'matched', 'unmatched', 'ignored', 'rejected'] as const;
export type EventVerdict = (typeof eventVerdicts)[number];
