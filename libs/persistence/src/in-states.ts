import type { JobState } from '@app/domain';

/** `in ('queued', …)`, written out: a partial index is found by the text of a statement, not by its parameters. */
export function inStates(states: readonly JobState[]): string {
  return `in (${states.map((state) => `'${state}'`).join(', ')})`;
}
