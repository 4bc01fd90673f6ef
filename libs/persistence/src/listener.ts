import { Client } from 'pg';

/** The longest pause between two tries to listen again. Meanwhile the slow polls do the work. */
const RECONNECT_MAX_MS = 5_000;

/** A server that does not answer at all must not end the tries. */
const CONNECT_MS = 5_000;

/**
 * LISTEN on a connection of its own, reconnecting for ever. A wake-up that is lost while it reconnects costs nothing
 * but time: after every reconnect all handlers are called once, and every loop polls slowly besides.
 */
export class Listener {
  private client: Client | null = null;
  private listening = false;
  private stopped = false;
  private retry: NodeJS.Timeout | null = null;

  constructor(
    private readonly options: {
      url: string;
      application: string;
      handlers: Record<string, (payload: string) => void>;
      onTrouble?: (error: Error) => void;
      onRecovered?: () => void;
    },
  ) {}

  /** Resolves once it listens for the first time; throws when it cannot. */
  async start(): Promise<void> {
    await this.connect();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    if (this.retry) clearTimeout(this.retry);
    await this.client?.end().catch(() => undefined);
  }

  private async connect(): Promise<void> {
    const { url, application, handlers } = this.options;
    const client = new Client({
      connectionString: url,
      application_name: application,
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_MS,
    });
    client.on('error', (error) => this.lost(client, error));
    client.on('end', () => this.lost(client, new Error('the listening connection ended')));
    client.on('notification', ({ channel, payload }) => handlers[channel]?.(payload ?? ''));
    this.client = client;
    try {
      await client.connect();
      for (const channel of Object.keys(handlers)) await client.query(`listen ${client.escapeIdentifier(channel)}`);
    } catch (error) {
      client.end().catch(() => undefined);
      throw error;
    }
    this.listening = true;
  }

  private lost(client: Client, error: Error, waitMs = 100): void {
    // A connection that breaks before it listens has failed to connect: whoever connects tries again, once.
    if (this.stopped || this.client !== client || !this.listening) return;
    this.listening = false;
    this.options.onTrouble?.(error);
    client.end().catch(() => undefined);
    this.reconnectIn(waitMs);
  }

  private reconnectIn(waitMs: number): void {
    this.retry = setTimeout(() => void this.reconnect(waitMs), waitMs);
  }

  private async reconnect(waitedMs: number): Promise<void> {
    try {
      await this.connect();
    } catch {
      if (!this.stopped) this.reconnectIn(Math.min(waitedMs * 2, RECONNECT_MAX_MS));
      return;
    }
    this.options.onRecovered?.();
    for (const handle of Object.values(this.options.handlers)) handle('');
  }
}
