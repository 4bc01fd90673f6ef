import { jobStates, jobTypes, type JobState, type JobType } from '@app/domain';
import type { SearchParams } from '../../search-params';

/** Every filter of `GET /v1/jobs`, by its own names: the URL of the page is the query of the call. */
export interface JobsSearch {
  q?: string;
  state?: JobState[];
  type?: JobType;
  mediaId?: string;
  vodJobId?: string;
  requestId?: string;
  region?: string;
  client?: string;
  errorCode?: string;
  label?: string[];
  createdFrom?: string;
  createdTo?: string;
  /** Where the page of the list begins; none is the newest. */
  cursor?: string;
}

const texts = ['q', 'mediaId', 'vodJobId', 'requestId', 'region', 'client', 'errorCode', 'cursor'] as const;
const times = ['createdFrom', 'createdTo'] as const;

/** Takes from a URL what the list knows, and leaves the rest: a link from elsewhere or from another version still shows something. */
export function jobsSearch(params: SearchParams): JobsSearch {
  const search: JobsSearch = {};
  for (const key of texts) {
    const value = one(params[key]);
    if (value) search[key] = value;
  }
  for (const key of times) {
    const value = one(params[key]);
    if (value && !Number.isNaN(Date.parse(value))) search[key] = value;
  }
  const states = many(params['state']).filter((state): state is JobState => includes(jobStates, state));
  if (states.length > 0) search.state = states;
  const type = one(params['type']);
  if (type && includes(jobTypes, type)) search.type = type;
  const labels = many(params['label']).filter((label) => label.indexOf(':') > 0);
  if (labels.length > 0) search.label = labels;
  return search;
}

function one(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function many(value: string | string[] | undefined): string[] {
  return value === undefined ? [] : [value].flat();
}

function includes<T extends string>(known: readonly T[], value: string): value is T {
  return (known as readonly string[]).includes(value);
}
