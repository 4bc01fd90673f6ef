/**
 * Guards matter: takes each guard out of a copy of this tree, one at a time, and runs the test that must go red without it.
 * Prints the table of docs/reliability.md. Some twenty minutes; `--only <words>` takes those whose name, guard or file has
 * them, and `--list` prints as JSON where the guards stand.
 *
 * A guard is anchored where it stands: `// guard: fencing` at the end of a line is about that line, on a line of its
 * own about the statement that follows. tools/guards.json says for each name what it guards, and what becomes of the
 * anchored text without it: `out` goes (all of it, unless said), and `instead` takes its place. A constraint of the schema
 * is its own anchor.
 *
 * A suite that cannot even be loaded proves nothing: at least one test must have run and failed.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import ts from 'typescript';

const root = join(import.meta.dirname, '..');
const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1].toLowerCase() : '';
const { anchors, constraints } = JSON.parse(readFileSync(join(root, 'tools/guards.json'), 'utf8'));
const { guards, unknown } = findGuards();

if (process.argv.includes('--list')) {
  process.stdout.write(JSON.stringify({ guards, unknown }, null, 2));
} else {
  takeOutEach(guards.filter((each) => namesOf(each).toLowerCase().includes(only)));
}

/** All guards with the places where they stand (one each, if all is well), and the anchors that are in no table. */
function findGuards() {
  const migrations = sourcesIn('migrations');
  const sources = [...sourcesIn('apps'), ...sourcesIn('libs'), ...migrations];
  const anchored = sources.flatMap(([file, text]) => anchorsIn(file, text));
  return {
    guards: [
      ...Object.entries(anchors).map(([name, { guard, out, instead = '', test }]) => ({
        name,
        guard,
        test,
        places: anchored
          .filter((place) => place.name === name)
          .map((place) => ({ ...place, without: place.text.replace(out ?? place.text, () => instead), out })),
      })),
      ...constraints.names.map((name) => {
        const found = migrations.flatMap(([file, text]) => constraintsIn(file, text, name));
        // A later migration may make it anew: then that one counts.
        const places = found.filter(({ file }) => found.every((other) => other.file <= file));
        return { name, guard: `${places[0]?.kind} ${name}`, test: constraints.test, places };
      }),
    ],
    unknown: anchored.filter(({ name }) => !(name in anchors)).map(({ name, file }) => `${name} in ${file}`),
  };
}

function sourcesIn(folder) {
  return readdirSync(join(root, folder), { recursive: true })
    .map((file) => join(folder, file))
    .filter((file) => /(?<!spec)\.tsx?$/.test(file) && !file.includes('node_modules'))
    .map((file) => [file, readFileSync(join(root, file), 'utf8')]);
}

function anchorsIn(file, whole) {
  const found = [...whole.matchAll(/\/\/ guard: (.+)$/gm)];
  const source = found.length > 0 && ts.createSourceFile(file, whole, ts.ScriptTarget.Latest, true);
  return found.flatMap(({ index, 1: names }) => {
    const line = whole.lastIndexOf('\n', index) + 1;
    const isAlone = whole.slice(line, index).trim() === '';
    const [start, end] = isAlone ? statementAfter(source, index) : [line, index];
    return names.split(', ').map((name) => ({ name, file, start, text: whole.slice(start, end).trimEnd() }));
  });
}

/** From the start to the end of the outermost piece of syntax before which a comment stands. */
function statementAfter(node, comment) {
  const isBefore = node.getFullStart() <= comment && comment < node.getStart();
  if (isBefore && !ts.isSourceFile(node)) return [node.getStart(), node.getEnd()];
  const child = ts.forEachChild(node, (each) => (each.pos <= comment && comment < each.end ? each : undefined));
  return child ? statementAfter(child, comment) : [comment, comment];
}

/** Where a migration makes this constraint or unique index, and what makes one that lets everything pass. */
function constraintsIn(file, text, name) {
  const constraint = `constraint ${name}`;
  const ways = [
    ['CHECK', `${constraint} check \\(`, `${constraint} check (true or `],
    ['primary key', `${constraint} primary key \\([^)]*\\)`, `${constraint} check (true)`],
    [
      'foreign key',
      `${constraint} foreign key \\([^)]*\\) references \\w+ \\([^)]*\\)(?: on delete cascade)?`,
      `${constraint} check (true)`,
    ],
    ['unique index', `create unique index ${name} on`, `create index ${name} on`],
  ];
  return ways.flatMap(([kind, pattern, without]) =>
    [...text.matchAll(new RegExp(pattern, 'g'))].map(({ index: start, 0: found }) => ({
      kind,
      file,
      start,
      text: found,
      without,
    })),
  );
}

function namesOf({ name, guard, places }) {
  return [name, guard, ...places.map(({ file }) => file)].join(' ');
}

function takeOutEach(some) {
  const copy = mkdtempSync(join(tmpdir(), 'vodai-guards-'));
  try {
    copyTree(copy);
    process.stdout.write('| guard | removed in | test that goes red |\n| --- | --- | --- |\n');
    const green = some.filter((each) => {
      const failed = failuresWithout(copy, each);
      const names = failed.length > 0 ? failed[0] : '**none**';
      const { guard, places, test } = each;
      process.stdout.write(`| ${guard} | \`${places[0].file}\` | \`${test}\`: ${names.replaceAll('|', '\\|')} |\n`);
      return failed.length === 0;
    });
    for (const { guard, test } of green) process.stderr.write(`nobody misses "${guard}" in ${test}\n`);
    process.exitCode = green.length > 0 ? 1 : 0;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** What is under version control, and what is new; the packages are only linked. */
function copyTree(copy) {
  const list = ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate'];
  const files = execFileSync('git', list, { cwd: root, encoding: 'utf8' });
  for (const file of files.split('\n').filter(Boolean)) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(root, file), join(copy, file));
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
}

/** Names of the tests that fail when the guard is gone. */
function failuresWithout(copy, { places: [{ file, start, text, without }], test }) {
  const path = join(copy, file);
  const whole = readFileSync(path, 'utf8');
  writeFileSync(path, whole.slice(0, start) + without + whole.slice(start + text.length));
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
