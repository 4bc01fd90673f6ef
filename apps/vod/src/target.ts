import { callbackUrls, eventQueues, publicAddress, type ConfigFor, type EventQueueAddress } from '@app/config';
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
  const queue = queueOf(config, region);
  const targets: Target[] = [];
  if (url !== undefined) targets.push({ way: 'url', callback: { type: 'HTTP', url, key: keys[0] ?? null } });
  if (queue !== undefined) {
    const callback = { type: 'MNS', endpoint: publicAddress(queue.endpoint), queue: queue.queue } as const;
    targets.push({ way: 'queue', callback });
  }
  return targets;
}

/** The queue of the region's events, as the worker reads it. */
export function queueOf(config: ConfigFor<'vod'>, region: string): EventQueueAddress | undefined {
  const queues = eventQueues(config);
  return queues.get(region) ?? queues.get('*');
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
