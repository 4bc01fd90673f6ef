import type { JobCore } from './job';

/**
 * What VOD bills for what was sent of a job so far. VOD bills what it has processed with success: refused calls and failed
 * jobs are free (its price page). A new attempt is billed if it succeeds, whatever came before it.
 *
 * `nothing` speaks of the last attempt, which is all that a job shows; `maybe`: VOD may have billed it, or may yet.
 */
export type BillSoFar = 'nothing' | 'maybe' | 'once';

export function billSoFar({ state, error, attempts }: Pick<JobCore, 'state' | 'error' | 'attempts'>): BillSoFar {
  switch (state) {
    case 'queued':
    case 'canceled':
      // Sent before: it was retried since, and how that attempt had ended is not on the job any more.
      return attempts === 0 ? 'nothing' : 'maybe';
    case 'failed':
      // Refused or failed by VOD. Given up is another matter: nobody knows what VOD did.
      return error?.phase === 'submit' || error?.phase === 'vod' ? 'nothing' : 'maybe';
    case 'submitting':
    case 'unconfirmed':
    case 'processing':
    case 'finished':
    case 'held':
    case 'expired':
      return 'maybe';
    case 'succeeded':
      return 'once';
  }
}
