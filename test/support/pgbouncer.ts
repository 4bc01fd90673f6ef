import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@app/testing';
import { Client } from 'pg';
import { freePort } from '../../apps/local/src/embedded-postgres';

/** PgBouncer as distributions ship it, before one Postgres. */
export class PgBouncer {
  private constructor(
    private readonly process: ChildProcess,
    private readonly folder: string,
    readonly url: string,
  ) {}

  static async start(postgresUrl: string, mode: 'session' | 'transaction' | 'statement'): Promise<PgBouncer> {
    const { hostname, port, username, password, pathname } = new URL(postgresUrl);
    const folder = mkdtempSync(join(tmpdir(), 'vodai-pgbouncer-'));
    const own = await freePort();
    const file = join(folder, 'pgbouncer.ini');
    writeFileSync(
      file,
      `[databases]
       * = host=${hostname} port=${port} user=${username} password=${password}
       [pgbouncer]
       listen_addr = 127.0.0.1
       listen_port = ${own}
       unix_socket_dir =
       auth_type = any
       pool_mode = ${mode}
       default_pool_size = 60`.replaceAll(/^ +/gm, ''),
    );
    // As root it refuses to run.
    chmodSync(folder, 0o755);
    const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const child = spawn('pgbouncer', ['-q', file], { stdio: 'ignore', ...nobody });
    const url = `postgres://anybody@127.0.0.1:${own}${pathname}`;
    const bouncer = new PgBouncer(child, folder, url);
    await eventually('PgBouncer takes connections', async () => {
      const client = new Client({ connectionString: url });
      client.on('error', () => undefined);
      return client.connect().then(
        () => client.end().then(() => true),
        () => false,
      );
    });
    return bouncer;
  }

  async stop(): Promise<void> {
    if (this.process.exitCode === null) {
      const exit = once(this.process, 'exit');
      this.process.kill('SIGKILL');
      await exit;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const path = `${process.env['PATH'] ?? ''}:/usr/sbin`; // where Debian puts it
const isThere = spawnSync('pgbouncer', ['--version'], { env: { ...process.env, PATH: path } }).status === 0;
if (isThere) process.env['PATH'] = path;
else if (process.env['CI'] !== 'true') {
  process.stdout.write('\nNo pgbouncer on the PATH: the suites that need it are skipped.\n');
}

/** Skipped where there is none; in CI there is one. */
export const describeWithPgBouncer: typeof describe =
  isThere || process.env['CI'] === 'true' ? describe : describe.skip;
