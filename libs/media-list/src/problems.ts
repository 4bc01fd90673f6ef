/** Why a list is refused. `line` counts from 1, in the file as it is. */
export type MediaListProblem = { line: number } & (
  | { problem: 'not_text'; encoding: string }
  | { problem: 'quotes' }
  | { problem: 'no_heading'; cells: string[] }
  | { problem: 'several_headings'; headings: string[] }
  | { problem: 'several_delimiters'; delimiters: string[] }
  | { problem: 'no_such_column'; column: string; cells: string[] }
  | { problem: 'cell_count'; expected: number; got: number }
  | { problem: 'not_an_id'; got: string }
  | { problem: 'unlike_the_others'; got: string }
  | { problem: 'not_of_vods'; got: string }
  | { problem: 'not_json'; column: string | undefined }
);

/** In English, without the line. */
export function inWords(problem: MediaListProblem): string {
  switch (problem.problem) {
    case 'not_text':
      return `expected text in ${problem.encoding}, got bytes that are none (Excel in China saves as gb18030)`;
    case 'quotes':
      return 'expected quotes around whole cells, got one that is not closed, or text after the closing one';
    case 'no_heading':
      return `expected a heading like mediaId over one of ${problem.cells.length} columns, got ${listed(problem.cells)}`;
    case 'several_headings':
      return `expected one column of media ids, got ${listed(problem.headings)}`;
    case 'several_delimiters':
      return `expected one kind of delimiter, got ${problem.delimiters.map(named).join(' and ')}`;
    case 'no_such_column':
      return `expected one column ${problem.column}, got ${listed(problem.cells)}`;
    case 'cell_count':
      return `expected ${problem.expected === 1 ? '1 cell' : `${problem.expected} cells`} as in the first row, got ${problem.got}: is a delimiter or a line break not quoted?`;
    case 'not_an_id':
      return `expected the id of a media, got ${shortened(problem.got) || 'nothing'}`;
    case 'unlike_the_others':
      return `expected 32 hexadecimal digits like other ids of the column, got ${shortened(problem.got)}`;
    case 'not_of_vods':
      return `expected 32 hexadecimal digits as VOD's ids have, got ${shortened(problem.got)}; a heading mediaId takes any id`;
    case 'not_json':
      return `expected a JSON object with one ${problem.column ?? 'mediaId'}, as in the first line`;
  }
}

const SHOWN = 6;
const LENGTH = 60;

function listed(cells: string[]): string {
  const shown = cells.slice(0, SHOWN).map(shortened);
  return [...shown, ...(cells.length > SHOWN ? ['…'] : [])].join(', ');
}

function shortened(text: string): string {
  return text.length > LENGTH ? `${text.slice(0, LENGTH)}…` : text;
}

function named(delimiter: string): string {
  return delimiter === '\t' ? 'tab' : delimiter;
}
