import type { DroppedRequest } from '@app/persistence';
import { Problem } from './problems';

/** What is said of a job that is not there: that there never was one, or until when its record was kept. */
export function noJob(id: string, keptUntil: Date | null): Problem {
  if (!keptUntil) return new Problem('not_found', `there is no job ${id}`);
  return new Problem('not_found', `the record of job ${id} was kept until ${dayOf(keptUntil)}`);
}

export function noRequest(id: string, keptUntil: Date | null): Problem {
  if (!keptUntil) return new Problem('not_found', `there is no request ${id}`);
  return new Problem('not_found', `the record of request ${id} was kept until ${dayOf(keptUntil)}`);
}

/** A repetition of what is long over: it must not be paid again, and there is nothing left to answer it with. */
export function requestDropped({ id, acceptedAt, keptUntil }: DroppedRequest): Problem {
  return new Problem(
    'request_dropped',
    `this Idempotency-Key was accepted on ${dayOf(acceptedAt)} as request ${id}, whose record was kept until ${dayOf(keptUntil)}; ` +
      'nothing was enqueued now, and a new key would be a new request',
  );
}

/** In UTC. */
function dayOf(time: Date): string {
  return time.toISOString().slice(0, 10);
}
