/**
 * The AI jobs that this orchestrator runs, by the names that VOD gives them: the one list of them. It has what the core and the
 * clients need: the operation that submits a type (types with the same one share a call), the event at its end, and what
 * people call it, at a command line too. All else that is known of a type is in its own file in libs/vod/src/types.
 */
const table = {
  AIVideoTag: { submit: 'SubmitAIJob', completion: 'AIVideoTagComplete', name: 'Smart tagging', short: 'tag' },
  AIMediaDNA: { submit: 'SubmitAIJob', completion: 'AIMediaDNAComplete', name: 'Video fingerprint', short: 'dna' },
  AIMediaAudit: {
    submit: 'SubmitAIMediaAuditJob',
    completion: 'AIMediaAuditComplete',
    name: 'Automated review',
    short: 'audit',
  },
} as const;

export type JobType = keyof typeof table;
export type CompletionOf<T extends JobType> = (typeof table)[T]['completion'];
export type SubmitOperationOf<T extends JobType> = (typeof table)[T]['submit'];
export type SubmitOperation = SubmitOperationOf<JobType>;

export const jobTypes = Object.keys(table) as JobType[];

export const completionOf = <T extends JobType>(type: T): CompletionOf<T> => table[type].completion;
export const submitOperationOf = <T extends JobType>(type: T): SubmitOperationOf<T> => table[type].submit;

export const submitOperations: readonly SubmitOperation[] = [...new Set(jobTypes.map(submitOperationOf))].toSorted();

/** One value for each type. */
export function byType<V>(valueOf: (type: JobType) => V): Record<JobType, V> {
  return Object.fromEntries(jobTypes.map((type) => [type, valueOf(type)])) as Record<JobType, V>;
}

export const typeNames = byType((type) => table[type].name);
export const shortTypeNames = byType((type) => table[type].short);
