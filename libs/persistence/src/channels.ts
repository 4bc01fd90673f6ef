/** Wakes the dispatcher, the settler and whoever waits for a job. Payload of the last: the ids that settled. */
export const channels = { jobDue: 'vodai_job_due', event: 'vodai_event', settled: 'vodai_settled' } as const;
