import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export type Folder = 'api' | 'errors' | 'events';

/** Those of libs/vod, and those of operations that only the emulator plays. */
const ROOTS = [join(__dirname, '../../vod/test/samples'), join(__dirname, 'samples')];

/** By file name, the text of every sample of a kind. */
export function samplesOf(folder: Folder): Map<string, string> {
  const found = ROOTS.flatMap((root) => {
    const names = readdirSync(root).includes(folder) ? readdirSync(join(root, folder)) : [];
    return names.map((name) => [name, readFileSync(join(root, folder, name), 'utf8')] as const);
  });
  return new Map(found);
}

/**
 * The fields of a value, each with what it holds: `AIJobList.AIJob[].JobId: text`. The fields of all items of a list are those
 * of one item. A text that holds a JSON object or list counts as what it holds, and a time by its form.
 */
export function fieldsOf(value: unknown): string[] {
  return [...new Set(fieldsAt('', value))].toSorted();
}

function fieldsAt(path: string, value: unknown): string[] {
  if (Array.isArray(value)) {
    return value.length === 0 ? [`${path}: no items`] : value.flatMap((item) => fieldsAt(`${path}[]`, item));
  }
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value);
    if (members.length === 0) return [`${path}: no members`];
    return members.flatMap(([name, member]) => fieldsAt(path === '' ? name : `${path}.${name}`, member));
  }
  if (typeof value !== 'string') return [`${path}: ${typeof value}`];
  const held = heldBy(value);
  return held ? fieldsAt(`${path} (JSON)`, held) : [`${path}: ${kindOf(value)}`];
}

function heldBy(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function kindOf(text: string): string {
  if (text === '') return 'empty text';
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text)) return 'time';
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d:\d{3}Z$/.test(text) ? 'time with a colon before milliseconds' : 'text';
}

/** Media ids to try: what is found in a media is drawn from its id, and not every media has everything. */
export const someMedia = (prefix = 'media'): string[] => Array.from({ length: 400 }, (_, i) => `${prefix}-${i}`);
