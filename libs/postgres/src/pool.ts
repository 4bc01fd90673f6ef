import { Pool, type ClientBase, type PoolClient, type PoolConfig } from 'pg';
import { connectionOf, endInSilence, isResting, ServerClient } from './client';
import { applySettings } from './session';
import { strictTypes } from './times';
import { isWrongServer } from './trouble';

export interface ServerPoolOptions extends PoolConfig {
  /** The schema of the statements' tables. By default `public`. */
  searchPath?: string;
  /** A server that is silent for so long, in milliseconds, while it owes an answer is gone. 0: a statement may take for ever. */
  silenceMs?: number;
}

/** Longer than a statement may take. */
const SILENCE_MS = 40_000;

/**
 * A pool of connections that all are what the code takes them for, to a server that takes writes: as soon as one of them
 * says that it doesn't, or is going down, all are given up, since after a failover they lead to the same old server, which
 * may live on for hours.
 */
export class ServerPool extends Pool {
  private readonly idle = new Set<PoolClient>();
  private readonly busy = new Set<PoolClient>();
  private readonly givenUp = new WeakSet<ClientBase>();
  /** How often all connections were given up. */
  private losses = 0;

  constructor({ searchPath = 'public', silenceMs = SILENCE_MS, ...options }: ServerPoolOptions) {
    super({
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
      types: strictTypes,
      Client: ServerClient,
      ...options,
      // Waited for, though its type doesn't say so.
      onConnect: (client: ClientBase): unknown => this.welcome(client, searchPath, silenceMs),
    });
    this.on('acquire', (client) => {
      this.idle.delete(client);
      this.busy.add(client);
    });
    this.on('release', (_error, client) => {
      this.busy.delete(client);
      // The pool looks right after this whether it has ended, and then doesn't keep it.
      if (this.givenUp.has(client)) void client.end().catch(() => undefined);
      else this.idle.add(client);
    });
    this.on('remove', (client) => {
      this.idle.delete(client);
      this.busy.delete(client);
    });
  }

  private async welcome(client: ClientBase, searchPath: string, silenceMs: number): Promise<void> {
    // A connection that breaks while it passes from the pool to whoever asked has neither's listener for a moment, and
    // an error that nobody listens to ends the process. Whoever got it learns of it from their first statement.
    client.on('error', () => undefined);
    connectionOf(client).on('errorMessage', (error: unknown) => {
      if (isWrongServer(error)) this.giveUp();
    });
    endInSilence(client, silenceMs);
    const { losses } = this;
    await applySettings(client, searchPath);
    // It may lead where all the others led.
    if (losses !== this.losses) throw gone();
  }

  /** No connection that is there now is used again. Statements and transactions under way may finish. */
  giveUp(): void {
    this.losses += 1;
    for (const client of this.busy) {
      if (this.givenUp.has(client)) continue;
      this.givenUp.add(client);
      // BullMQ holds one for as long as it listens, and would hear nothing from the new server.
      if (isResting(client)) this.cut(client, gone());
    }
    // The way in which a pool hears that an idle connection is gone.
    for (const client of this.idle) client.emit('error', gone());
  }

  private cut(client: PoolClient, why: Error): void {
    client.emit('error', why);
    void client.end().catch(() => undefined);
  }
}

function gone(): Error {
  return new Error('Connection terminated: the server takes no writes any more');
}

/** For a connection that stays with one purpose. Its owner connects it, settles it, and listens to its errors. */
export function singleClient(url: string, application: string): ServerClient {
  return new ServerClient({
    connectionString: url,
    application_name: application,
    keepAlive: true,
    connectionTimeoutMillis: 5_000,
    types: strictTypes,
  });
}
