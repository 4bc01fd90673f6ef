import { setTimeout as pause } from 'node:timers/promises';
import { assertWritable, applySettings, singleClient } from '@app/postgres';
import type { Client } from 'pg';

/** The longest pause between two tries to listen again. Meanwhile the slow polls do the work. */
const RECONNECT_MAX_MS = 5_000;

/** How often it makes sure that its server is still there, and still the one that takes writes. */
const WATCH_MS = 5_000;

/** A server that does not answer in this time is not there. */
const ANSWER_MS = 5_000;

/**
 * LISTEN on a connection of its own, reconnecting for ever. A wake-up that is lost while it reconnects costs nothing
 * but time: after every reconnect all handlers are called once, and every loop polls slowly besides.
 */
export class Listener {
  private client: Client | null = null;
  private listening = false;
  private stopped = false;
  private retry: NodeJS.Timeout | null = null;
  private watch: NodeJS.Timeout | null = null;

  constructor(
    private readonly options: {
      url: string;
      application: string;
      handlers: Record<string, (payload: string) => void>;
      onTrouble?: (error: Error) => void;
      onRecovered?: () => void;
      watchMs?: number;
    },
  ) {}

  /** Resolves once it listens for the first time; throws when it cannot. */
  async start(): Promise<void> {
    await this.connect(async () => undefined);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    if (this.retry) clearTimeout(this.retry);
    if (this.watch) clearTimeout(this.watch);
    await this.client?.end().catch(() => undefined);
  }

  private async connect(accept: (client: Client) => Promise<unknown>): Promise<void> {
    const { url, application, handlers } = this.options;
    const client = singleClient(url, application);
    client.on('error', (error) => this.lost(client, error));
    client.on('end', () => this.lost(client, new Error('the listening connection ended')));
    client.on('notification', ({ channel, payload }) => handlers[channel]?.(payload ?? ''));
    this.client = client;
    try {
      await client.connect();
      await applySettings(client, 'public');
      await accept(client);
      for (const channel of Object.keys(handlers)) await client.query(`listen ${client.escapeIdentifier(channel)}`);
    } catch (error) {
      client.end().catch(() => undefined);
      throw error;
    }
    this.listening = true;
    this.watchOver(client);
  }

  /**
   * After a failover the old server may live on, or be gone without a word. Its connection hears nothing any more, and says
   * nothing about that.
   */
  private watchOver(client: Client): void {
    if (this.stopped || this.client !== client || !this.listening) return;
    this.watch = setTimeout(() => {
      stillTakesWrites(client).then(
        () => this.watchOver(client),
        (error: unknown) => this.lost(client, error instanceof Error ? error : new Error(String(error))),
      );
    }, this.options.watchMs ?? WATCH_MS);
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
      await this.connect(stillTakesWrites);
    } catch {
      if (!this.stopped) this.reconnectIn(Math.min(waitedMs * 2, RECONNECT_MAX_MS));
      return;
    }
    this.options.onRecovered?.();
    for (const handle of Object.values(this.options.handlers)) handle('');
  }
}

async function stillTakesWrites(client: Client): Promise<void> {
  const late = pause(ANSWER_MS, undefined, { ref: false }).then(() => {
    throw new Error(`nothing came back within ${ANSWER_MS} ms`);
  });
  await Promise.race([assertWritable(client), late]);
}
