import fc from 'fast-check';
import Papa from 'papaparse';
import { asWritten, inert, inertJson } from './index';

const signs = Array.from('=+-@＝＋－＠﹦﹢﹣﹫−⁼⁺');
/** What has been used as a separator somewhere, and what comes in between when a reader doesn't see quotes. */
const separators = [',', ';', '\t', '|', ':', ' ', '^', '~', '/', '\\', '.', '_', '#', '&', '\n', '\r', '"', '(', '　'];

/** Whatever begins a cell when the file is divided there, without the blanks that some readers drop. */
const cellsBy = (separator: string, text: string) => text.split(separator).map((cell) => cell.trimStart());
const isFormula = (cell: string) => signs.some((one) => cell.startsWith(one));

/** Texts as an attacker would write them: signs where a cell might begin. */
const hostile = fc
  .array(fc.oneof(fc.constantFrom(...signs, ...separators, "'", 'a', '1', '41', 'ÄA', '智', '\u0301'), fc.string()))
  .map((parts) => parts.join(''));

describe('A cell', () => {
  it('has no formula in it, whatever its reader divides it by', () => {
    const attacks = [
      'a;=1+41;b',
      'a\t=1+41\tb',
      'a\n=1+41\nb',
      'a"=1+41',
      '  =1+41',
      '"=1+41',
      "';=1+41",
      '\u200b=1+41',
    ];
    for (const separator of separators) {
      for (const attack of [...attacks, ...signs.map((sign) => `x${separator}${sign}1+41`)]) {
        expect(cellsBy(separator, inert(attack)).filter(isFormula)).toEqual([]);
      }
    }
    fc.assert(
      fc.property(hostile, fc.constantFrom(...separators), (text, separator) => {
        expect(cellsBy(separator, inert(text)).filter(isFormula)).toEqual([]);
      }),
    );
  });

  it('has none in a file either, to a reader that knows quotes', () => {
    fc.assert(
      fc.property(
        fc.array(hostile, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(',', ';', '\t', '|', ':', ' '),
        (cells, delimiter) => {
          const file = Papa.unparse([cells.map(inert)], { delimiter: ',' });
          const read = Papa.parse<string[]>(file, { delimiter }).data.flat();
          expect(read.map((cell) => cell.trimStart()).filter(isFormula)).toEqual([]);
        },
      ),
    );
  });

  it.each(['=1', '+1', '-1', '@sum(a)', '\tx', '\rx', '\nx', '＝1', '=cmd|/c calc!A1'])(
    'begins as text: %j',
    (cell) => {
      expect(inert(cell)[0]).toBe("'");
    },
  );

  it('is what it was when it has been read', () => {
    for (const text of ["'=1", "''=1", "'\t=1", "''\tx", "a'=1", "a'", '--1', "'", '']) {
      expect(asWritten(inert(text))).toBe(text);
    }
    fc.assert(fc.property(hostile, (text) => expect(asWritten(inert(text))).toBe(text)));
  });

  it('is left alone where nothing could begin', () => {
    const plain = [
      '01a2032f-e07b-7439-9f71-b8fc9c427ca2',
      'cn-shanghai',
      'a=b',
      "it's",
      '2026-11-22T09:00:00.000Z',
      '智能',
    ];
    expect(plain.map(inert)).toEqual(plain);
  });

  it('knows every form of the signs that Unicode has', () => {
    const forms = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code)).filter((one) =>
      /^[=+\-@]/.test(one.normalize('NFKC')),
    );
    expect(forms.length).toBeGreaterThan(10);
    expect(forms.filter((one) => inert(one) !== `'${one}`)).toEqual([]);
  });

  it('of JSON has none and stays the same JSON', () => {
    fc.assert(
      fc.property(fc.dictionary(hostile, hostile), fc.constantFrom(...separators), (members, separator) => {
        const json = inertJson(members);
        expect(JSON.parse(json)).toEqual(members);
        expect(cellsBy(separator, json).filter(isFormula)).toEqual([]);
        expect(inert(json)).toBe(json);
      }),
    );
  });

  it('takes as many steps as it is long', () => {
    for (const piece of ['=', "'", ' ', '\t', "'=", '-;']) {
      const text = piece.repeat(1_000_000);
      expect(asWritten(inert(text))).toBe(text);
    }
  });
});
