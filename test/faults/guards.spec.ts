import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isFull } from './support/report';

/**
 * A guard that no test misses is a guard that somebody will remove. `node tools/guards.mjs`, or FAULTS=full here, takes
 * each of them out of a copy of this tree and expects its test to fail; every other run sees that the table is still true.
 */
const root = join(__dirname, '../..');
const textOf = (file: string) => readFileSync(join(root, file), 'utf8');

interface Guard {
  guard: string;
  file: string;
  text: string;
  without: string;
  test: string;
}
const guards = JSON.parse(textOf('tools/guards.json')) as Guard[];

describe('Guards matter', () => {
  it.each(guards)('$guard: still stands once in $file, and has its test', ({ file, text, without, test }) => {
    expect(textOf(file).split(text)).toHaveLength(2);
    expect(without).not.toBe(text);
    expect(existsSync(join(root, test))).toBe(true);
  });

  it('has every constraint of the schema that is not the primary key of an id', () => {
    const schema = textOf('migrations/schema.sql');
    const names = [
      ...[...schema.matchAll(/constraint (\w+) (?:CHECK|FOREIGN KEY)/g)].map(([, name]) => name),
      ...[...schema.matchAll(/UNIQUE INDEX (\w+)/g)].map(([, name]) => name),
    ];
    expect(names.length).toBeGreaterThan(15);
    const covered = guards.map(({ guard }) => guard.split(' ').at(-1));
    expect(names.filter((name) => !covered.includes(name))).toEqual([]);
  });

  it('has every objection of the domain', () => {
    const objections = [...textOf('libs/domain/src/decide.ts').matchAll(/\) return '(\w+)';/g)].map(([whole]) => whole);
    expect(objections.length).toBeGreaterThan(4);
    const texts = guards.map(({ text }) => text).join('\n');
    expect(objections.filter((objection) => !texts.includes(objection))).toEqual([]);
  });

  if (isFull) it('are missed by their tests when they are gone', expectAllMissed, 60 * 60_000);
});

function expectAllMissed(): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'tools/guards.mjs')], {
    encoding: 'utf8',
  });
  process.stdout.write(stdout);
  expect([status, stderr]).toEqual([0, '']);
}
