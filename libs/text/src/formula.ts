/**
 * What spreadsheets take for the beginning of a formula (OWASP, "CSV Injection"), and every character that Unicode calls
 * another form of the same sign: full-width, small, raised.
 */
const sign = '=+\\-@\u2212\u207A\u207C\u208A\u208C\u2A75\u2A76\uFB29\uFE62\uFE63\uFE66\uFE6B\uFF0B\uFF0D\uFF1D\uFF20';

/**
 * Where a cell may begin, for a reader that divides the file by whatever it likes: everywhere but behind a letter or a
 * digit. Quotes don't help: to a reader that divides by `;`, a comma and a quote before it are text like any other.
 */
const beginning = new RegExp(`(?<![\\p{L}\\p{N}])(?=[${sign}])`, 'gu');

/** A blank of these at the very beginning is dropped by some readers, and what stood behind it begins the cell. */
const blankStart = /^(?='*[\t\r\n])/;

/**
 * A cell in which no reader sees a formula: each sign that could begin one has an apostrophe before it, which makes it
 * text. `asWritten` takes them away again.
 */
export function inert(cell: string): string {
  return cell.replace(beginning, "'").replace(blankStart, "'");
}

const added = new RegExp(`'(?=[${sign}])`, 'g');

/** The cell before it was `inert`. */
export function asWritten(cell: string): string {
  return cell.replace(/^'(?='*[\t\r\n])/, '').replace(added, '');
}

const escapable = new RegExp(`${beginning.source}.`, 'gu');

/** The same for JSON, which stays the same JSON: it has escapes of its own. */
export function inertJson(members: Readonly<Record<string, string>>): string {
  return JSON.stringify(members).replace(
    escapable,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
