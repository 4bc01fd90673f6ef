// `npm run test:faults`: every fault test in its full size, one after another, and one table of what came of it.
// `npm run test:faults -- kill lost` takes the files whose names hold one of these words; FAULTS_SEED repeats a run.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const words = process.argv.slice(2);
const files = readdirSync(join(root, 'test/faults'))
  .filter((name) => /\.(e2e-)?spec\.ts$/.test(name))
  .filter((name) => words.length === 0 || words.some((word) => name.includes(word)));
if (files.length === 0) {
  console.error(`no file in test/faults has one of these in its name: ${words.join(', ')}`);
  process.exit(1);
}

const folder = mkdtempSync(join(tmpdir(), 'vodai-faults-'));
const reports = join(folder, 'reports.jsonl');
const failed = [];
for (const file of files) {
  console.log(`\n${file}`);
  if ((await run(file)) !== 0) failed.push(file);
}
const lines = readReports();
rmSync(folder, { recursive: true, force: true });
printTable(lines);
if (failed.length > 0) console.log(`\nfailed: ${failed.join(', ')}`);
process.exitCode = failed.length > 0 ? 1 : 0;

function run(file) {
  const jest = join(root, 'node_modules/.bin/jest');
  // FAULTS=short from outside is for trying this tool out.
  const env = { FAULTS: 'full', ...process.env, FAULTS_REPORT: reports };
  const child = spawn(jest, ['--runInBand', '--runTestsByPath', join('test/faults', file)], {
    cwd: root,
    stdio: 'inherit',
    env,
  });
  return new Promise((resolve) => {
    child.on('error', () => resolve(1));
    child.on('close', (code) => resolve(code ?? 1));
  });
}

/** None when no test came as far as to report. */
function readReports() {
  try {
    const text = readFileSync(reports, 'utf8');
    // Kept where somebody may look for it: the table shows less.
    if (process.env.FAULTS_REPORT) writeFileSync(process.env.FAULTS_REPORT, text);
    return text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  } catch {
    return [];
  }
}

function printTable(reported) {
  const heads = ['test', 'faults', 'jobs', 'lost', 'paid twice', 'answers lost', 'found', 'held', 'slowest', 'seed'];
  const rows = reported.map((line) => [
    line.family,
    Object.values(line.faults).reduce((sum, times) => sum + times, 0),
    line.jobs,
    line.lost,
    line.paidTwice,
    line.answersLost ?? '',
    line.answersLost ? `${((100 * line.adopted) / line.answersLost).toFixed(1)} %` : '',
    line.held ?? '',
    line.slowestRecoveryMs ? `${(line.slowestRecoveryMs / 1000).toFixed(1)} s` : '',
    line.seed,
  ]);
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map((row) => String(row[i]).length)));
  console.log('');
  for (const row of [heads, ...rows]) {
    // Names to the left, figures to the right.
    console.log(row.map((cell, i) => String(cell)[i === 0 ? 'padEnd' : 'padStart'](widths[i])).join('  '));
  }
  console.log('\nfaults injected, by kind');
  for (const { family, faults } of reported) {
    const kinds = Object.entries(faults).map(([kind, times]) => `${kind} ${times}`);
    console.log(`${family.padEnd(widths[0])}  ${kinds.join(', ')}`);
  }
}
