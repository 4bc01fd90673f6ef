/** What became of a notification of VOD. */
export const eventVerdicts = ['received', 'matched', 'unmatched', 'ignored', 'rejected'] as const;
export type EventVerdict = (typeof eventVerdicts)[number];
