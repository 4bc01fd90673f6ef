import { isHeading, normalized } from './heading';
import { idAt, type Found } from './id';

/** Ids and problems of one JSON object a line, as `vodai jobs list --json` prints them. */
export function idsOfObjects(text: string, column: string | undefined): Found[] {
  return text.split('\n').flatMap((row, index) => (row.trim() === '' ? [] : idIn(row, index + 1, column)));
}

function idIn(row: string, line: number, column: string | undefined): Found {
  const fits = (name: string) => (column === undefined ? isHeading(name) : normalized(name) === normalized(column));
  const [value, ...others] = Object.entries(objectIn(row)).flatMap(([name, one]: [string, unknown]) =>
    fits(name) ? [one] : [],
  );
  if (value === undefined || others.length > 0) return { line, problem: 'not_json', column };
  // Null is no id, and of a long number JSON has lost the last digits.
  return typeof value === 'string' ? idAt(line, value) : { line, problem: 'not_an_id', got: JSON.stringify(value) };
}

function objectIn(row: string): object {
  try {
    const value: unknown = JSON.parse(row);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
