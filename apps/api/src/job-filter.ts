import type { JobFilterQuery } from '@app/contract';
import type { JobFilter } from '@app/persistence';

/** What a query asks for, in the terms of the table. */
export function filterOf({ state, label, ...same }: JobFilterQuery): JobFilter {
  const labels = label?.map((pair): [string, string] => {
    const colon = pair.indexOf(':');
    return [pair.slice(0, colon), pair.slice(colon + 1)];
  });
  return { ...same, states: state, labels: labels && Object.fromEntries(labels) };
}
