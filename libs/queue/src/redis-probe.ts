import { randomUUID } from 'node:crypto';
import { StartError } from '@app/observability';
import type { Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';

/** A Redis that answers and will never let us work, unless a person changes something. */
export class RedisRefusesError extends StartError {
  constructor(why: string) {
    super(`REDIS_URL: ${why}`);
  }
}

export const PROBE = 'probe';

/**
 * Puts an entry on a queue, takes it and finishes it, with the commands and the scripts with which the work is done: a user
 * that may not use one of them, or a server that has others of the keys, answers every PING. Another process may be quicker
 * to take the entry; then it can be taken.
 */
export async function putAndTake(client: Redis, prefix: string, queue: Queue, worker: Worker): Promise<void> {
  try {
    await queue.waitUntilReady();
    await queue.add(PROBE, {}, { removeOnComplete: true, removeOnFail: true });
    await client.bzpopmin(`${prefix}:${PROBE}:marker`, 0.01); // what an idle worker waits with
    const token = randomUUID();
    const job = await worker.getNextJob(token, { block: false });
    await job?.moveToCompleted(null, token, false);
  } catch (error) {
    throw refusal(error) ?? error;
  }
}

/** Null for what may pass by itself. Names no host and no user: /readyz is open. */
export function refusal(error: unknown): RedisRefusesError | null {
  const message = error instanceof Error ? error.message : String(error);
  const moved = /\bMOVED (\d+) /.exec(message);
  if (moved) {
    return new RedisRefusesError(
      `this is one node of a Redis Cluster, and the queues (slot ${moved[1]}) belong to another one. ` +
        `Name that node, or a proxy that knows them all`,
    );
  }
  if (/\bNOPERM\b|has no permissions|No permissions|user executing the script can't/i.test(message)) {
    const what = /'([a-z|]+)' command/i.exec(message)?.[1];
    return new RedisRefusesError(
      `the user may not use ${what?.toUpperCase() ?? 'what BullMQ uses'}; docs/operations.md has the ACL that BullMQ needs`,
    );
  }
  if (/^(NOAUTH|WRONGPASS)\b|invalid password/i.test(message)) {
    return new RedisRefusesError('the user or the password is not the right one, or is missing');
  }
  if (/unknown command/i.test(message)) {
    const what = /unknown command [`'"]?(\w+)/i.exec(message)?.[1] ?? 'a command';
    return new RedisRefusesError(
      `this server doesn't know ${what.toUpperCase()}: is it a Sentinel, or a proxy that leaves commands out?`,
    );
  }
  return null;
}
