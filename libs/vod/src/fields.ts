/**
 * Reading single fields of VOD's JSON, which is loosely typed: the same field arrives as text here and as a number there,
 * as JSON text in one event and as an object in the next. Each reader gives null for what it can't use.
 */

export type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}

/**
 * A missing list is an empty one, and a single object stands for a list of one. A list also comes as JSON text, and as an
 * array whose only element is that text.
 */
export function listOf(value: unknown): unknown[] {
  const given = opened(value);
  if (Array.isArray(given)) return given.map(opened).flat();
  return fieldsOf(given) === null ? [] : [given];
}

/** The object or array of which this is the JSON text; anything else as it is. */
export function opened(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** Without NUL: no text column can hold it, and what VOD means to say never contains it. */
export function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value.replaceAll('\0', '') || null;
  return typeof value === 'number' ? String(value) : null;
}

/** Of VOD's texts so much is kept and shown: far more than any that it documents. */
const MAX = { word: 128, sentence: 1_000 };

/** A code, a status, a type. */
export function wordOf(value: unknown): string | null {
  return textOf(value)?.slice(0, MAX.word) ?? null;
}

export function sentenceOf(value: unknown): string | null {
  return textOf(value)?.slice(0, MAX.sentence) ?? null;
}

/** VOD's ids have 32 characters; longer than 128, or with a control character inside, it is somebody's experiment. */
export function idOf(value: unknown): string | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : null;
  return typeof value === 'string' && value.trim() !== '' && /^[^\p{Cc}]{1,128}$/u.test(value) ? value : null;
}

export function numberOf(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value !== 'string' || value.trim() === '') return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

/** JSON text as it came, or the JSON text of what came as an object; null for nothing and for a nesting too deep to print. */
export function jsonTextOf(value: unknown): string | null {
  if (value === undefined || value === null || value === '') return null;
  if (typeof value === 'string') return value;
  try {
    return JSON.stringify(value);
  } catch {
    return null;
  }
}

/** JSON text with sorted keys, at every depth: a config that was kept as jsonb comes back in another order, and must be signed the same. */
export function textInOrder(value: unknown): string {
  return JSON.stringify(inOrder(value));
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  const fields = fieldsOf(value);
  if (fields === null) return value;
  return Object.fromEntries(
    Object.keys(fields)
      .toSorted()
      .map((key) => [key, inOrder(fields[key])]),
  );
}

/** All of VOD's times are UTC. Some pages print a colon before the milliseconds, which `Date` doesn't read. */
const timeForm = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:[:.](\d{1,3}))?Z$/;

export function parseVodTime(text: unknown): Date | null {
  const match = typeof text === 'string' ? timeForm.exec(text.trim()) : null;
  if (match === null) return null;
  const [, seconds = '', fraction = ''] = match;
  const time = new Date(`${seconds}.${fraction.padEnd(3, '0')}Z`);
  // Date takes 30 February for 2 March.
  return Number.isNaN(time.getTime()) || !time.toISOString().startsWith(seconds) ? null : time;
}
