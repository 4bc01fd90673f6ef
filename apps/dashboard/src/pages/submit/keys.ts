import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { askedFor, type SubmitBody } from '@app/client';

/**
 * The Idempotency-Key of a row: of what is asked for, so that the same row has it again after a reload or a lost connection, in
 * any tab. `run` is what somebody who wants all of it once more writes. By a library, because the browser's own digest is
 * there only on https and localhost.
 */
export function keyOf(body: SubmitBody, run: string): string {
  return `page:${bytesToHex(sha256(utf8ToBytes(JSON.stringify([run, askedFor(body)]))))}`;
}
