import type { SearchParams } from '../../search-params';

export interface HeldSearch {
  /** The one that is looked at; without one it is the first. */
  job?: string;
}

export function heldSearch({ job }: SearchParams): HeldSearch {
  return typeof job === 'string' && job !== '' ? { job } : {};
}
