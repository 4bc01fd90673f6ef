import { eventFilterRules } from '@app/contract/rules';
import type { EventVerdict } from '@app/domain';
import { readFilters, type WrongFilter } from '../../filters/wrong';
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

/** The URL stays as somebody wrote it, right or wrong. */
export function eventsParams(params: SearchParams): EventsSearch {
  return params;
}

/** What a URL asks the list for, and what in it is no filter. */
export function eventsSearch(params: SearchParams): { search: EventsSearch; wrong: WrongFilter[] } {
  const { right, wrong } = readFilters(params, eventFilterRules);
  return { search: right, wrong };
}
