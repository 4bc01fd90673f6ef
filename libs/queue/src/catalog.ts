import { z } from 'zod';

/** ListAIJob takes at most ten JobIds a call; no read takes more. */
export const READ_BATCH = 10;

/**
 * Every queue of this product. There is one of each per region, because VOD's limits are per region. Payloads are ids
 * only: what a job needs is in Postgres, and may have changed since it was put here.
 *
 * None of them retries: the alarm in Postgres does, and it knows why. None of them keeps what is over.
 *
 * `concurrency`: how many a process takes off the queue at once. `startsHere`: with fewer than that under way, it works what it has
 * found itself without putting it on the queue. So both together bound what a process has under way.
 */
export const catalog = {
  /**
   * `next`: claims what is most urgent when it is worked, for the calls that VOD's limits let start within the next moment, and
   * submits it. With a request: submits that one. A probe tries although the account could not submit lately.
   */
  submit: {
    payload: z.union([
      z.strictObject({ next: z.literal(true) }),
      z.strictObject({ requestId: z.uuid(), probe: z.literal(true).optional() }),
    ]),
    /** The same request twice in the queue is one entry: saves work, decides nothing (the claim does). */
    id: (payload: SubmitPayload) => {
      if ('next' in payload) return null;
      return payload.probe ? `probe-${payload.requestId}` : payload.requestId;
    },
    /** Each is some calls, under way for as long as VOD takes: enough for 30 a second at two seconds each. */
    concurrency: 8,
    startsHere: 4,
  },
  /** One read of as many jobs as VOD takes at once. */
  collect: {
    payload: z.strictObject({ jobIds: z.array(z.uuid()).min(1).max(READ_BATCH) }),
    id: null,
    concurrency: 8,
    startsHere: 4,
  },
  /** One look at a submission whose outcome is unknown. */
  recover: {
    payload: z.strictObject({ jobId: z.uuid() }),
    id: ({ jobId }: { jobId: string }) => jobId,
    concurrency: 4,
    /** Rare, and the queue keeps two looks at one job apart. */
    startsHere: 0,
  },
} as const;

type SubmitPayload = { next: true } | { requestId: string; probe?: true | undefined };

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
