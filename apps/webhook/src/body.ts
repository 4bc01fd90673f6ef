import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { ReceivedBody } from '@app/lifecycle/receive';

/** An event of VOD is a few kilobytes; one with a long transcript some hundreds. */
const KEEP_BYTES = 1024 * 1024;

/** Of a body that is larger, this much is kept: enough to see what it was. */
const HEAD_BYTES = 4 * 1024;

/** Nobody sends this much in good faith. The connection is dropped rather than read for ever. */
const READ_BYTES = 64 * 1024 * 1024;

/** Reads a body to its end, whatever it is, without ever holding more than `KEEP_BYTES` of it. */
export async function readBody(stream: Readable): Promise<ReceivedBody> {
  const hash = createHash('sha256');
  const kept: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    hash.update(chunk);
    if (size < KEEP_BYTES) kept.push(chunk);
    size += chunk.length;
    if (size > READ_BYTES) throw new BodyTooLargeError();
  }
  const whole = Buffer.concat(kept);
  const head = size <= KEEP_BYTES ? whole : whole.subarray(0, HEAD_BYTES); // guard: body-limit
  return { head: Buffer.from(head), size, sha256: hash.digest('hex') };
}

class BodyTooLargeError extends Error {
  constructor() {
    super(`the body has more than ${READ_BYTES} bytes`);
    this.name = 'BodyTooLargeError';
  }
}
