import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(__dirname, '../..');

let built: Promise<string> | undefined;

/**
 * The folder of compiled processes, built when a source has changed: once for a test file, so that nothing changes under
 * the processes that run from it. For a `beforeAll`, with `BUILD_TIMEOUT_MS`.
 */
export function builtDist(): Promise<string> {
  return (built ??= build());
}

async function build(): Promise<string> {
  await promisify(execFile)('npm', ['run', '-s', 'build'], { cwd: root, maxBuffer: 64 * 1024 * 1024 });
  return join(root, 'dist');
}

/** A cold build on a busy machine, and the wait for another one. */
export const BUILD_TIMEOUT_MS = 480_000;
