import fc from 'fast-check';
import { printable, printableJson, printableLines } from './index';

/** Obeyed by terminals, or not shown by them. */
const hostile = {
  'Escape and its sequences': '\u001b[2J\u001b]0;title\u0007',
  'a C1 sequence without an Escape': '\u009b2J\u009d0;title\u009c',
  'the whole of C0, Delete and C1': Array.from({ length: 0xa0 }, (_, code) => String.fromCharCode(code))
    .filter((one) => one < ' ' || one > '~')
    .join(''),
  'bidi controls': '\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069',
  'zero-width characters': '\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u180e',
  'fillers, selectors and tags': '\u3164\u115f\uffa0\ufe0f\u{e0041}\u{e0100}',
  'invisible operators and annotations': '\u2061\u2064\u206a\ufff9\ufffb',
  'separators of lines and paragraphs': '\u2028\u2029',
};
const anyHostile = fc.array(
  fc.oneof(fc.constantFrom(...Array.from(Object.values(hostile).join(''))), fc.string({ unit: 'binary' })),
);

/** ASCII that can be seen, and what stands for a letter somewhere. */
const isSeen = (text: string) => !/[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/u.test(text.replaceAll(' ', ''));

describe('Text from outside', () => {
  it.each(Object.entries(hostile))('shows %s instead of obeying', (_what, text) => {
    for (const shown of [printable(`a${text}b`), printableJson(JSON.stringify(`a${text}b`))]) {
      expect(isSeen(shown)).toBe(true);
    }
  });

  it('is one line, or keeps the lines it has', () => {
    expect(printable('a\tb\nc\u001b[2J\u202e智能')).toBe('a\\tb\\nc\\u001b[2J\\u202e智能');
    expect(printableLines('a\tb\r\nc')).toBe('a\\tb\\u000d\nc');
  });

  it('is left alone where there is nothing to hide', () => {
    const plain = 'Zürich – 智能 標題 «عربي» \u{1f600} 1\u00a0000';
    expect(printable(plain)).toBe(plain);
  });

  it('stays the same JSON, however it is laid out', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          anyHostile.map((parts) => parts.join('')),
          fc.jsonValue(),
        ),
        anyHostile,
        (value, parts) => {
          const whole = { ...value, text: parts.join('') };
          for (const indent of [0, 2, '\t']) {
            expect(JSON.parse(printableJson(JSON.stringify(whole, null, indent)))).toEqual(
              JSON.parse(JSON.stringify(whole)),
            );
          }
        },
      ),
    );
    expect(printableJson('{\r"a":\r\n\t"\u{e0041}"}')).toBe('{ "a": \n\t"\\udb40\\udc41"}');
  });
});
