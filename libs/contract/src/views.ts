import { priorities, type JobCore, type JobType } from '@app/domain';

/** Jobs and results as the outside sees them, by whatever way it does. Dates become ISO 8601 on the way out. */

interface ShownJob extends JobCore {
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

export function jobView(job: ShownJob) {
  return {
    id: job.id,
    requestId: job.requestId,
    mediaId: job.mediaId,
    region: job.region,
    type: job.type,
    state: job.state,
    vodJobId: job.vodJobId,
    attempts: job.attempts,
    priority: priorities[job.priority] ?? 'normal',
    labels: job.labels,
    client: job.client,
    error: job.error,
    createdAt: job.createdAt,
    submittedAt: job.submittedAt,
    finishedAt: job.finishedAt,
    settledAt: job.settledAt,
    dueAt: job.dueAt,
    version: job.version,
  };
}

interface ShownResult {
  raw: string | null;
  normalized: unknown;
  source: string;
  readAt: Date;
}

/**
 * As JSON, with `raw` as VOD wrote it: our numbers end at 2⁵³ and 1e308, those of its ids need not. Text that is not JSON is a
 * string.
 */
export function resultText({ raw, normalized, source, readAt }: ShownResult): string {
  const rest = JSON.stringify({ source, readAt }).slice(1);
  return `{"normalized":${JSON.stringify(normalized)},"raw":${isJson(raw) ? raw : JSON.stringify(raw)},${rest}`;
}

function isJson(text: string | null): boolean {
  if (text === null) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
