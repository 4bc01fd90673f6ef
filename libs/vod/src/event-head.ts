import type { Fields } from './fields';

/**
 * The members that a JSON object begins with, as far as they are whole: of an event that is too large to keep, only the
 * head is there. Null for what is no object. Its text is bounded by the caller.
 */
export function leadingMembers(text: string): Fields | null {
  const opening = /^\s*\{/.exec(text);
  if (opening === null) return null;
  const members: Record<string, unknown> = {};
  let at = opening[0].length;
  for (;;) {
    const key = matchAt(/\s*("(?:[^"\\]|\\.)*")\s*:\s*/y, text, at);
    const start = at + (key?.[0].length ?? 0);
    const end = key === null ? null : endOfValue(text, start);
    const after = end === null ? null : matchAt(/\s*[,}]/y, text, end);
    if (key === null || end === null || after === null) return members;
    const name = parsed(key[1] ?? '');
    const value = parsed(text.slice(start, end));
    if (typeof name !== 'string' || value === undefined) return members;
    members[name.trim()] = value;
    if (after[0].endsWith('}')) return members;
    at = end + after[0].length;
  }
}

/** Null when the text ends before the value does. */
function endOfValue(text: string, start: number): number | null {
  const simple = matchAt(/"(?:[^"\\]|\\.)*"|[-\w.+]+/y, text, start);
  if (simple !== null) return start + simple[0].length;
  const token = /"(?:[^"\\]|\\.)*"|[[\]{}]/y;
  let depth = 0;
  for (let at = start; at < text.length;) {
    const found = matchAt(token, text, at);
    const sign = found?.[0];
    // A string without an end: whatever follows may be part of it.
    if (sign === undefined && text[at] === '"') return null;
    if (sign === '{' || sign === '[') depth += 1;
    if (sign === '}' || sign === ']') depth -= 1;
    at += sign?.length ?? 1;
    if (depth === 0) return at;
  }
  return null;
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
