import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isFull } from './support/report';

/**
 * A guard that no test misses is a guard that somebody will remove. `node tools/guards.mjs`, or FAULTS=full here, takes
 * each of them out of a copy of this tree and expects its test to fail; every other run sees that each stands where its
 * anchor says.
 */
const root = join(__dirname, '../..');
const tool = join(root, 'tools/guards.mjs');
const textOf = (file: string) => readFileSync(join(root, file), 'utf8');

interface Guard {
  name: string;
  guard: string;
  test: string;
  places: { file: string; text: string; without: string; out?: string }[];
}
const { guards, unknown } = JSON.parse(execFileSync(process.execPath, [tool, '--list'], { encoding: 'utf8' })) as {
  guards: Guard[];
  unknown: string[];
};

describe('Guards matter', () => {
  it.each(guards)('$guard: stands once, can be taken out, and has its test', ({ places, test }) => {
    expect(places).toHaveLength(1);
    for (const { text, without, out = text } of places) {
      expect(text.split(out)).toHaveLength(2);
      expect(without).not.toBe(text);
    }
    expect(existsSync(join(root, test))).toBe(true);
  });

  it('are all in the table', () => {
    expect(unknown).toEqual([]);
  });

  it('have every constraint of the schema that is not the primary key of an id', () => {
    const schema = textOf('migrations/schema.sql');
    const names = [
      ...[...schema.matchAll(/constraint (\w+) (?:CHECK|FOREIGN KEY)/g)].map(([, name]) => name),
      ...[...schema.matchAll(/UNIQUE INDEX (\w+)/g)].map(([, name]) => name),
    ];
    expect(names.length).toBeGreaterThan(15);
    const covered = guards.map(({ name }) => name);
    expect(names.filter((name) => name === undefined || !covered.includes(name))).toEqual([]);
  });

  it('have every objection of the domain', () => {
    const objections = [...textOf('libs/domain/src/decide.ts').matchAll(/\) return '(\w+)';/g)].map(([whole]) => whole);
    expect(objections.length).toBeGreaterThan(4);
    const texts = guards.flatMap(({ places }) => places.map(({ text }) => text)).join('\n');
    expect(objections.filter((objection) => !texts.includes(objection))).toEqual([]);
  });

  if (isFull) it('are missed by their tests when they are gone', expectAllMissed, 60 * 60_000);
});

function expectAllMissed(): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, [tool], {
    encoding: 'utf8',
  });
  process.stdout.write(stdout);
  expect([status, stderr]).toEqual([0, '']);
}
