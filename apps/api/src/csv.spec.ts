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

  it('leaves numbers and inner signs alone', () => {
    expect(csvRow([-1, 'a=b', 'a-b'])).toBe('-1,a=b,a-b\r\n');
  });
});
