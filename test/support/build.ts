import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '@app/testing';

const root = join(__dirname, '../..');
const cache = join(root, 'node_modules/.cache/vodai-build');
const lock = join(cache, 'pid');
const stamp = join(root, 'dist/.built-from');

/** A cold build on a busy machine. */
const BUILD_MS = 240_000;

/** The processes and the dashboard. */
const SOURCE = /\.(m?ts|tsx|css|html|svg|json)$/;

let built: Promise<string> | undefined;

/**
 * The folder of compiled processes, built when a source has changed: once for a test file, because building empties
 * the folder under the processes that run from it. For a `beforeAll`, with `BUILD_TIMEOUT_MS`.
 */
export function builtDist(): Promise<string> {
  return (built ??= build());
}

/** Jest's workers come at the same time: one builds, the others wait. */
async function build(): Promise<string> {
  mkdirSync(cache, { recursive: true });
  await eventually('nobody else builds', takeLock, BUILD_MS);
  try {
    const sources = fingerprint();
    if (textOf(stamp) !== sources) {
      // Jest says `test`, and React would be built for its developers.
      const env = { ...process.env, NODE_ENV: 'production' };
      const options = { cwd: root, env, maxBuffer: 64 * 1024 * 1024 };
      await promisify(execFile)('npm', ['run', '-s', 'build'], options);
      writeFileSync(stamp, sources);
    }
  } finally {
    rmSync(lock, { force: true });
  }
  return join(root, 'dist');
}

export const BUILD_TIMEOUT_MS = 2 * BUILD_MS;

/** Exclusive creation decides; the lock of a process that was killed is nobody's. */
function takeLock(): boolean {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    const holder = Number(textOf(lock));
    if (holder > 0 && !isAlive(holder)) rmSync(lock, { force: true });
    return false;
  }
}

/** The newest change and the number of files: a file that was deleted counts as well. */
function fingerprint(): string {
  const files = ['apps', 'libs', 'migrations', 'bench'].flatMap((folder) => sourcesIn(join(root, folder)));
  const settings = ['nest-cli.json', 'tsconfig.json', 'tsconfig.build.json', 'package.json', 'package-lock.json'];
  const times = [...files, ...settings.map((name) => join(root, name))].map((file) => statSync(file).mtimeMs);
  return `${files.length} files, the newest of ${new Date(Math.max(...times)).toISOString()}\n`;
}

function sourcesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => SOURCE.test(name) && !name.endsWith('spec.ts'))
      .map((name) => join(folder, name));
  } catch {
    return []; // not every checkout has every folder
  }
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
