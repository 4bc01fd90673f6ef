import { types } from 'node:util';

/** Also an error from another realm (a worker's, a test runner's), for which `instanceof` says no. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}

/** The code of a Node or Postgres error, such as ECONNREFUSED. */
export function codeOf(error: unknown): string | undefined {
  return isError(error) && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
