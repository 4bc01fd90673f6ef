import { statesFor, type JobEventType } from '@app/domain';
import type { Client } from '@app/client';
import type { JobAnswer } from '@app/contract';

interface ActionKind {
  /** The step of the domain's table that it takes: it says in which states the action works. */
  event: JobEventType;
  /** VOD gets a new attempt, and bills it if it succeeds. */
  costs: boolean;
}

/** What a person may do to a job: the first three to any, the others to one that is held. */
export const actions = {
  cancel: { event: 'canceled', costs: false },
  retry: { event: 'retried', costs: true },
  refetch: { event: 'refetched', costs: false },
  adopt: { event: 'adopted', costs: false },
  resubmit: { event: 'resubmitted', costs: true },
  fail: { event: 'given_up', costs: false },
} as const satisfies Record<string, ActionKind>;

export type ActionName = keyof typeof actions;
const actionNames = Object.keys(actions) as ActionName[];

/** Why a job cannot take an action; null when it can. */
export type Refusal = 'state' | 'nothing to read';

export function refusalOf(action: ActionName, job: Pick<JobAnswer, 'state' | 'vodJobId'>): Refusal | null {
  if (!statesFor(actions[action].event).includes(job.state)) return 'state';
  if (action === 'refetch' && job.vodJobId === null) return 'nothing to read';
  return null;
}

export function allowedActions(job: Pick<JobAnswer, 'state' | 'vodJobId'>): ActionName[] {
  return actionNames.filter((action) => refusalOf(action, job) === null);
}

export interface Order {
  reason?: string;
  /** For `adopt`. */
  vodJobId?: string;
}

/** Does it to the job as it was seen: one that has moved on since is left as it is (409). */
export function perform(api: Client, action: ActionName, job: JobAnswer, order: Order): Promise<JobAnswer> {
  const seen = { version: job.version, ...(order.reason && { reason: order.reason }) };
  switch (action) {
    case 'cancel':
      return api.cancel(job.id, seen);
    case 'retry':
      return api.retry(job.id, seen);
    case 'refetch':
      return api.refetch(job.id, seen);
    case 'adopt':
      return api.resolve(job.id, { action, vodJobId: order.vodJobId ?? '', ...seen });
    case 'resubmit':
    case 'fail':
      return api.resolve(job.id, { action, ...seen });
  }
}
