import type { Settings } from './settings';
import type { Target } from './transport';

/** What decides who hears an event. */
export interface Addressed {
  region: string;
}

/** Decides where an event goes. */
export class Recipients {
  constructor(private readonly settings: () => Settings) {}

  of({ region }: Addressed): Target[] {
    const { url, key, queue } = this.settings().callback;
    return [
      ...(url === undefined ? [] : [httpTarget(url.replaceAll('{region}', region), key)]),
      ...(queue === undefined ? [] : [{ type: 'mns', ...queue } as const]),
    ];
  }
}

function httpTarget(url: string, key: string | undefined): Target {
  return { type: 'http', url, ...(key !== undefined && { key }) };
}
