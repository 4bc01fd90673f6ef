import type { ReadOutcome, SubmitOutcome } from '@app/vod';

/**
 * The sentences of the recovery: in a job's history, and in front of the person who decides about a held job. The dashboard
 * translates each of them by its pattern (apps/dashboard/src/i18n/zh/said.ts).
 */

/** VOD lists the jobs of six months: a person reads the first of them. */
export const NAMED = 20;

/** Why a job was found, or is absent. */
export const evidence = {
  extend: 'an event of VOD echoes the Extend of this attempt',
  event: 'an event of VOD about a job of this media and type that no other job has',
  listing: 'the only job of this media and type that VOD lists for the time of the attempt and that is not another’s',
  absence: (neighbour: string) =>
    `VOD lists no such job of this media, though it lists ${neighbour} of about the same time`,
};

/** Why a person has to decide. */
export const reasons = {
  unasked: (cause: string) => `VOD cannot be asked: ${cause}`,
  several: (vodJobIds: string[]) => `${vodJobIds.length} jobs of VOD could be this one: ${ids(vodJobIds)}`,
  oneOfTwo: (vodJobId: string) =>
    `VOD's job ${vodJobId} is this one, or that of another job of this media that waits for its answer`,
  unexplained: (vodJobIds: string[]) => `VOD lists ${ids(vodJobIds)}, and does not say what it is: it may be this one`,
  unlisted: 'no event of VOD names it, and no rung that could prove its absence is switched on',
  arrived: (proof: string) => `VOD has received the request (${proof}), and yet this job of it cannot be found`,
  siblingFound: 'a job of the same call is there',
  nonceSeen: 'it knows the nonce',
  absences: (count: number) => `it was sent and proven absent ${count} times, and its answer was lost once more`,
  noNeighbour: 'VOD does not list it, and no other job of about the same time proves that its list is complete',
  neighbourMissing: (vodJobId: string) =>
    `VOD does not list it, but neither does it list ${vodJobId}, which surely is there`,
};

/** What a look found that decided nothing. */
export const notes = {
  several: (count: number) => `${count} jobs of VOD could be this one`,
  oneOfTwo: 'one job of VOD could be this one, or that of another job of this media that waits',
  unasked: (cause: string) => `VOD could not be asked: ${cause}`,
  unexplained: (vodJobIds: string[]) => `VOD lists ${ids(vodJobIds)}, and does not say what it is`,
  unlisted: 'no event of VOD names it yet, and VOD does not list it',
  unnamed: 'no event of VOD names it yet',
  undecided: (cause: string) => `not decided yet: ${cause}`,
  eventCame: 'an event of VOD came while its lists were read',
  somethingCame: 'something came while it was being decided',
  takenMeanwhile: (vodJobId: string) => `VOD's job ${vodJobId} was taken by another job meanwhile`,
};

/** What the answer to the same request, sent once more, says. */
export const resent = {
  withoutType: (type: string) => `VOD took the same request now, and its answer does not list ${type}`,
  nonceSeen: 'VOD has seen its nonce before: the first call had arrived',
  nothing: (cause: string) => `the answer to the same request says nothing about the first one: ${cause}`,
};

/** Why a call brought nothing. */
export function causeOf(
  outcome: Exclude<ReadOutcome<unknown> | SubmitOutcome, { outcome: 'answered' | 'accepted' }>,
): string {
  return 'cause' in outcome ? outcome.cause : `${outcome.outcome}: ${outcome.code}`;
}

function ids(list: string[]): string {
  const more = list.length - NAMED;
  return more > 0 ? `${list.slice(0, NAMED).join(', ')} and ${more} more` : list.join(', ');
}
