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

/** What became of a notification of VOD. */
export const eventVerdicts = ['received', 'matched', 'unmatched', 'ignored', 'rejected'] as const;
export type EventVerdict = (typeof eventVerdicts)[number];
