import { z } from 'zod';

/** ListAIJob takes at most ten JobIds a call; no read takes more. */
export const READ_BATCH = 10;

/**
 * Every queue of this product. There is one of each per region, because VOD's limits are per region. Payloads are ids
 * only: what a job needs is in Postgres, and may have changed since it was put here.
 *
 * None of them retries: the alarm in Postgres does, and it knows why. None of them keeps what is over.
 */
export const catalog = {
  /**
   * For the queued jobs of a request one call of each operation that submits some of them. VOD counts each operation by itself,
   * so one limit holds for all. A probe tries although the account could not submit lately.
   */
  submit: {
    payload: z.strictObject({ requestId: z.uuid(), probe: z.literal(true).optional() }),
    /** The same request twice in the queue is one entry: saves work, decides nothing (the claim does). */
    id: ({ requestId, probe }: { requestId: string; probe?: true | undefined }) =>
      probe ? `probe-${requestId}` : requestId,
    /** Calls under way at once per worker process: enough for 30 a second at a second each. */
    concurrency: 32,
    limit: 'submitQps',
  },
  /** One read of as many jobs as VOD takes at once. */
  collect: {
    payload: z.strictObject({ jobIds: z.array(z.uuid()).min(1).max(READ_BATCH) }),
    id: null,
    concurrency: 8,
    limit: 'collectQps',
  },
  /** One look at a submission whose outcome is unknown. */
  recover: {
    payload: z.strictObject({ jobId: z.uuid() }),
    id: ({ jobId }: { jobId: string }) => jobId,
    concurrency: 4,
    limit: 'collectQps',
  },
} as const;

export type QueueKind = keyof typeof catalog;
export const queueKinds = Object.keys(catalog) as QueueKind[];

export type Payload<K extends QueueKind> = z.infer<(typeof catalog)[K]['payload']>;

/** BullMQ's names must not contain a colon. */
export function queueName(kind: QueueKind, region: string): string {
  return `${kind}.${region}`;
}

/** Every queue of these regions. */
export function queuesOf(regions: readonly string[]): { kind: QueueKind; region: string; name: string }[] {
  return queueKinds.flatMap((kind) => regions.map((region) => ({ kind, region, name: queueName(kind, region) })));
}

/** The network moves calls closer together than they left: only this share of the limit is used. */
const LEEWAY = 0.95;

/**
 * BullMQ counts in fixed windows, so a burst at the end of one and the start of the next meets the provider's sliding
 * second twice over. Up to 200 a second, one call per window spaces them out exactly; above, windows of 50 ms sized so
 * that any second, which touches at most 21 of them, stays within the limit.
 */
export function limiterFor(callsPerSecond: number): { max: number; duration: number } {
  const calls = callsPerSecond * LEEWAY;
  if (callsPerSecond <= 200) return { max: 1, duration: Math.ceil(1000 / calls) };
  return { max: Math.floor(calls / 21), duration: 50 };
}
