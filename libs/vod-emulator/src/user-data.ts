import { readObject } from './json';
import { type Refusal, refusals } from './refusals';
import { type RequestCallback, requestCallbackOf } from './request-callback';

const MAX_USER_DATA_BYTES = 512;

export interface UserData {
  extend?: string;
  callback?: RequestCallback;
}

/** What `UserData` carries along (docs/vod.md, "Submitting"). */
export function userDataOf(text: string | undefined): UserData | { refusal: Refusal } {
  const given = readObject(text);
  if (!given) return { refusal: refusals.invalidParameter('UserData', 'It must be a JSON object.') };
  if (Buffer.byteLength(text ?? '') > MAX_USER_DATA_BYTES) {
    return { refusal: refusals.invalidParameter('UserData', `It must not exceed ${MAX_USER_DATA_BYTES} bytes.`) };
  }
  const extend = extendOf(given['Extend']);
  const callback = requestCallbackOf(asObject(given['MessageCallback']));
  if (typeof callback === 'string') return { refusal: refusals.invalidParameter('UserData', callback) };
  return { ...(extend !== undefined && { extend }), ...(callback && { callback }) };
}

/** An event carries Extend as a string; an object that was sent comes back as its JSON text (docs/vod.md, "Submitting"). */
function extendOf(value: unknown): string | undefined {
  return value === undefined || typeof value === 'string' ? value : JSON.stringify(value);
}

/** The pages print a nested object as well as its text. */
function asObject(value: unknown): unknown {
  return typeof value === 'string' ? (readObject(value) ?? value) : value;
}
