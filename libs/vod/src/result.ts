import type { JobType, NormalizedResult } from '@app/domain';
import { type Fields, fieldsOf, opened } from './fields';
import { catalogue, type DetailsCall, type Normalization } from './types';

/** @param data as VOD gives it for a job of this type */
export function normalizeResult(type: JobType, data: string): Normalization {
  const parsed = parse(data);
  return parsed.ok ? catalogue[type].normalize(parsed.fields) : parsed;
}

/** The call that tells what a result leaves out; null when it leaves nothing out. */
export function detailsMissingIn(result: NormalizedResult): DetailsCall | null {
  const details = catalogue[result.type].details as DetailsCall | undefined;
  return details?.areMissing(result) ? details : null;
}

/** The result as it is when the details can't be read. */
export function withDetails(result: NormalizedResult, call: DetailsCall, data: string | null): NormalizedResult {
  const parsed = parse(data ?? '');
  return parsed.ok ? call.add(result, parsed.fields) : result;
}

function parse(data: string): { ok: true; fields: Fields } | { ok: false; reason: string } {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return { ok: false, reason: 'Data is not JSON' };
  }
  const fields = fieldsOf(opened(value)); // encoded twice
  return fields === null ? { ok: false, reason: 'Data is not a JSON object' } : { ok: true, fields };
}
