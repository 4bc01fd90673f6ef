import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { HEAD_BYTES, KEEP_BYTES, type ReceivedBody } from '@app/lifecycle/receive';
import type { BodyRoom } from './body-room';

/** Nobody sends this much in good faith. The connection is dropped rather than read for ever. */
const READ_BYTES = 64 * 1024 * 1024;

/** A body that has a place in the room until its request is answered. */
export interface HeldBody extends ReceivedBody {
  /** Holds no more than its beginning from now on. */
  keepOnly(head: Buffer): void;
}

/** A body that isn't read to its end, and how its sender is told. */
export class UnreadBodyError extends Error {
  constructor(
    readonly status: 400 | 413 | 503,
    readonly code: 'hung_up' | 'too_large' | 'busy',
    message: string,
  ) {
    super(message);
    this.name = 'UnreadBodyError';
  }
}

const hungUp = () => new UnreadBodyError(400, 'hung_up', 'the sender was gone before the end of the body');
const tooLarge = () => new UnreadBodyError(413, 'too_large', `the body has more than ${READ_BYTES} bytes`);
const busy = () => new UnreadBodyError(503, 'busy', 'there is no room for the body among all the others');

/**
 * Reads a body to its end, whatever it is, without ever holding more than `KEEP_BYTES` of it, and no more than the room has for
 * all of them. What is held is let go once the request is answered.
 */
export function readBody(request: IncomingMessage, response: ServerResponse, room: BodyRoom): Promise<HeldBody> {
  return new Promise((resolve, reject) => {
    const hash = createHash('sha256');
    let kept: Buffer = Buffer.alloc(0);
    let size = 0;

    const guest = room.enter(() => giveUp(busy()));
    const onData = (chunk: Buffer) => {
      const begin = size;
      size += chunk.length;
      if (size > READ_BYTES) giveUp(tooLarge());
      else if (begin <= KEEP_BYTES) keep(chunk, begin);
      else hash.update(chunk);
    };
    // Copied: a chunk may be one byte of a buffer of 64 KiB, and a million of them come in one body.
    const keep = (chunk: Buffer, begin: number) => {
      const wanted = Math.min(size, KEEP_BYTES);
      if (wanted > kept.length) {
        const grown = Math.min(Math.max(wanted, 2 * kept.length, HEAD_BYTES), KEEP_BYTES);
        if (!room.hold(guest, grown)) return giveUp(busy());
        const larger = Buffer.allocUnsafeSlow(grown);
        kept.copy(larger, 0, 0, begin);
        kept = larger;
      }
      chunk.copy(kept, begin);
      if (size > KEEP_BYTES) dropAllButHead(chunk.subarray(kept.length - begin)); // guard: body-limit
    };
    const dropAllButHead = (rest: Buffer) => {
      hash.update(kept).update(rest);
      keepOnly(Buffer.from(kept.subarray(0, HEAD_BYTES)));
    };
    const keepOnly = (head: Buffer) => {
      kept = head;
      room.hold(guest, head.length);
    };
    const onEnd = () => {
      stop();
      guest.whole = true;
      // Not while it came: a body that never ends isn't worth it.
      if (size <= KEEP_BYTES) hash.update(kept.subarray(0, size));
      const body: HeldBody = {
        head: kept.subarray(0, size),
        size,
        sha256: hash.digest('hex'),
        keepOnly: (head) => {
          if (guest.bytes > 0) keepOnly(head); // else its sender is gone, and it has left
          body.head = head;
        },
      };
      resolve(body);
    };
    const giveUp = (error: UnreadBodyError) => {
      stop();
      kept = Buffer.alloc(0);
      room.leave(guest);
      reject(error);
    };
    const onGone = () => giveUp(hungUp());
    const stop = () => {
      request.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone);
      response.off('close', onGone);
    };

    response.once('close', () => room.leave(guest));
    // Also when it is answered before its end: it came too slowly.
    response.once('close', onGone);
    request.on('data', onData).once('end', onEnd).once('error', onGone).once('close', onGone);
    if (request.destroyed) onGone();
  });
}
