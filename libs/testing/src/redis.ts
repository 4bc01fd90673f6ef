let nextDatabase = 0;

/**
 * A Redis keyspace for one stack: a numbered database on the server of the tests. Null without a Redis. Jest's workers
 * share the server, so each takes its numbers from a range of its own.
 */
export function testRedisUrl(): string | null {
  const url = process.env['TEST_REDIS_URL'];
  if (!url) return null;
  const worker = Number(process.env['JEST_WORKER_ID'] ?? '1');
  const database = ((worker - 1) * 16 + (nextDatabase++ % 16)) % 64;
  return `${url}/${database}`;
}

/** A suite that needs Redis: skipped, and reported as skipped, where there is none. With CI=true there always is one. */
export const describeWithRedis: typeof describe = process.env['TEST_REDIS_URL'] ? describe : describe.skip;
