// `npm run check`: everything that can be said about the code without running it, then the tests.
import { spawn } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

// The slow ones first, so that the quick ones fill the gaps beside them.
const staticSteps = [
  {
    name: 'lint',
    run: bin('oxlint', '--type-aware'),
    mend: 'npx oxlint --type-aware --fix (it mends some, the rest is yours)',
  },
  {
    name: 'types',
    run: types('tsconfig.json'),
    mend: 'npx tsc --noEmit --watch, and correct what it names',
  },
  {
    name: 'page types',
    run: types('apps/dashboard/tsconfig.json'),
    mend: 'npx tsc --noEmit --watch -p apps/dashboard/tsconfig.json, and correct what it names',
  },
  { name: 'format', run: bin('prettier', '--check', '.'), mend: 'npm run format' },
  {
    name: 'boundaries',
    run: bin('depcruise', 'apps', 'libs', 'migrations', 'test', 'bench'),
    mend: 'turn the import round; each rule and its reason is in .dependency-cruiser.cjs',
  },
  { name: 'unused', run: bin('knip'), mend: 'npx knip --fix, and delete the files it names' },
  { name: 'lockfile', run: tool('lockfile.mjs', '--check'), mend: 'npm run lockfile' },
  {
    name: 'audit',
    run: tool('audit.mjs'),
    says: true,
    mend: 'npm audit fix, or an override in package.json for what a dependency holds back; then npm run lockfile',
  },
];
const tests = { name: 'tests', run: bin('jest'), mend: 'npx jest <the file named above>' };

function bin(name, ...args) {
  return [join(root, 'node_modules/.bin', name), ...args];
}

function tool(name, ...args) {
  return [process.execPath, join(import.meta.dirname, name), ...args];
}

/** What it found out is kept, so that the next time it looks at what changed. */
function types(project) {
  const found = join(root, 'node_modules/.cache/types', `${project.replaceAll('/', '-')}.tsbuildinfo`);
  return bin('tsc', '--noEmit', '--incremental', '--tsBuildInfoFile', found, '-p', project);
}

/**
 * Runs one step and resolves to whether it was content. A step that talks live prints for itself, one that `says` something
 * is heard in any case, the others only on failure.
 */
async function runStep({ name, run: [command, ...args], mend, says = false }, { live = false } = {}) {
  const started = performance.now();
  const { code, output } = await exitOf(command, args, live);
  const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(6);
  const passed = code === 0;
  const said = passed && says ? `  ${output.trim()}` : '';
  console.log(`${passed ? 'ok  ' : 'FAIL'} ${name.padEnd(10)} ${seconds} s${said}`);
  if (!passed) console.log([output.trimEnd(), `to mend it: ${mend}`, ''].join('\n'));
  return passed;
}

function exitOf(command, args, live) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: live ? 'inherit' : ['ignore', 'pipe', 'pipe'] });
    child.stdout?.setEncoding('utf8');
    child.stderr?.setEncoding('utf8');
    let output = '';
    child.stdout?.on('data', (text) => (output += text));
    child.stderr?.on('data', (text) => (output += text));
    child.on('error', (error) => resolve({ code: 1, output: error.message }));
    child.on('close', (code) => resolve({ code, output }));
  });
}

/** All of them, whatever fails; two at a time, because tsc and type-aware lint each fill a core. */
async function runAll(steps) {
  const waiting = [...steps];
  const failed = [];
  const lane = async () => {
    for (let step = waiting.shift(); step; step = waiting.shift()) {
      if (!(await runStep(step))) failed.push(step.name);
    }
  };
  await Promise.all([lane(), lane()]);
  return failed;
}

const failed = await runAll(staticSteps);
if (failed.length === 0 && !process.argv.includes('--no-tests') && !(await runStep(tests, { live: true }))) {
  failed.push(tests.name);
}
console.log(failed.length === 0 ? 'all is well' : `failed: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
