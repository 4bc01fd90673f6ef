import { createHash } from 'node:crypto';
import { ServerClient } from '@app/postgres';

type Query = (...args: unknown[]) => unknown;

/**
 * Prepares the statements that carry a name, as a leading comment: `/* claim *\/ select …`. Parsing and planning one of
 * the store's large statements costs Postgres more than running it for a few rows; prepared, each connection pays that
 * once. The name also shows in pg_stat_activity. Statements without one, whose text varies, are sent as they are.
 */
export class PreparingClient extends ServerClient {
  override query: ServerClient['query'] = ((text: unknown, values: unknown, ...rest: unknown[]) => {
    const send = super.query.bind(this) as Query;
    const name = typeof text === 'string' && Array.isArray(values) ? nameOf(text) : null;
    return name === null ? send(text, values, ...rest) : send({ name, text, values }, ...rest);
  }) as ServerClient['query'];
}

/** The name and a hash of the text: after a deploy the same name may mean another statement. */
function nameOf(text: string): string | null {
  const known = names.get(text);
  if (known !== undefined) return known;
  const name = /^\s*\/\* ([a-z ]+) \*\//.exec(text)?.[1];
  if (name === undefined) return null;
  const unique = `${name} ${createHash('sha256').update(text).digest('hex').slice(0, 12)}`;
  names.set(text, unique);
  return unique;
}

/** Bounded by the number of named statements in the code, whose texts are constant. */
const names = new Map<string, string>();
