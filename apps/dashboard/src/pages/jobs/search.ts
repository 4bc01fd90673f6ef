import { jobFilterRules } from '@app/contract/rules';
import type { JobState, JobType } from '@app/domain';
import { readFilters, type FilterRules, type WrongFilter } from '../../filters/wrong';
import type { SearchParams } from '../../search-params';

/** Every filter of `GET /v1/jobs`, by its own name: the URL of the page is the query of the call. */
export interface JobsFilter {
  q?: string;
  state?: JobState[];
  type?: JobType;
  mediaId?: string;
  mediaIdPrefix?: string;
  vodJobId?: string;
  requestId?: string;
  region?: string;
  client?: string;
  errorCode?: string;
  label?: string[];
  createdFrom?: string;
  createdTo?: string;
}

export interface JobsSearch extends JobsFilter {
  /** Where this page of the list begins; without one it is the newest. */
  cursor?: string;
}

const { state, label, ...single } = jobFilterRules;
export const rules = {
  ...single,
  state: { ...state, many: true },
  label: { ...label, many: true },
} satisfies FilterRules;

/** The URL stays as somebody wrote it, right or wrong. */
export function jobsParams(params: SearchParams): JobsSearch {
  return params;
}

/** What a URL asks the list for, and what in it is no filter. */
export function jobsSearch(params: SearchParams): { search: JobsSearch; wrong: WrongFilter[] } {
  const { right, wrong } = readFilters(params, rules);
  return { search: right, wrong };
}

/** What the API is asked for, without what only the page knows. */
export function filterOf({ cursor: _cursor, ...filter }: JobsSearch): JobsFilter {
  return filter;
}

/** For what is said of all states. */
export function withoutState({ state: _state, ...filter }: JobsFilter): Omit<JobsFilter, 'state'> {
  return filter;
}
