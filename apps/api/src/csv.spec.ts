import { readMediaList } from '@app/media-list';
import fc from 'fast-check';
import Papa from 'papaparse';
import { csvRow } from './csv';

describe('A row of CSV', () => {
  it('ends as RFC 4180 wants it, and leaves out what is not there', () => {
    expect(csvRow(['a', null, 3, ''])).toBe('a,,3,\r\n');
  });

  it('quotes what has commas, quotes or line breaks in it, and nothing else', () => {
    expect(csvRow(['a b', 'a,b', 'say "a"', 'a\nb', 'a\r\nb'])).toBe('a b,"a,b","say ""a""","a\nb","a\r\nb"\r\n');
  });

  it.each(['=1+1', '+1', '-1', '@sum(a)', '\tx', '\rx', '\nx', '＝1', '=HYPERLINK("http://x","y")'])(
    'shows %j as text where a spreadsheet would compute it',
    (formula) => {
      expect(csvRow([formula])).toMatch(/^("')|^'/);
    },
  );

  it.each([';', '\t', ',', '|', ' ', '\n'])('has no formula in it when it is divided by %j', (separator) => {
    const row = csvRow(['m-1', `a${separator}=1+41${separator}b`, 'x"=1+41', 'last']);
    const naive = row.split(separator);
    const parsed = Papa.parse<string[]>(row, { delimiter: separator === '\n' ? ',' : separator }).data.flat();
    for (const cell of [...naive, ...parsed]) expect(cell).not.toMatch(/^["\s]*[=+\-@]/);
  });

  it('is read back by our own import, whatever ids there are', () => {
    const id = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.:~-]{0,127}$/);
    fc.assert(
      fc.property(fc.uniqueArray(id, { minLength: 1 }), (ids) => {
        fc.pre(ids.every((one) => !/^(id|mediaid|videoid|vid)$/i.test(one.replaceAll(/[\s_.-]/g, ''))));
        const file = [['id', 'mediaId', 'labels'], ...ids.map((one) => ['x;=1', one, '=1'])].map(csvRow).join('');
        const read = readMediaList(new TextEncoder().encode(file));
        expect(read).toEqual({ outcome: 'read', ids, repeated: 0 });
      }),
    );
    expect(csvRow(['media.-1--x'])).toBe("media.'-1-'-x\r\n");
  });

  it('leaves numbers and inner signs alone', () => {
    expect(csvRow([-1, 'a=b', 'a-b'])).toBe('-1,a=b,a-b\r\n');
  });
});
