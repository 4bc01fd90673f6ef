import type { IncomingMessage } from 'node:http';

/** How long a refused caller may take to hang up. It has its answer by then, or won't read it. */
const LINGER_MS = 2_000;

/** What is read of a refused body and thrown away. A client that writes all of it before it reads gets to its answer. */
const LINGER_BYTES = 1024 * 1024;

/** Whether there is more to come of the body of a request. */
export function isUnfinished({ complete, headers }: IncomingMessage): boolean {
  if (complete) return false;
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

const lingering = new WeakSet<IncomingMessage>();

/**
 * The answer to a request whose body has not come yet is the last on its connection. Node would read the rest for ever to get to
 * the next request, and, told that there will be none, close at once: the kernel then resets the connection, since bytes are
 * left unread, and the reset overtakes the answer. So our side is closed, and the caller has a moment to do the same, during
 * which no more than a bounded part of its body is read.
 *
 * Call it before the answer is sent, with `Connection: close` on it.
 */
export function closeAfterAnswer(request: IncomingMessage): void {
  if (lingering.has(request)) return;
  lingering.add(request);
  const { socket } = request;
  const closeNow = socket.destroySoon.bind(socket);
  let left = LINGER_BYTES;

  request.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left <= 0) request.pause(); // what comes on stays with its sender
  });
  request.resume();
  request.read(0); // begins now: Node takes over a body that nobody reads when the answer is out, and reads without an end

  // What Node calls when the answer is out.
  socket.destroySoon = () => {
    if (request.complete) return closeNow();
    socket.end();
    const cut = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => clearTimeout(cut));
    request.once('end', closeNow);
  };
}
