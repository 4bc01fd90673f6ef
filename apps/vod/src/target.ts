import { callbackUrls, type ConfigFor } from '@app/config';
import type { CallbackTarget } from '@app/vod';

/** By which way VOD's events come: to our URL, or into our queue. */
export type Way = 'url' | 'queue';

export interface Target {
  way: Way;
  callback: CallbackTarget;
}

/** Where the environment wants the events of a region: nowhere, one way, or either of two. */
export function targetsOf(config: ConfigFor<'vod'>, region: string): Target[] {
  const { keys } = config.vod.callback;
  const url = callbackUrls(config).get(region);
  return [...(url === undefined ? [] : [{ way: 'url', callback: { type: 'HTTP', url, key: keys[0] ?? null } } as const])];
}

/** VOD's rules for an AuthKey (SetMessageCallback). Its own examples break them, so nothing is refused for it. */
export function objectionsToKey(key: string): string[] {
  return [
    ...(key.length > 32 ? [`has ${key.length} characters, and VOD takes at most 32`] : []),
    ...(/[A-Z]/.test(key) ? [] : ['has no upper case letter']),
    ...(/[a-z]/.test(key) ? [] : ['has no lower case letter']),
    ...(/\d/.test(key) ? [] : ['has no digit']),
    ...(/^[A-Za-z\d]*$/.test(key) ? [] : ['has something else than letters and digits']),
  ];
}

/** VOD wants the public address of a queue (docs/vod.md, "Events"), whichever its reader uses. */
export function publicAddress(endpoint: string): string {
  const inside = /^(https?:\/\/\d+\.mns\.[a-z\d-]+?)-internal(?:-vpc)?(\.aliyuncs\.com\/?)$/.exec(endpoint);
  return inside === null ? endpoint : `${inside[1]}${inside[2]}`;
}
