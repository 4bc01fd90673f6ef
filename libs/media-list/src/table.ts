import { asWritten } from '@app/text';
import Papa from 'papaparse';
import { isHeading, normalized } from './heading';
import { idAt, looksLikeVods, type Found } from './id';
import type { MediaListProblem } from './problems';

const delimiters = [',', ';', '\t'];

interface Row {
  line: number;
  cells: string[];
}

interface Layout {
  delimiter: string;
  /** Of the column with the ids. */
  index: number;
  width: number;
  /** Without one it is one id a line. */
  hasHeading: boolean;
}

/** Ids and problems of a CSV or of one id a line, in the order of the file. */
export function idsOfTable(text: string, column: string | undefined, isTyped: boolean): Found[] {
  const start = afterPreface(text, column);
  const layout = layoutOf(start, column);
  if ('problem' in layout) return [layout];
  const rows = rowsOf(start, layout.delimiter);
  if (!Array.isArray(rows)) return [rows];
  const [first, ...below] = rows;
  const content = (layout.hasHeading ? below : rows).filter((row) => isContent(row, layout.width));
  const heading = first?.cells[layout.index] ?? '';
  if (first && layout.hasHeading && column === undefined && !isHeading(heading) && !isAlone(content, layout)) {
    return [{ line: first.line, problem: 'no_heading', cells: first.cells }];
  }
  const found = content.map((row) => idIn(row, layout));
  const alike = found.filter((one) => 'id' in one && looksLikeVods(one.id)).length;
  if (layout.hasHeading) return alike === 0 ? found : onlyVods(found, 'unlike_the_others');
  return isTyped && alike * 2 < found.length ? found : onlyVods(found, 'not_of_vods');
}

interface Start {
  text: string;
  line: number;
  /** What Excel's `sep=;` says. */
  sep: string | undefined;
}

/** Where the first row is: after blank lines, comments and `sep=`. */
function afterPreface(text: string, column: string | undefined): Start {
  const start: Start = { text, line: 1, sep: undefined };
  while (start.text !== '') {
    const [line = ''] = start.text.split('\n', 1);
    const sep = /^"?sep=(.)"?\s*$/i.exec(line)?.[1];
    if (sep === undefined && line.trim() !== '' && !isComment(line, column)) break;
    start.text = start.text.slice(line.length + 1);
    start.line += 1;
    start.sep ??= sep;
  }
  return start;
}

/** A heading may begin with a column named #. */
function isComment(line: string, column: string | undefined): boolean {
  return line.startsWith('#') && delimiters.every((one) => columnsOf(line.split(one), column).length === 0);
}

function layoutOf({ text, line, sep }: Start, column: string | undefined): Layout | MediaListProblem {
  const readings = (sep === undefined ? delimiters : [sep]).map((delimiter) => {
    const cells = (parsed(text, delimiter, 1).data[0] ?? []).map((cell) => cell.trim());
    return { delimiter, cells, columns: columnsOf(cells, column) };
  });
  const fitting = readings.filter(({ columns }) => columns.length > 0);
  const [fits, alsoFits] = fitting;
  // One column reads the same with each of them.
  if (fits && alsoFits && fits.cells.length > 1) {
    return { line, problem: 'several_delimiters', delimiters: fitting.map(({ delimiter }) => delimiter) };
  }
  if (fits) {
    const { delimiter, cells, columns } = fits;
    const [index = 0, ...others] = columns;
    if (others.length > 0) return { line, problem: 'several_headings', headings: columns.map((at) => cells[at] ?? '') };
    return { delimiter, index, width: cells.length, hasHeading: true };
  }
  const cells = readings.map((reading) => reading.cells).toSorted((a, b) => b.length - a.length)[0] ?? [];
  if (column !== undefined) return { line, problem: 'no_such_column', column, cells };
  if (cells.length > 1) return { line, problem: 'no_heading', cells };
  return { delimiter: sep ?? ',', index: 0, width: 1, hasHeading: false };
}

/** Which of the cells are headings over ids of media. */
function columnsOf(cells: readonly string[], column: string | undefined): number[] {
  const isOnly = cells.filter((cell) => cell.trim() !== '').length === 1;
  const fits = (cell: string) =>
    column === undefined ? isHeading(cell, isOnly) : normalized(cell) === normalized(column);
  return cells.flatMap((cell, index) => (fits(cell) ? [index] : []));
}

function rowsOf({ text, line: first }: Start, delimiter: string): Row[] | MediaListProblem {
  const { data, errors } = parsed(text, delimiter);
  let line = first;
  const rows = data.map((cells) => {
    const row = { line, cells: cells.map((cell) => cell.trim()) };
    line += cells.reduce((lines, cell) => lines + cell.split('\n').length - 1, 1);
    return row;
  });
  // After the first one nothing is where it seems to be.
  const broken = errors.find(({ type }) => type === 'Quotes');
  return broken ? { line: rows[broken.row ?? 0]?.line ?? first, problem: 'quotes' } : rows;
}

function parsed(text: string, delimiter: string, preview = 0): Papa.ParseResult<string[]> {
  return Papa.parse<string[]>(text, { delimiter, newline: '\n', preview });
}

/** Beside a column without a name the ids may be those of anything. */
function isAlone(content: readonly Row[], { index, width }: Layout): boolean {
  return content.every(({ cells }) => cells.slice(0, width).every((cell, at) => at === index || cell === ''));
}

/** Where there are columns a first cell with # may be a title. */
function isContent({ cells }: Row, width: number): boolean {
  const isNote = cells[0]?.startsWith('#') && (width === 1 || cells.length === 1);
  return !isNote && cells.some((cell) => cell !== '');
}

function idIn({ line, cells }: Row, { index, width }: Layout): Found {
  const cell = cells[index] ?? '';
  const isWider = cells.slice(width).some((extra) => extra !== '');
  // Excel leaves out empty cells at the end of a row. A line break in a title cuts one too, and puts a word where ids are.
  const isCut = cells.length < width && !looksLikeVods(cell);
  if (isWider || isCut) return { line, problem: 'cell_count', expected: width, got: cells.length };
  // An export of ours has apostrophes in it (libs/text), which no id has.
  return idAt(line, asWritten(cell));
}

/** Without a heading nothing says what the lines are, and under one a title of one word may have come where ids are. */
function onlyVods(found: Found[], problem: 'unlike_the_others' | 'not_of_vods'): Found[] {
  return found.map((one) => ('id' in one && !looksLikeVods(one.id) ? { line: one.line, problem, got: one.id } : one));
}
