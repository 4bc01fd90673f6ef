import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';

const root = join(__dirname, '..');
const table = join(root, 'libs/domain/src/job.ts');

/** A compiler that takes this text for a file's, whatever is on the disk. */
function compile(project: string, roots: string[], texts: Record<string, string>): ts.Program {
  const read = ts.readConfigFile(join(root, project), (path) => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent(read.config, ts.sys, join(root, project, '..'));
  const host = ts.createCompilerHost({ ...options, incremental: false, composite: false });
  const onDisk = host.readFile.bind(host);
  host.readFile = (path) => texts[path] ?? onDisk(path);
  const getSourceFile = host.getSourceFile.bind(host);
  host.getSourceFile = (path, ...rest) =>
    texts[path] === undefined ? getSourceFile(path, ...rest) : ts.createSourceFile(path, texts[path], rest[0], true);
  return ts.createProgram(
    roots.map((path) => join(root, path)),
    { ...options, noEmit: true },
    host,
  );
}

/** Which of these files the compiler refuses when there is one more state. */
function refused(project: string, files: string[]): string[] {
  const today = readFileSync(table, 'utf8');
  const text = today.replace("  'queued',\n", "  'queued',\n  'paused',\n");
  expect(text).not.toBe(today);
  const program = compile(project, files, { [table]: text });
  const complaints = files.flatMap((path) => program.getSemanticDiagnostics(program.getSourceFile(join(root, path))));
  return [...new Set(complaints.map(({ file }) => relative(root, file?.fileName ?? '')))].toSorted();
}

/** The way of "How to add a state" in CONTRIBUTING.md: what says nothing when a state is new would be forgotten. */
describe('A new state', () => {
  it.each([
    [
      'tsconfig.json',
      [
        'apps/cli/src/screen.ts',
        'apps/cli/src/words.ts',
        'libs/domain/src/bill.ts',
        'libs/domain/src/transitions.ts',
        'libs/persistence/test/fixture.ts',
      ],
    ],
    [
      'apps/dashboard/tsconfig.json',
      [
        'apps/dashboard/src/i18n/use-said.ts',
        'apps/dashboard/src/pages/job/now-panel.tsx',
        'apps/dashboard/src/parts/states.ts',
      ],
    ],
  ])('is demanded by the compiler in each place that tells states apart (%s)', (project, files) => {
    expect(refused(project, files)).toEqual(files);
  });
});
