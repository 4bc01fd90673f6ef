/**
 * A row of RFC 4180. Text that a spreadsheet would take for a formula gets an apostrophe in front, which it shows as
 * text: a media id or a label comes from outside, and must not compute anything where somebody opens the file.
 * See OWASP, "CSV Injection".
 */
export function csvRow(cells: readonly (string | number | null)[]): string {
  return `${cells.map(cell).join(',')}\r\n`;
}

function cell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = /^[=+\-@\t\r\n＝＋－＠]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
