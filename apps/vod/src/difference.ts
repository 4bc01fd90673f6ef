import { publicAddress, withoutUrlSecrets } from '@app/config';
import { aiEvents, allEvents, type CallbackSettings, type CallbackTarget } from '@app/vod';

/** One setting that isn't as it should be. Both texts may be shown: no key is in them, and of a URL no query. */
export interface Difference {
  setting: string;
  is: string;
  ours: string;
}

/**
 * What keeps VOD's settings from leading to the target. What other systems have chosen in the list of events is none of it.
 *
 * @param keys ours, the one that is to be set first
 */
export function differences(current: CallbackSettings, target: CallbackTarget, keys: readonly string[]): Difference[] {
  return [
    ...plain('CallbackType', current.type, target.type),
    ...(target.type === 'HTTP' ? ofUrl(current, target, keys) : ofQueue(current, target)),
    ...ofEvents(current),
  ];
}

/** The list to be set: what is there, and the AI events. */
export function eventTypesWanted({ eventTypes }: CallbackSettings): string[] {
  return hasAiEvents(eventTypes) ? eventTypes : [...eventTypes, aiEvents];
}

function ofUrl(
  current: CallbackSettings,
  { url, key }: CallbackTarget & { type: 'HTTP' },
  keys: readonly string[],
): Difference[] {
  return [
    ...(current.url === url ? [] : [urlDifference(current.url, url)]),
    ...plain('AuthSwitch', current.signed ? 'on' : 'off', key === null ? 'off' : 'on'),
    ...(key === null || current.key === key
      ? []
      : [{ setting: 'AuthKey', is: keyName(current.key, keys), ours: keyName(key, keys) }]),
  ];
}

/** What can't be shown may be what differs. */
function urlDifference(is: string | null, ours: string): Difference {
  const shown = { is: is === null ? 'none' : withoutUrlSecrets(is), ours: withoutUrlSecrets(ours) };
  const hint = shown.is === shown.ours ? ' (they differ in what is not shown)' : '';
  return { setting: 'CallbackURL', is: shown.is, ours: `${shown.ours}${hint}` };
}

function keyName(key: string | null, keys: readonly string[]): string {
  if (key === null) return 'none';
  const at = keys.indexOf(key);
  return at < 0 ? 'another key' : `key ${at + 1} of VOD_CALLBACK_KEYS`;
}

function ofQueue(current: CallbackSettings, { endpoint, queue }: CallbackTarget & { type: 'MNS' }): Difference[] {
  const same = withoutSlash(publicAddress(current.mnsEndpoint ?? '')) === withoutSlash(endpoint);
  return [
    ...(same ? [] : plain('MnsEndpoint', current.mnsEndpoint, endpoint)),
    ...plain('MnsQueueName', current.mnsQueue, queue),
  ];
}

function withoutSlash(endpoint: string): string {
  return (endpoint.endsWith('/') ? endpoint.slice(0, -1) : endpoint).toLowerCase();
}

function ofEvents({ eventTypes }: CallbackSettings): Difference[] {
  if (hasAiEvents(eventTypes)) return [];
  const is = eventTypes.length === 0 ? 'none' : `${eventTypes.length} others`;
  return [{ setting: 'EventTypeList', is, ours: eventTypes.length === 0 ? aiEvents : `these and ${aiEvents}` }];
}

function hasAiEvents(eventTypes: readonly string[]): boolean {
  return eventTypes.some((name) => [aiEvents, allEvents].some((wanted) => name.toLowerCase() === wanted.toLowerCase()));
}

function plain(setting: string, is: string | null, ours: string): Difference[] {
  return is === ours ? [] : [{ setting, is: is ?? 'none', ours }];
}
