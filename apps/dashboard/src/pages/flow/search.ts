import type { SearchParams } from '../../search-params';

export const windows = ['1h', '24h', '7d'] as const;
export type FlowWindow = (typeof windows)[number];

export interface FlowSearch {
  /** The last hour, unless it says otherwise. */
  window?: FlowWindow;
}

/** As it stands in the URL: of a window that there is not, the api says which there are. */
export function flowSearch({ window }: SearchParams): FlowSearch {
  return window === undefined ? {} : { window: window as FlowWindow };
}
