import { version } from '@app/config';
import { resultText } from '@app/contract/views';
import type { ClaimedDelivery, JobReads, ResultRow } from '@app/persistence';
import { Webhook } from 'standardwebhooks';

/** A longer body has the path of the result instead: receivers refuse what is much larger. */
export const BODY_MAX = 256 * 1024;

type Told = Pick<ClaimedDelivery, 'type' | 'happenedAt' | 'job' | 'jobId' | 'includeResult'>;

/** The result that belongs into the message, if it is wanted and there is one. */
export async function resultFor(
  { type, jobId, includeResult }: Told,
  reads: Pick<JobReads, 'resultWithin'>,
): Promise<ResultRow | 'too_large' | null> {
  return includeResult && type === 'job.succeeded' && jobId !== null ? reads.resultWithin(jobId, BODY_MAX) : null;
}

/** JSON, as libs/contract describes the job and the result in it. A test has neither. */
export function bodyOf({ type, happenedAt, job, jobId }: Told, result: ResultRow | 'too_large' | null): string {
  const head = `{"type":${JSON.stringify(type)},"timestamp":${JSON.stringify(happenedAt)},"data":{`;
  if (jobId === null) return `${head}}}`;
  const shown = `${head}"job":${JSON.stringify(job)}`;
  if (result === null) return `${shown}}}`;
  const whole = result === 'too_large' ? null : `${shown},"result":${resultText(result)}}}`;
  if (whole !== null && Buffer.byteLength(whole) <= BODY_MAX) return whole;
  return `${shown},"resultUrl":"/v1/jobs/${jobId}/result"}}`;
}

/** The headers of Standard Webhooks: one signature for each secret that is valid, so that a receiver may know either. */
export function headersOf({ id, secrets }: ClaimedDelivery, body: string, now: Date): Record<string, string> {
  return {
    'content-type': 'application/json',
    'user-agent': `vodai/${version}`,
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, now, body)).join(' '),
  };
}
