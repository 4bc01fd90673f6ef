import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** docs/security.md says which test tries which attack: a row whose test is gone is a promise that nobody keeps watch over. */

const root = join(__dirname, '..');
const page = readFileSync(join(root, 'docs/security.md'), 'utf8');
const [, table = ''] = page.split('## Attacks, and the tests that try them');
const rows = (table.split('\n## ')[0] ?? '')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (attack|-+) /.test(line))
  .map((line) => {
    const [, attack = '', test = ''] = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    const tests = [...test.matchAll(/`([^`]+)`: "([^"]+)"/g)].map(([, file = '', name = '']) => ({ file, name }));
    return { attack, tests };
  });

/** What stands in `it('…')`, `it.each(…)('…')` or `describe('…')`, and in a template without its holes. */
function testNamesIn(file: string): string[] {
  const names: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && /^(it|test|describe\w*)\b/.test(node.expression.getText())) {
      const [name] = node.arguments;
      if (name && ts.isStringLiteralLike(name)) names.push(name.text);
      if (name && ts.isTemplateExpression(name)) {
        names.push(name.head.text, ...name.templateSpans.map(({ literal }) => literal.text));
      }
    }
    node.forEachChild(visit);
  };
  visit(ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.Latest, true));
  return names;
}

describe('Every attack of docs/security.md', () => {
  it('has a row that names a test', () => {
    expect(rows.length).toBeGreaterThan(20);
    expect(rows.filter(({ tests }) => tests.length === 0)).toEqual([]);
  });

  it.each(rows)('is tried by the test that the row names: $attack', ({ tests }) => {
    for (const { file, name } of tests) {
      expect([file, existsSync(join(root, file))]).toEqual([file, true]);
      expect([name, testNamesIn(file).some((title) => title.includes(name))]).toEqual([name, true]);
    }
  });
});
