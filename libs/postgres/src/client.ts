import type { Socket } from 'node:net';
import { Client } from 'pg';

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
