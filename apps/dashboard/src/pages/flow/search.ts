import type { SearchParams } from '../../search-params';

export const windows = ['1h', '24h', '7d'] as const;
export type FlowWindow = (typeof windows)[number];

export interface FlowSearch {
  /** The last hour, unless it says otherwise. */
  window?: FlowWindow;
}

export function flowSearch({ window }: SearchParams): FlowSearch {
  const known = windows.find((one) => one === window);
  return known ? { window: known } : {};
}
