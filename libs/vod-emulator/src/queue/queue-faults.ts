import { z } from 'zod';
import type { QueueAction } from './queue-call';

// What can go wrong at a queue, besides what can happen to any call (faults.ts).

export const queueFaults = [
  z.strictObject({
    fault: z.enum([
      /** What is received can be received again at once: it comes twice, and its first handle is worth nothing. */
      'redeliver',
      /** 204, but nothing is deleted: the message comes again when its time is over. */
      'lost_delete',
      /** A receive is never answered. It takes no message. */
      'hang',
    ]),
  }),
] as const;

export type QueueFault = z.infer<(typeof queueFaults)[number]>;

export const QUEUE_FAULT_PLACES: Record<QueueFault['fault'], readonly QueueAction[]> = {
  redeliver: ['ReceiveMessage'],
  hang: ['ReceiveMessage'],
  lost_delete: ['DeleteMessage'],
};

/**
 * What can happen to any call, at a queue as well. A queue knows no nonces, which `drop_before_work` is about, and refuses
 * calls by an `error`: QpsLimitExceeded is one, and MessageNotExist at once, as when too many polls are open.
 */
export const FAULTS_OF_ANY_QUEUE_CALL: ReadonlySet<string> = new Set([
  'drop_before',
  'drop_after',
  'reset',
  'truncated',
  'garbage',
  'delay',
  'delay_before',
  'http_5xx_before',
  'http_5xx_after',
  'html_before',
  'html_after',
  'error',
]);
