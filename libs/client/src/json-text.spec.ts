import * as fc from 'fast-check';
import { laidOut, memberOf } from './json-text';

describe('JSON as text', () => {
  it('is laid out as a parsed value would be', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(laidOut(JSON.stringify(value))).toBe(JSON.stringify(value, null, 2));
      }),
    );
  });

  it('keeps every digit when it is laid out', () => {
    expect(laidOut('{"id":9007199254740993, "far":[1e400,-0.10]}')).toBe(
      '{\n  "id": 9007199254740993,\n  "far": [\n    1e400,\n    -0.10\n  ]\n}',
    );
  });

  it('gives each member of an object as it is, wherever its name comes up besides', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('raw', 'a', '"', ':', '__proto__'), fc.jsonValue()), (value) => {
        for (const name of ['raw', 'a', '"', ':']) {
          const expected = Object.hasOwn(value, name) ? JSON.stringify(value[name]) : undefined;
          expect(memberOf(JSON.stringify(value), name)).toBe(expected);
        }
      }),
    );
    expect(memberOf('{"a": {"raw": 1}, "raw" : [ 9007199254740993 ], "z": "raw"}', 'raw')).toBe('[ 9007199254740993 ]');
    expect(memberOf('{"a":"raw","raw":"}"}', 'raw')).toBe('"}"');
  });

  it('is laid out however deep it is', () => {
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    expect(laidOut(deep).replaceAll(/\s/g, '')).toBe(deep);
  });
});
