import { jsonTextOf, listOf, numberOf, opened, parseVodTime, textInOrder } from './fields';

const nestedTooDeep = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`) as unknown;

describe('A list of VOD', () => {
  it.each([
    ['an array', [{ a: 1 }, { b: 2 }], [{ a: 1 }, { b: 2 }]],
    ['one object', { a: 1 }, [{ a: 1 }]],
    ['JSON text', '[{"a":1},{"b":2}]', [{ a: 1 }, { b: 2 }]],
    ['JSON text after blanks', ' \n[{"a":1}]', [{ a: 1 }]],
    ['JSON text of one object', '{"a":1}', [{ a: 1 }]],
    ['an array of JSON text', [' [{"a":1},{"b":2}]'], [{ a: 1 }, { b: 2 }]],
    ['an array of ids of digits only', ['00000000000000000000000000000001'], ['00000000000000000000000000000001']],
    ['an array with entries of nothing', [null, { a: 1 }, 'x'], [null, { a: 1 }, 'x']],
    ['nothing', undefined, []],
    ['null', null, []],
    ['other text', 'none', []],
    ['half a list', '[{"a":1},', []],
    ['a number', 3, []],
  ])('may come as %s', (_, value, list) => {
    expect(listOf(value)).toEqual(list);
  });
});

describe('A text', () => {
  it.each(['[sic] the title', '{', '007', 'true', 'null', '"quoted"', ''])(
    'that is no JSON of an object or array stays what it is: %j',
    (text) => {
      expect(opened(text)).toBe(text);
    },
  );
});

describe('A number', () => {
  it.each([
    ['92.4800000000', 92.48],
    [' 7 ', 7],
    ['0', 0],
    [0, 0],
    ['', null],
    ['  ', null],
    ['soon', null],
    ['1e999', null],
    [null, null],
    [{}, null],
    [[1], null],
  ])('is read from %j as %j', (value, number) => {
    expect(numberOf(value)).toBe(number);
  });
});

describe('A time', () => {
  it('is read with blanks around it', () => {
    expect(parseVodTime(' 2026-01-02T03:04:05Z\n')).toEqual(new Date('2026-01-02T03:04:05Z'));
  });
});

describe('The JSON text', () => {
  it('of what is nested too deep to print is none', () => {
    expect(jsonTextOf(nestedTooDeep)).toBeNull();
  });

  it('of a config is the same in any order of its keys, also of those within lists', () => {
    const text = '{"a":[{"c":1,"d":[{"e":2,"f":3}]},"x",null],"b":true}';
    expect(textInOrder({ b: true, a: [{ d: [{ f: 3, e: 2 }], c: 1 }, 'x', null] })).toBe(text);
    // The order of a list means something.
    expect(textInOrder(['b', 'a'])).toBe('["b","a"]');
  });
});
