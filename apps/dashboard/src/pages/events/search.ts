import { eventVerdicts, type EventVerdict } from '@app/domain';
import type { SearchParams } from '../../search-params';

/** Every filter of `GET /v1/events`, by its own name: the URL of the page is the query of the call. */
export interface EventsFilter {
  verdict?: EventVerdict;
  mediaId?: string;
  vodJobId?: string;
  jobId?: string;
}

export interface EventsSearch extends EventsFilter {
  /** Where this page of the list begins; without one it is the newest. */
  cursor?: string;
}

const texts = ['mediaId', 'vodJobId', 'jobId', 'cursor'] as const;

/** Takes from a URL what the list knows: a link from elsewhere, or from another version, still shows something. */
export function eventsSearch(params: SearchParams): EventsSearch {
  const search: EventsSearch = {};
  for (const key of texts) {
    const value = params[key];
    if (typeof value === 'string' && value !== '') search[key] = value;
  }
  const verdict = eventVerdicts.find((one) => one === params['verdict']);
  if (verdict) search.verdict = verdict;
  return search;
}
