/** Wakes the dispatcher, the matcher, the api's change feed, and who delivers. Without payload: a wake-up may get lost. */
export const channels = {
  jobDue: 'vodai_job_due',
  event: 'vodai_event',
  jobChanged: 'vodai_job_changed',
  deliveryDue: 'vodai_delivery_due',
} as const;
