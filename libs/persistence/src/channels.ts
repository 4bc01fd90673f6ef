/** Wakes the dispatcher, the settler, and whoever tells what happens to jobs. Without payload: a wake-up may get lost. */
export const channels = { jobDue: 'vodai_job_due', event: 'vodai_event', jobChanged: 'vodai_job_changed' } as const;
