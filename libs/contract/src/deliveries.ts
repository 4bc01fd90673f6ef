import { attemptOutcomes, deliveryStates, deliveryTypes } from '@app/domain';
import { z } from 'zod';
import { at, listOf, page, repeatable, time } from './fields';
import { id } from './inputs';

/** Deliveries: what an endpoint was told, or is to be told. */

const deliveryState = z.enum(deliveryStates).meta({ id: 'DeliveryState' });
const deliveryType = z.enum(deliveryTypes).meta({ id: 'DeliveryType' });

export const deliveryQuery = z.strictObject({
  endpoint: id.optional(),
  state: repeatable(deliveryState),
  type: deliveryType.optional(),
  jobId: id.optional(),
  createdFrom: time.optional(),
  createdTo: time.optional(),
  ...page,
});

/** Which deliveries of an endpoint are made again, by when they were made first. */
export const replayRange = z
  .strictObject({
    endpoint: id,
    from: time.optional().meta({ description: 'Made since; needed with `all`' }),
    to: time.optional().meta({ description: 'Made before' }),
    only: z
      .enum(['failed', 'all'])
      .default('failed')
      .meta({ description: 'all: those that were delivered come once more, too' }),
  })
  .refine(({ only, from }) => only === 'failed' || from !== undefined, {
    path: ['from'],
    error: 'expected a time, as all since then are made again',
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from < to, {
    path: ['to'],
    error: 'expected a time after from',
  })
  .meta({ id: 'ReplayRange' });

export const deliveryItem = z
  .object({
    id: z.uuid().meta({ description: 'The `webhook-id`: the same at every attempt' }),
    endpoint: z.uuid(),
    url: z.string().meta({ description: 'Where the endpoint is by now' }),
    client: z.string(),
    type: deliveryType,
    jobId: z.uuid().nullable().meta({ description: 'null for a test message' }),
    state: deliveryState,
    happenedAt: at.meta({ description: 'When the job came to that state' }),
    createdAt: at,
    dueAt: at
      .nullable()
      .meta({ description: 'When it is tried next; null while its endpoint is paused, and when it is over' }),
    attempts: z.int(),
    lastStatus: z.int().nullable().meta({ description: 'Of the last attempt, when there was an answer' }),
    lastError: z.string().nullable(),
    settledAt: at.nullable(),
  })
  .meta({ id: 'DeliveryItem' });

export const deliveryTry = z
  .object({
    number: z.int(),
    at,
    durationMs: z.int(),
    status: z.int().nullable(),
    outcome: z.enum(attemptOutcomes).meta({
      description:
        'answered: by something else than a 2xx; untrusted: its certificate is not that of its host; forbidden_address: its host has an address to which nothing is sent',
    }),
    error: z.string().nullable(),
    answer: z.string().nullable().meta({ description: 'How the answer began, 2 KiB at most; for an admin only' }),
  })
  .meta({ id: 'DeliveryTry' });

export const deliveriesAnswer = listOf(deliveryItem, 'Deliveries');

export const replayedAnswer = z
  .object({ replayed: z.int().meta({ description: 'How many are due again' }) })
  .meta({ id: 'Replayed' });

export type DeliveryQuery = z.infer<typeof deliveryQuery>;
export type ReplayRange = z.infer<typeof replayRange>;
export type DeliveryItem = z.infer<typeof deliveryItem>;
export type DeliveriesAnswer = z.infer<typeof deliveriesAnswer>;
export type ReplayedAnswer = z.infer<typeof replayedAnswer>;
