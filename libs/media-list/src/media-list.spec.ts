import { inWords, readMediaList, type MediaListOptions } from '.';

const [A, B, C] = ['a', 'b', 'c'].map((digit) => digit.repeat(32)) as [string, string, string];
const bytes = (text: string) => new TextEncoder().encode(text);
const read = (content: string | Uint8Array, options?: MediaListOptions) =>
  readMediaList(typeof content === 'string' ? bytes(content) : content, options);
/** `[line, problem]` of each. */
const problemsOf = (content: string | Uint8Array, options?: MediaListOptions) => {
  const list = read(content, options);
  return list.outcome === 'refused' ? list.problems.map(({ line, problem }) => [line, problem]) : list;
};

describe('A list of media is read', () => {
  it.each<[string, string, string[]]>([
    ['one id a line', `${A}\n${B}\n`, [A, B]],
    ['a heading, whatever ids look like', 'mediaId\nmedia-1\nmedia_2', ['media-1', 'media_2']],
    ['comments, blank lines and blanks around an id', `# exported, by me\n\n  ${A}  \n#${B}\n${C}`, [A, C]],
    ['a heading over the only column', `MediaId\r\n${A}\r\n`, [A]],
    ['a heading that is only clear when it is alone', `ID\n${A}\n`, [A]],
    ['a heading that is only clear when it is alone, with empty cells', `ID,,\n${A},,\n`, [A]],
    ['a BOM and CRLF', `\uFEFFmediaId,title\r\n${A},x\r\n`, [A]],
    ['the column wherever it stands', `title,size,video_id\nx,1,${A}\ny,2,${B}\n`, [A, B]],
    ['a heading in Chinese', `标题,媒体ID\n一,${A}\n`, [A]],
    ['a heading with blanks and full-width letters', `标题,视频 ＩＤ\n一,${A}\n`, [A]],
    ['id of something else beside the media id', `id,mediaId\n1,${A}\n`, [A]],
    ['quotes, delimiters and line breaks in cells', `title,mediaId\n"a, ""b""\r\nc",${A}\n`, [A]],
    ['semicolons', `Titel;MediaId\nx, y;${A}\n`, [A]],
    ['tabs', `title\tmediaId\nx; y, z\t${A}\n`, [A]],
    ['what sep= says', `sep=|\r\ntitle|mediaId\r\nx,y;z|${A}\r\n`, [A]],
    ['a tab that sep= says', `sep=\t\ntitle\tmediaId\nx\t${A}\n`, [A]],
    ['titles with #', `title,mediaId\n#1 hit,${A}\n`, [A]],
    ['a column named #', `#,mediaId\n1,${A}\n`, [A]],
    ['rows of which Excel left out empty cells', `mediaId,title,note\n${A},x,y\n${B}\n${C},z\n`, [A, B, C]],
    ['rows with empty cells too many', `mediaId,title\n${A},x,,\n,,,\n`, [A]],
    ['one JSON object a line', `{"id":"1","mediaId":"${A}"}\n\n{"mediaId":"m-2"}\n`, [A, 'm-2']],
    ['old line breaks of a Mac', `mediaId\r${A}\r`, [A]],
    ['nothing', '', []],
    ['a heading and nothing', 'mediaId,title\n', []],
  ])('with %s', (_what, content, ids) => {
    expect(read(content)).toEqual({ outcome: 'read', ids, repeated: 0 });
  });

  it('with each media once, and how many lines repeat one', () => {
    expect(read(`mediaId\n${A}\n${B}\n${A}\n`)).toEqual({ outcome: 'read', ids: [A, B], repeated: 1 });
  });

  it('from the column that is named', () => {
    expect(read(`asset,mediaId\n${A},x y\n`, { column: 'Asset' })).toMatchObject({ ids: [A] });
    expect(read(`id,title\n${A},x y\n`, { column: 'id' })).toMatchObject({ ids: [A] });
    expect(read(`{"asset":"${A}","mediaId":"m-2"}\n`, { column: 'Asset' })).toMatchObject({ ids: [A] });
    expect(problemsOf(`{"mediaId":"${A}"}\n`, { column: 'asset' })).toEqual([[1, 'not_json']]);
    expect(problemsOf(`\nid,title\n${A},x\n`, { column: 'asset' })).toEqual([[2, 'no_such_column']]);
    expect(problemsOf(`asset,asset\n${A},x\n`, { column: 'asset' })).toEqual([[1, 'several_headings']]);
  });

  it('as somebody types it: ids that look like anything, but like each other', () => {
    expect(read('media-1\nmedia_2', { isTyped: true })).toMatchObject({ ids: ['media-1', 'media_2'] });
    expect(problemsOf(`${A}\n${B}\nWinter`, { isTyped: true })).toEqual([[3, 'not_of_vods']]);
  });

  it('in the encoding that is said, or that its first bytes say', () => {
    // 标题,媒体ID, as Excel in China saves it.
    const heading = [0xb1, 0xea, 0xcc, 0xe2, 0x2c, 0xc3, 0xbd, 0xcc, 0xe5, 0x49, 0x44, 0x0d, 0x0a];
    const gb18030 = Uint8Array.of(...heading, ...bytes(`x,${A}\r\n`));
    expect(read(gb18030, { encoding: 'gb18030' })).toMatchObject({ ids: [A] });
    expect(problemsOf(gb18030)).toEqual([[1, 'not_text']]);
    const utf16 = Uint8Array.of(0xff, 0xfe, ...Buffer.from(`标题\t媒体ID\r\n一\t${A}\r\n`, 'utf16le'));
    expect(read(utf16, { encoding: 'gb18030' })).toMatchObject({ ids: [A] });
    expect(read(`\uFEFF标题,媒体ID\n一,${A}\n`, { encoding: 'gb18030' })).toMatchObject({ ids: [A] });
  });

  it('quickly, also when it is long', () => {
    const rows = Array.from({ length: 100_000 }, (_, i) => `"Title, ${i}",${i.toString(16).padStart(32, '0')},x\r\n`);
    expect(read(`title,mediaId,note\r\n${rows.join('')}`)).toMatchObject({ ids: { length: 100_000 } });
  });
});

describe('A list of media is refused, with the line,', () => {
  it.each<[string, string, [number, string][]]>([
    ['without a known heading over several columns', `# x\ntitle,asset\nx,${A}\n`, [[2, 'no_heading']]],
    ['with ids beside something and no heading', `${A},${B}\n`, [[1, 'no_heading']]],
    ['with an id beside something: of what?', `id,title\n${A},x\n`, [[1, 'no_heading']]],
    ['with id beside columns without a name: of what?', `id,,\n1,Summer,x\n`, [[1, 'no_heading']]],
    ['with two columns of ids', `MediaId,VideoId\n${A},${B}\n`, [[1, 'several_headings']]],
    ['that two delimiters divide', `mediaId,a;mediaId\n${A},x;${B}\n`, [[1, 'several_delimiters']]],
    ['that sep= does not divide', `sep=;\ntitle,mediaId\nx,${A}\n`, [[2, 'not_an_id'], [3, 'not_an_id']]], // prettier-ignore
    ['of titles', `Summer party\n${A}\n${B}\nWinter\n`, [[1, 'not_an_id'], [4, 'not_of_vods']]], // prettier-ignore
    ['of titles of one word', 'title\nWinter\nSummer\n', [[1, 'not_of_vods'], [2, 'not_of_vods'], [3, 'not_of_vods']]], // prettier-ignore
    [
      'of names of files',
      'intro.mp4\noutro.mp4\n',
      [
        [1, 'not_of_vods'],
        [2, 'not_of_vods'],
      ],
    ],
    ['with titles of one word between the ids', `mediaId,title\n${A},x\nSummer,${B}\n`, [[3, 'unlike_the_others']]],
    ['under a heading that is not known', `asset\n${A}\n${B}\n`, [[1, 'not_of_vods']]],
    ['that changes its delimiter', `${A}\n${B};title\n${C}\tx\n${A},y\n`, [[2, 'not_an_id'], [3, 'not_an_id'], [4, 'cell_count']]], // prettier-ignore
    ['with another delimiter below the heading', `mediaId,title\n${A};x\n`, [[2, 'cell_count']]],
    ['with a cell too many', `title,mediaId\nHello, world,${A}\n`, [[2, 'cell_count']]],
    ['with a title cut by a line break', `mediaId,title\n${A},Hello\nworld\n`, [[3, 'cell_count']]],
    ['with a title where the id is due', `mediaId,title\n${A},x\nSummer party,${B}\n`, [[3, 'not_an_id']]],
    ['with no id in a row', `title,mediaId\n"a\nb",${A}\nx,\n`, [[4, 'not_an_id']]],
    ['with a number that a spreadsheet made of an id', `mediaId\n1.23457E+31\n`, [[2, 'not_an_id']]],
    ['with its heading a second time', `mediaId\n${A}\nmediaId\n`, [[3, 'not_an_id']]],
    ['with a quote that is not closed', `title,mediaId\nx,${A}\n"y,${B}\nz,${C}\n`, [[3, 'quotes']]],
    ['with text after a quote', `title,mediaId\n"x"y,${A}\n`, [[2, 'quotes']]],
    ['with a line of JSON that has no media', `{"mediaId":"${A}"}\n{"title":"x"}\n{"mediaId":1`, [[2, 'not_json'], [3, 'not_json']]], // prettier-ignore
    ['with JSON in which an id is no text', `{"mediaId":null}\n{"mediaId":true}\n{"mediaId":12345678901234567890}\n`, [[1, 'not_an_id'], [2, 'not_an_id'], [3, 'not_an_id']]], // prettier-ignore
    ['that is no text', `mediaId\n${A}\na\0b\n`, [[3, 'not_text']]],
  ])('%s', (_what, content, expected) => {
    expect(problemsOf(content)).toEqual(expected);
  });

  it('where bytes are no text', () => {
    expect(problemsOf(Uint8Array.of(...bytes(`mediaId\n${A}\n`), 0xc3, 0x28, 0x0a))).toEqual([[3, 'not_text']]);
    expect(problemsOf(Uint8Array.of(...bytes('mediaId\n'), 0xff, 0x0a), { encoding: 'gb18030' })).toEqual([
      [2, 'not_text'],
    ]);
  });

  it('with the first of many problems, and how many there are', () => {
    expect(read(`mediaId\n${'not an id\n'.repeat(50_000)}`)).toMatchObject({
      outcome: 'refused',
      count: 50_000,
      problems: { length: 20 },
    });
  });

  it('in words that say what was expected and what was got', () => {
    expect(inWords({ line: 2, problem: 'not_an_id', got: 'x'.repeat(100) })).toBe(
      `expected the id of a media, got ${'x'.repeat(60)}…`,
    );
    expect(inWords({ line: 1, problem: 'no_heading', cells: ['title', 'asset'] })).toBe(
      'expected a heading like mediaId over one of 2 columns, got title, asset',
    );
    expect(inWords({ line: 1, problem: 'several_delimiters', delimiters: [',', '\t'] })).toBe(
      'expected one kind of delimiter, got , and tab',
    );
  });
});
