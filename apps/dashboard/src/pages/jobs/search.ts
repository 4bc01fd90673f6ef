import { jobStates, jobTypes, type JobState, type JobType } from '@app/domain';
import type { SearchParams } from '../../search-params';

/** Every filter of `GET /v1/jobs`, by its own name: the URL of the page is the query of the call. */
export interface JobsFilter {
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
}

export interface JobsSearch extends JobsFilter {
  /** Where this page of the list begins; without one it is the newest. */
  cursor?: string;
  /** Parameters of the link that meant nothing here: the page says that it left them out. */
  ignored?: string[];
}

const texts = ['q', 'mediaId', 'vodJobId', 'requestId', 'region', 'client', 'errorCode', 'cursor'] as const;
const times = ['createdFrom', 'createdTo'] as const;

/** Takes from a URL what the list knows: a link from elsewhere, or from another version, still shows something. */
export function jobsSearch({ ignored, ...params }: SearchParams): JobsSearch {
  const search: JobsSearch = {};
  for (const key of texts) {
    const value = params[key];
    if (typeof value === 'string') search[key] = value;
  }
  for (const key of times) {
    const value = params[key];
    if (typeof value === 'string' && !Number.isNaN(Date.parse(value))) search[key] = value;
  }
  const states = many(params['state']).filter((state) => isOneOf(jobStates, state));
  if (states.length > 0) search.state = states;
  const type = params['type'];
  if (typeof type === 'string' && isOneOf(jobTypes, type)) search.type = type;
  const labels = many(params['label']).filter((label) => label.indexOf(':') > 0);
  if (labels.length > 0) search.label = labels;

  const leftOut = Object.keys(params).filter(
    (key) => many(params[key]).length > many(search[key as keyof JobsSearch]).length,
  );
  const said = [...new Set([...many(ignored), ...leftOut])];
  return said.length > 0 ? { ...search, ignored: said } : search;
}

/** What the API is asked for, without what only the page knows. */
export function filterOf({ cursor: _cursor, ignored: _ignored, ...filter }: JobsSearch): JobsFilter {
  return filter;
}

function many(value: string | string[] | undefined): string[] {
  return value === undefined ? [] : [value].flat();
}

function isOneOf<T extends string>(known: readonly T[], value: string): value is T {
  return (known as readonly string[]).includes(value);
}
