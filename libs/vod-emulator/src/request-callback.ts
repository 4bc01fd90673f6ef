import { isObject } from './json';

/** Where the events of one request go: its `UserData.MessageCallback`. */
export type RequestCallback = { type: 'http'; url: string } | { type: 'mns'; queue: string; endpoint?: string };

/** VOD takes at most so many bytes (docs/vod.md, "Events"). */
const MAX_URL_BYTES = 256;

/** How the pages name the two ways. The second is what became of `MNS` in the translation of one of them. */
export function callbackTypeOf(text: string): 'http' | 'mns' | undefined {
  const name = text.toLowerCase().replaceAll(' ', '');
  if (name === 'http') return 'http';
  return name === 'mns' || name === 'simplemessagequeue(formerlymns)' ? 'mns' : undefined;
}

/**
 * Undefined when there is none; a text says what is wrong with it. The keys for a queue are in no page: those of
 * SetMessageCallback are taken.
 */
export function requestCallbackOf(given: unknown): RequestCallback | undefined | string {
  if (given === undefined) return undefined;
  if (!isObject(given)) return 'MessageCallback must be a JSON object, or the text of one.';
  const { CallbackType = 'http', CallbackURL, MnsEndpoint, MnsQueueName } = given;
  switch (typeof CallbackType === 'string' ? callbackTypeOf(CallbackType) : undefined) {
    case 'http': {
      const problem = problemOfUrl(CallbackURL);
      return problem === undefined
        ? { type: 'http', url: CallbackURL as string }
        : `MessageCallback.CallbackURL ${problem}`;
    }
    case 'mns': {
      if (typeof MnsQueueName !== 'string' || MnsQueueName === '') return 'MessageCallback.MnsQueueName is missing.';
      if (MnsEndpoint === undefined) return { type: 'mns', queue: MnsQueueName };
      const problem = problemOfUrl(MnsEndpoint);
      if (problem !== undefined) return `MessageCallback.MnsEndpoint ${problem}`;
      return { type: 'mns', queue: MnsQueueName, endpoint: MnsEndpoint as string };
    }
    case undefined:
      return 'MessageCallback.CallbackType must be http or mns.';
  }
}

/** What is wrong with an URL that events or messages are to go to. */
export function problemOfUrl(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '') return 'is missing.';
  if (Buffer.byteLength(value) > MAX_URL_BYTES) return `must not exceed ${MAX_URL_BYTES} bytes.`;
  const protocol = URL.canParse(value) ? new URL(value).protocol : '';
  return protocol === 'http:' || protocol === 'https:' ? undefined : 'must be one http or https URL.';
}
