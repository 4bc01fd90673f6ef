import { isHeading } from './heading';
import { idAt, type Found } from './id';

/** Ids and problems of one JSON object a line, as `vodai jobs list --json` prints them. */
export function idsOfObjects(text: string): Found[] {
  return text.split('\n').flatMap((row, index) => (row.trim() === '' ? [] : idIn(row, index + 1)));
}

function idIn(row: string, line: number): Found {
  const [id, ...others] = Object.entries(objectIn(row)).filter(([name]) => isHeading(name));
  return id && others.length === 0 ? idAt(line, String(id[1])) : { line, problem: 'not_json' };
}

function objectIn(row: string): object {
  try {
    const value: unknown = JSON.parse(row);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
