import type { JobType } from '@app/domain';
import { fieldsOf, opened } from './fields';
import { catalogue, type Normalization } from './types';

/** @param data as VOD gives it for a job of this type */
export function normalizeResult(type: JobType, data: string): Normalization {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return { ok: false, reason: 'Data is not JSON' };
  }
  const fields = fieldsOf(opened(value)); // encoded twice
  return fields === null ? { ok: false, reason: 'Data is not a JSON object' } : catalogue[type].normalize(fields);
}
