import { isHeading } from './heading';
import type { MediaListProblem } from './problems';

/** What a row turns out to be: an id, or why there is none. */
export type Found = { line: number; id: string } | MediaListProblem;

/** Stricter than the api, which takes what VOD may invent: no title with blanks, path, or number of a spreadsheet passes. */
export function idAt(line: number, cell: string): Found {
  const isId = /^\w[\w.:~-]{0,127}$/.test(cell) && !isHeading(cell, true);
  return isId ? { line, id: cell } : { line, problem: 'not_an_id', got: cell };
}

/** VOD specifies no form, and all ids that it documents have this one. */
export function looksLikeVods(id: string): boolean {
  return /^[0-9a-f]{32}$/i.test(id);
}
