import { type Fields, fieldsOf, opened, textOf, wordOf } from './fields';

/** Where VOD sends the events of one region and application, as it says itself (docs/vod.md, "Events"). */
export interface CallbackSettings {
  /** `HTTP` or `MNS`, else the word that VOD prints; null when nothing is set. */
  type: string | null;
  url: string | null;
  /** `ALL` stands for all of them. */
  eventTypes: string[];
  /** Whether events are signed. */
  signed: boolean;
  /** A secret: to be compared and never shown. */
  key: string | null;
  mnsEndpoint: string | null;
  mnsQueue: string | null;
}

/** Where they should go. */
export type CallbackTarget =
  /** Without a key events aren't signed. */
  { type: 'HTTP'; url: string; key: string | null } | { type: 'MNS'; endpoint: string; queue: string };

/** All AI events together, and everything there is. */
export const aiEvents = 'AIComplete';
export const allEvents = 'ALL';

/** Null for an answer of the wrong shape. Members of the other way may be there as well: the type says which one counts. */
export function callbackSettingsOf(body: Fields): CallbackSettings | null {
  const settings = fieldsOf(opened(body['MessageCallback'] ?? {}));
  if (settings === null) return null;
  return {
    type: typeOf(settings['CallbackType']),
    url: textOf(settings['CallbackURL']),
    eventTypes: eventTypesOf(settings['EventTypeList']),
    signed: wordOf(settings['AuthSwitch'])?.trim().toLowerCase() === 'on',
    key: textOf(settings['AuthKey']),
    mnsEndpoint: textOf(settings['MnsEndpoint']),
    mnsQueue: textOf(settings['MnsQueueName']),
  };
}

/** The newest English comments call the queue "Simple Message Queue (formerly MNS)" where a value is meant. */
function typeOf(value: unknown): string | null {
  const word = wordOf(value)?.trim() ?? '';
  if (/mns/i.test(word)) return 'MNS';
  if (/^http$/i.test(word)) return 'HTTP';
  return word || null;
}

function eventTypesOf(value: unknown): string[] {
  const names = (textOf(value) ?? '').split(',').map((name) => name.trim());
  return [...new Set(names.filter((name) => name !== ''))];
}

/** The parameters of SetMessageCallback, which replaces the whole setting. */
export function callbackParams(target: CallbackTarget, eventTypes: readonly string[]): Record<string, string> {
  const common = { CallbackType: target.type, EventTypeList: eventTypes.join(',') };
  switch (target.type) {
    case 'HTTP':
      return {
        ...common,
        CallbackURL: target.url,
        ...(target.key === null ? { AuthSwitch: 'off' } : { AuthSwitch: 'on', AuthKey: target.key }),
      };
    case 'MNS':
      return { ...common, MnsEndpoint: target.endpoint, MnsQueueName: target.queue };
  }
}
