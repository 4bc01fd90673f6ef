import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { check } from 'recheck';
import ts from 'typescript';

/**
 * No text from outside makes a regular expression slow: the steps of each grow with the length of the text, and with no
 * power of it. recheck decides that by the automaton of an expression; one that has none (back references, looking around)
 * it attacks with texts made for it. What a test can't show this way, many matches that each look far ahead, is left to
 * whoever writes a loop over them.
 */

const root = join(__dirname, '..');

/** Over text that is ours alone, with the reason. */
const exceptions: Readonly<Record<string, string>> = {};

interface Expression {
  source: string;
  flags: string;
}

const files = ['apps', 'libs'].flatMap(sourcesIn);
const literals = new Map(files.map((file) => [file, literalsIn(file)]));
const madeFrom = files.filter((file) => constructionsIn(file) > 0);

function sourcesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.m?tsx?$/.test(file) && !/\.(e2e-)?spec\.tsx?$|(^|\/)test\/|^testing\//.test(file))
    .map((file) => `${folder}/${file}`)
    .toSorted();
}

function eachNode(file: string, look: (node: ts.Node) => void): void {
  const visit = (node: ts.Node): void => {
    look(node);
    node.forEachChild(visit);
  };
  visit(ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.Latest, true));
}

function literalsIn(file: string): Expression[] {
  const found: Expression[] = [];
  eachNode(file, (node) => {
    if (!ts.isRegularExpressionLiteral(node)) return;
    const end = node.text.lastIndexOf('/');
    found.push({ source: node.text.slice(1, end), flags: node.text.slice(end + 1) });
  });
  return found;
}

/** How often `RegExp(…)` or `new RegExp(…)` is written there. */
function constructionsIn(file: string): number {
  let count = 0;
  eachNode(file, (node) => {
    if ((ts.isNewExpression(node) || ts.isCallExpression(node)) && node.expression.getText() === 'RegExp') count += 1;
  });
  return count;
}

/** Those that are put together from parts, as they are when the module has been loaded. */
function constructedBy(file: string): Expression[] {
  const made: Expression[] = [];
  const Original = globalThis.RegExp;
  globalThis.RegExp = new Proxy(Original, {
    construct(target, args: [string, string?]) {
      const { source, flags } = new target(...args);
      made.push({ source, flags });
      return new target(...args);
    },
  });
  try {
    jest.isolateModules(() => void require(join(root, file)));
  } finally {
    globalThis.RegExp = Original;
  }
  return made;
}

/** Without a repetition, an attempt ends after as many steps as the expression is long. */
const repeats = ({ source }: Expression) => /[*+{]/.test(source);

async function slowAmong(expressions: readonly Expression[]): Promise<string[]> {
  const slow: string[] = [];
  for (const expression of expressions.filter(repeats)) {
    const name = `/${expression.source}/${expression.flags}`;
    if (name in exceptions) continue;
    const { status, ...more } = await check(expression.source, expression.flags, { timeout: 300_000 });
    if (status !== 'safe')
      slow.push(`${name} is ${status}: ${'attack' in more ? more.attack?.pattern : 'not decided'}`);
  }
  return slow;
}

describe('Every regular expression takes as many steps as its text is long', () => {
  it.each([...literals].filter(([, found]) => found.some(repeats)))(
    'in %s',
    async (_file, found) => {
      expect(await slowAmong(found)).toEqual([]);
    },
    600_000,
  );

  it.each(madeFrom)(
    'in %s, which puts them together when it is loaded, and never later',
    async (file) => {
      const made = constructedBy(file);
      expect(made.length).toBeGreaterThanOrEqual(constructionsIn(file));
      expect(await slowAmong(made)).toEqual([]);
    },
    600_000,
  );

  it('and the tool knows those that do not', async () => {
    expect(await slowAmong([{ source: String.raw`[^\S\n]+$`, flags: 'gm' }])).toHaveLength(1);
    expect(await slowAmong([{ source: '^(a+)+$', flags: '' }])).toHaveLength(1);
    expect(await slowAmong([{ source: '(://)[^ ]{0,500}@', flags: 'g' }])).toHaveLength(1);
  }, 600_000);

  it('but for exceptions that are still there, each with its reason', () => {
    const all = [...literals.values()].flat().map(({ source, flags }) => `/${source}/${flags}`);
    for (const [name, reason] of Object.entries(exceptions)) {
      expect(all).toContain(name);
      expect(reason).not.toBe('');
    }
    expect(all.length).toBeGreaterThan(100);
  });
});
