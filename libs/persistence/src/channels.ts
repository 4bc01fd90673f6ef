/** Wakes the dispatcher, the matcher, and the api's change feed. Without payload: a wake-up may get lost. */
export const channels = { jobDue: 'vodai_job_due', event: 'vodai_event', jobChanged: 'vodai_job_changed' } as const;
