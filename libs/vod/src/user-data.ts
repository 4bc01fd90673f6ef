import type { JobCallback } from '@app/config';

/** VOD's limit for Extend is 512 bytes; a sister operation states the same for the whole of UserData, so that is kept. */
const MAX_BYTES = 512;

/**
 * UserData as it is sent: what its event may echo, and where that is to go when not to where the account's setting says. The form of a
 * queue is in no page; its members are those of SetMessageCallback (docs/vod.md, "Events").
 *
 * @throws RangeError when it would take more than 512 bytes
 */
export function userDataOf({ extend, callback }: { extend: string; callback: JobCallback | null }): string {
  const text = JSON.stringify({ ...(callback && { MessageCallback: messageCallback(callback) }), Extend: extend });
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_BYTES) throw new RangeError(`UserData takes ${MAX_BYTES} bytes, got ${bytes}`);
  return text;
}

/** One text for one place, whoever writes it: a part of the signed request. */
export function messageCallback(callback: JobCallback): Record<string, string> {
  return 'url' in callback
    ? { CallbackType: 'http', CallbackURL: callback.url }
    : { CallbackType: 'mns', MnsEndpoint: callback.endpoint, MnsQueueName: callback.queue };
}
