import { printable, printableLines } from '@app/text';

/** A line of JSON in which every text is one that a terminal can be shown as it is: pino-pretty decodes what JSON escapes. */
export function forPeople(line: string): string {
  return JSON.stringify(shown(JSON.parse(line)));
}

function shown(value: unknown, name?: string): unknown {
  // pino-pretty indents the lines of a stack: none of them looks like a line of the log.
  if (typeof value === 'string') return name === 'stack' ? printableLines(value) : printable(value);
  if (Array.isArray(value)) return value.map((item) => shown(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [printable(key), shown(one, key)]));
}
