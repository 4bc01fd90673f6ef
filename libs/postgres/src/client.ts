import type { Socket } from 'node:net';
import { Client, type ClientBase } from 'pg';

/** Of the driver's own connection, which its types leave out. */
interface Connection extends NodeJS.EventEmitter {
  stream: Socket;
}

export function connectionOf(client: object): Connection {
  return (client as { connection: Connection }).connection;
}

/**
 * A client that fails to log in hangs up. The driver's own leaves the server waiting for a password, up to a minute, and
 * whoever drops a database there waits with it.
 */
export class ServerClient extends Client {
  override connect: Client['connect'] = (...args: []) => {
    const connection = connectionOf(this);
    connection.on('error', () => connection.stream.destroy());
    return super.connect(...args);
  };
}

/** No statement of it is under way, and no transaction open: whoever holds it listens, or is about to ask. */
export function isResting(client: ClientBase): boolean {
  return isAnswered(client) && client.getTransactionStatus() === 'I';
}

/**
 * Ends a connection of whose server nothing is heard for so long while it owes an answer: one that vanished without a word,
 * of which the kernel would tell after a quarter of an hour. Longer than the server's own limit for a statement.
 */
export function endInSilence(client: ClientBase, afterMs: number): void {
  const { stream } = connectionOf(client);
  stream.setTimeout(afterMs);
  stream.on('timeout', () => {
    if (!isAnswered(client)) stream.destroy(new Error(`Connection terminated: no answer in ${afterMs} ms`));
  });
}

function isAnswered(client: ClientBase): boolean {
  return (client as unknown as { readyForQuery: boolean }).readyForQuery;
}
