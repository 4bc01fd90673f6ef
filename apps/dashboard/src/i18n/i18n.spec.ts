import { en } from './en';
import { zh } from './zh';

/** `jobs.selected_one` and `jobs.selected_other` are one key: how many forms a number has is the language's own business. */
function keysOf(strings: object, path = ''): string[] {
  return Object.entries(strings).flatMap(([key, value]: [string, unknown]) =>
    typeof value === 'object' && value !== null
      ? keysOf(value, `${path}${key}.`)
      : [`${path}${key.replace(/_(one|other)$/, '')}`],
  );
}

function placeholdersOf(strings: object): Record<string, string[]> {
  return Object.fromEntries(
    [...new Set(keysOf(strings))].map((key) => {
      const parts = key.split('.');
      const read = (names: string[]) =>
        names.reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], strings);
      const text = read(parts) ?? read([...parts.slice(0, -1), `${parts.at(-1)}_other`]);
      return [key, [...String(text).matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name ?? '').toSorted()];
    }),
  );
}

describe('the languages', () => {
  it('say the same things', () => {
    expect([...new Set(keysOf(zh))].toSorted()).toEqual([...new Set(keysOf(en))].toSorted());
  });

  it('name the same values in each of them', () => {
    expect(placeholdersOf(zh)).toEqual(placeholdersOf(en));
  });

  it('leave nothing empty', () => {
    const texts = (strings: object): string[] =>
      Object.values(strings).flatMap((value: unknown) =>
        typeof value === 'object' && value !== null ? texts(value) : [String(value)],
      );
    expect([...texts(en), ...texts(zh)].filter((text) => text.trim() === '')).toEqual([]);
  });
});
