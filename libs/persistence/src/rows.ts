import type { JobCore, JobEvent, JobType } from '@app/domain';
import { columnsOf } from './columns';
import { JobEntity } from './entities/job.entity';

/** A job as the store reads it: what changes (JobCore) and what was fixed when it was accepted. */
export interface JobRow extends JobCore {
  id: string;
  requestId: string;
  type: JobType;
  client: string;
  region: string;
  mediaId: string;
  priority: number;
  labels: Record<string, string>;
  createdAt: Date;
}

/** As the table has it. */
export type FlatJobRow = JobEntity;

export const jobColumns = columnsOf(JobEntity);

export function toJobRow(flat: FlatJobRow): JobRow {
  const { errorPhase, errorCode, errorMessage, ...rest } = flat;
  return {
    ...rest,
    error: errorPhase === null ? null : { phase: errorPhase, code: errorCode, message: errorMessage },
  };
}

/**
 * A job's id and its `created_at` are read from the clock one after the other, and the one of the ids doesn't step back
 * when the machine's does. So far may they be apart.
 */
const ID_MARGIN_MS = 60_000;

/** Ids are UUIDv7: the jobs of a stretch of time lie together by their ids, at or above this one since `time`. */
export function firstIdSince(time: Date): string {
  return lowestIdAt(time.getTime() - ID_MARGIN_MS);
}

/** And below this one until `time`. */
export function endOfIdsUntil(time: Date): string {
  return lowestIdAt(time.getTime() + ID_MARGIN_MS);
}

/** A UUIDv7 begins with 48 bits of Unix milliseconds. */
export function lowestIdAt(ms: number): string {
  const hex = Math.min(Math.max(ms, 0), 2 ** 48 - 1)
    .toString(16)
    .padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/** What one change leaves in the history: the event without what is kept elsewhere or said by the row itself. */
export function historyDetail(before: JobCore, event: JobEvent): Record<string, unknown> {
  const contradicts = contradiction(before, event);
  switch (event.type) {
    case 'read_succeeded':
      return { source: event.result.source, problem: event.result.problem ?? undefined, contradicts };
    case 'read_failed':
      return { code: event.code, message: event.message, contradicts };
    case 'retried':
    case 'resubmitted':
    case 'refetched':
    case 'adopted': {
      // What a person's action takes off the job: whoever looks for it by that has to hear that it is gone.
      const { type: _type, ...detail } = event;
      return { ...detail, wasVodJobId: before.vodJobId ?? undefined, wasErrorCode: before.error?.code };
    }
    default: {
      const { type: _type, ...detail } = event;
      return detail;
    }
  }
}

/** VOD's event and VOD's answer can disagree. The read wins; that they did is kept. */
function contradiction(before: JobCore, event: JobEvent): string | undefined {
  if (before.eventStatus === null) return undefined;
  const said = event.type === 'read_succeeded' ? 'success' : 'fail';
  return said === before.eventStatus ? undefined : before.eventStatus;
}

/**
 * JSON for a jsonb parameter. Postgres has no NUL in text and no lone surrogates in jsonb, and both can come from
 * outside inside any string or key: they become U+FFFD, rather than failing the row for ever.
 */
export function toJson(value: unknown): string {
  const json = JSON.stringify(value);
  // Looked for first: hardly any text has them, and the JSON within a result has an escape for each of its quotes.
  if (!/\\u(?:0000|d[89a-f])/.test(json)) return json;
  // Of all escapes that JSON.stringify writes, only these two have six characters of this form.
  const escapes = /\\(?:u0000|ud[89a-f]..|[^])/g;
  return json.replace(escapes, (escape) => (escape.length === 6 ? '\ufffd' : escape));
}
