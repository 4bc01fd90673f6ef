import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(__dirname, '../..');
const isThere = spawnSync('promtool', ['--version']).status === 0;

/** Needs Prometheus's own checker (Debian's package `prometheus`): skipped, and reported as skipped, where it is missing. Not in CI. */
export const describeWithPromtool: typeof describe =
  isThere || process.env['CI'] === 'true'
    ? describe
    : (((name: string, run: () => void) =>
        describe.skip(`${name} (skipped: there is no promtool on the PATH)`, run)) as typeof describe);

/** Runs it in the repository. What it finds is on its standard output and error; lint alone makes it fail, too. */
export function promtool(args: string[], input = ''): { status: number | null; output: string } {
  const { status, stdout, stderr, error } = spawnSync('promtool', args, { cwd: root, input, encoding: 'utf8' });
  return { status, output: error ? error.message : stdout + stderr };
}
