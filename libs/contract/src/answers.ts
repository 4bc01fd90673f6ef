import { apiRoles, environmentColors } from '@app/config';
import { z } from 'zod';
import { deliveryItem, deliveryTry } from './deliveries';
import { at, listOf } from './fields';
import { eventVerdict, jobState, jobType, priority } from './inputs';
import { normalizedResult } from './results';

/** Answers, as the OpenAPI document shows them and as clients read them: about requests, jobs and events. */

/** Whatever VOD or a step has said. Not `z.json()`: as a type that refers to itself it compiles in no generated client. */
const anyJson = z.unknown().meta({ id: 'AnyJson', description: 'Any JSON value' });

const labels = z.record(z.string(), z.string());

export const requestAnswer = z
  .object({
    id: z.uuid(),
    mediaId: z.string(),
    region: z.string(),
    priority,
    labels,
    client: z.string(),
    extend: z.string().nullable(),
    createdAt: at,
    deduplicated: z.boolean(),
    jobs: z.array(z.object({ id: z.uuid(), type: jobType, state: jobState }).meta({ id: 'RequestedJob' })),
  })
  .meta({ id: 'Request' });

export const jobAnswer = z
  .object({
    id: z.uuid(),
    requestId: z.uuid(),
    mediaId: z.string(),
    region: z.string(),
    type: jobType,
    state: jobState,
    vodJobId: z.string().nullable(),
    attempts: z.int(),
    priority,
    labels,
    client: z.string(),
    error: z
      .object({ phase: z.enum(['submit', 'vod', 'result', 'recover']), code: z.string(), message: z.string() })
      .meta({ id: 'JobError' })
      .nullable(),
    createdAt: at,
    submittedAt: at.nullable(),
    finishedAt: at.nullable(),
    settledAt: at.nullable(),
    dueAt: at.nullable(),
    version: z.int(),
  })
  .meta({ id: 'Job' });

const historyItem = z
  .object({
    at,
    event: z.string().meta({
      description:
        'What happened. `folded`: in the place of several lines of events that changed nothing; `detail` has their `count` and the time `until` which they came',
    }),
    text: z.string(),
    from: jobState.nullable(),
    to: jobState,
    version: z.int(),
    attempt: z.int(),
    actor: z.string().nullable(),
    detail: z.record(z.string(), anyJson),
    deliveries: z.array(deliveryItem).optional().meta({
      description: 'Of what the endpoints of its client were told of this; in a history only, where there are any',
    }),
  })
  .meta({ id: 'HistoryItem' });

/** The data of one `job` event of the stream: one line of history, and the job as it is by now (this version or a later one). */
export const streamedChange = z.object({ change: historyItem, job: jobAnswer }).meta({ id: 'StreamedChange' });

export const resultAnswer = z
  .object({
    normalized: normalizedResult
      .nullable()
      .meta({ description: 'One shape for each type; null when what VOD gave is not in the form that is known' }),
    raw: anyJson.meta({ description: "VOD's own data, digit for digit; text that is not JSON as a string" }),
    source: z.string(),
    readAt: at,
  })
  .meta({ id: 'Result' });

const eventItem = z
  .object({
    id: z.uuid(),
    receivedAt: at,
    lastReceivedAt: at,
    copies: z.int(),
    region: z.string(),
    source: z.string().meta({ description: 'By which way it came first: `http`, or `queue`' }),
    signature: z
      .string()
      .meta({ description: 'What the check of its signature said; `unneeded` when it came from the queue' }),
    verdict: eventVerdict,
    reason: z.string().nullable(),
    eventType: z.string(),
    vodJobId: z.string(),
    mediaId: z.string().nullable(),
    status: z.string(),
    eventTime: at.nullable(),
    jobId: z.uuid().nullable(),
    bodySize: z.int(),
    bodyDroppedAt: at
      .nullable()
      .meta({ description: 'Until when its body was kept, when it has been dropped: `body` is empty then' }),
  })
  .meta({ id: 'EventItem' });
export const eventAnswer = eventItem.extend({ body: z.string() }).meta({ id: 'Event' });

export const historyAnswer = listOf(historyItem, 'History');
export const jobsAnswer = listOf(jobAnswer, 'Jobs');
export const eventsAnswer = listOf(eventItem, 'Events');

/** A call that submits, or one that was about to be made. */
const submission = z
  .object({
    number: z.int(),
    types: z.array(jobType),
    signedAt: at,
    sentAt: at.nullable().meta({ description: 'null: nothing left this machine' }),
    answeredAt: at.nullable(),
    outcome: z.enum(['accepted', 'refused', 'busy', 'blocked', 'not_sent', 'unknown']).nullable(),
    vodRequestId: z.string().nullable(),
    code: z.string().nullable(),
    message: z.string().nullable(),
    resends: z.int(),
    resentAt: at.nullable(),
    nonceSeenAt: at
      .nullable()
      .meta({ description: 'VOD said that it had seen the nonce: an earlier call had arrived' }),
  })
  .meta({ id: 'Submission' });

export const evidenceAnswer = z
  .object({
    submissions: z.array(submission).meta({ description: "All attempts of the job's request, oldest first" }),
    unmatchedEvents: z
      .array(eventItem)
      .meta({ description: 'Events of this media and type that came since the last attempt and belong to no job' }),
    sameMedia: z.array(jobAnswer).meta({ description: 'Other jobs of this media and type, newest first' }),
  })
  .meta({ id: 'Evidence' });

export const deliveryAnswer = deliveryItem
  .extend({
    job: jobAnswer.nullable().meta({ description: 'As it was then, and as it is told; null for a test message' }),
    tries: z.array(deliveryTry).meta({ description: 'All attempts, oldest first' }),
  })
  .meta({ id: 'Delivery' });

export const meAnswer = z
  .object({
    name: z.string(),
    role: z.enum(apiRoles),
    regions: z.array(z.object({ region: z.string(), types: z.array(jobType) }).meta({ id: 'ServedRegion' })),
    emulator: z.boolean().meta({ description: 'VOD is an emulator here: nothing costs money' }),
  })
  .meta({ id: 'Me' });

/** What a page knows before anybody is signed in. */
const sessionAnswer = z.object({
  /** By a session: the browser has its cookie, and no key is needed. */
  signedIn: z.boolean(),
  /** Of a local instance: one signs in by a link that works once. */
  hasLinks: z.boolean(),
  environment: z.object({ name: z.string(), color: z.enum(environmentColors) }).optional(),
});

/** A link that signs a browser in, once. The path is relative to where the api is. */
export interface SignInLink {
  path: string;
}

export const problemAnswer = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string(),
    requestId: z.string().meta({ description: 'As in the header `Request-Id`, and in the log of the api' }),
    errors: z.array(z.object({ path: z.string(), message: z.string() }).meta({ id: 'FieldError' })).optional(),
    states: z.array(jobState).optional().meta({ description: 'With `wrong_state`: those in which it works' }),
  })
  .meta({ id: 'Problem' });

export type RequestAnswer = z.infer<typeof requestAnswer>;
export type JobAnswer = z.infer<typeof jobAnswer>;
export type HistoryAnswer = z.infer<typeof historyAnswer>;
export type StreamedChange = z.infer<typeof streamedChange>;
export type ResultAnswer = z.infer<typeof resultAnswer>;
export type EventItem = z.infer<typeof eventItem>;
export type EventAnswer = z.infer<typeof eventAnswer>;
export type JobsAnswer = z.infer<typeof jobsAnswer>;
export type EventsAnswer = z.infer<typeof eventsAnswer>;
export type EvidenceAnswer = z.infer<typeof evidenceAnswer>;
export type DeliveryAnswer = z.infer<typeof deliveryAnswer>;
export type MeAnswer = z.infer<typeof meAnswer>;
export type SessionAnswer = z.infer<typeof sessionAnswer>;
export type ProblemAnswer = z.infer<typeof problemAnswer>;
