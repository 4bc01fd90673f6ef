/**
 * Guards matter: takes each guard of tools/guards.json out of a copy of this tree, one at a time, and runs the test that must
 * go red without it. Prints the table of docs/reliability.md. Some twenty minutes; `--only <words>` takes those that name them.
 *
 * A suite that cannot even be loaded proves nothing: at least one test must have run and failed.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1].toLowerCase() : '';
const guards = JSON.parse(readFileSync(join(root, 'tools/guards.json'), 'utf8'));
const copy = mkdtempSync(join(tmpdir(), 'vodai-guards-'));

try {
  copyTree();
  process.stdout.write('| guard | removed in | test that goes red |\n| --- | --- | --- |\n');
  const green = guards
    .filter(({ guard, file }) => `${guard} ${file}`.toLowerCase().includes(only))
    .filter((each) => {
      const failed = failuresWithout(each);
      const names = failed.length > 0 ? failed[0] : '**none**';
      process.stdout.write(
        `| ${each.guard} | \`${each.file}\` | \`${each.test}\`: ${names.replaceAll('|', '\\|')} |\n`,
      );
      return failed.length === 0;
    });
  for (const { guard, test } of green) process.stderr.write(`nobody misses "${guard}" in ${test}\n`);
  process.exitCode = green.length > 0 ? 1 : 0;
} finally {
  rmSync(copy, { recursive: true, force: true });
}

/** What is under version control, and what is new; the packages are only linked. */
function copyTree() {
  const list = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  for (const file of list.split('\n').filter(Boolean)) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(root, file), join(copy, file));
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
}

/** Names of the tests that fail when the guard is gone. */
function failuresWithout({ file, text, without, test }) {
  const path = join(copy, file);
  const whole = readFileSync(path, 'utf8');
  writeFileSync(
    path,
    whole.replace(text, () => without),
  );
  const output = join(copy, 'guard-result.json');
  rmSync(output, { force: true });
  try {
    spawnSync(
      process.execPath,
      [join(root, 'node_modules/jest/bin/jest.js'), '--rootDir', copy, '--json', '--outputFile', output, test],
      {
        cwd: copy,
        stdio: 'ignore',
        timeout: 180_000,
        killSignal: 'SIGINT',
      },
    );
    const { testResults } = JSON.parse(readFileSync(output, 'utf8'));
    return testResults.flatMap(({ assertionResults }) =>
      assertionResults.filter(({ status }) => status === 'failed').map(({ title }) => title),
    );
  } finally {
    writeFileSync(path, whole);
  }
}
