import type { JobEvent } from '@app/domain';

/** Locks a row as the stores do: $1 is the job's id. */
export const lockJob = 'select from job where id = $1 for update';

export const accepted = (vodJobId: string, attempt = 1): JobEvent => ({
  type: 'accepted',
  attempt,
  vodJobId,
  vodRequestId: 'R-1',
});

export const eventReceived = (vodJobId: string): JobEvent => ({
  type: 'event_received',
  vodJobId,
  status: 'success',
  eventId: 'event-1',
  signature: 'valid',
});

export const succeeded = (vodJobId: string, raw: string, normalized: unknown): JobEvent => ({
  type: 'read_succeeded',
  vodJobId,
  result: { raw, normalized, source: 'ListAIJob', problem: null },
  completedAt: null,
});
