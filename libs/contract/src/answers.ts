import { apiRoles, environmentColors } from '@app/config';
import { outlookReasons } from '@app/domain';
import { z } from 'zod';
import { eventVerdict, jobState, jobType, priority } from './inputs';
import { normalizedResult } from './results';

/** Answers, as the OpenAPI document shows them and as clients read them. */
const at = z.iso.datetime();

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
    event: z.string(),
    text: z.string(),
    from: jobState.nullable(),
    to: jobState,
    version: z.int(),
    attempt: z.int(),
    actor: z.string().nullable(),
    detail: z.record(z.string(), anyJson),
  })
  .meta({ id: 'HistoryItem' });

export const historyAnswer = z.object({ items: z.array(historyItem), nextCursor: z.null() }).meta({ id: 'History' });

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
    source: z.string(),
    signature: z.string(),
    verdict: eventVerdict,
    reason: z.string().nullable(),
    eventType: z.string(),
    vodJobId: z.string(),
    mediaId: z.string().nullable(),
    status: z.string(),
    eventTime: at.nullable(),
    jobId: z.uuid().nullable(),
    bodySize: z.int(),
  })
  .meta({ id: 'EventItem' });
export const eventAnswer = eventItem.extend({ body: z.string() }).meta({ id: 'Event' });

export const jobsAnswer = listOf(jobAnswer, 'Jobs');
export const eventsAnswer = listOf(eventItem, 'Events');

function listOf<T extends z.ZodType>(item: T, name: string) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() }).meta({ id: name });
}

const circuit = z
  .object({ region: z.string(), code: z.string(), message: z.string(), openedAt: at, probeAt: at })
  .meta({ id: 'Circuit' });
const circuits = z.array(circuit).meta({ description: 'Regions in which the account cannot submit: their jobs wait' });

/** The oldest alarm of each region. */
const alarms = z.array(z.object({ region: z.string(), dueAt: at }).meta({ id: 'RegionAlarm' }));
const late = alarms.meta({
  description: 'Alarms that a living worker should have taken and has not; none in a backlog',
});
const unserved = alarms.meta({ description: 'Regions with jobs to look at that no living worker serves' });

const closedQueue = z
  .object({ queue: z.string(), region: z.string(), code: z.string(), until: at })
  .meta({ id: 'ClosedQueue' });

export const outlookAnswer = z
  .object({
    reason: z.enum(outlookReasons).meta({
      description:
        'no_worker: no living worker serves its region; circuit: the account cannot submit there; throttled: VOD asked for fewer calls; cap: as many of its type as allowed are at VOD; backs_off: its last try did not go through; in_line: others are before it; scheduled: its time comes; next: it is taken now; stalled: a living worker should have taken it',
    }),
    late: z.boolean().meta({ description: 'A living worker should have taken it by now' }),
    ahead: z.int().nullable().meta({ description: 'Jobs that are sent before it; null unless it is queued' }),
    aheadIsAtLeast: z.boolean().meta({ description: 'There are more before it than are counted' }),
    perSecond: z
      .number()
      .nullable()
      .meta({ description: 'Jobs of its region that are sent in a second, as measured or as the quota allows' }),
    expectedAt: at
      .nullable()
      .meta({ description: 'When it is probably sent, or looked at next; null when nothing tells' }),
    circuit: circuit.nullable(),
    closedQueue: closedQueue.nullable(),
    cap: z
      .object({ jobs: z.int(), most: z.int() })
      .meta({ id: 'Cap' })
      .nullable()
      .meta({ description: 'Jobs of its type at VOD, and how many its workers allow; null without a limit' }),
  })
  .meta({ id: 'Outlook' });

const progress = z
  .object({
    total: z.int(),
    succeeded: z.int(),
    failed: z.int().meta({ description: 'Failed, canceled or expired' }),
    held: z.int(),
    open: z.int(),
    perSecond: z.number().nullable().meta({ description: 'Jobs that ended in a second, over the last minutes' }),
    expectedAt: at.nullable().meta({ description: 'When the last open one is over, or sent; null when nothing tells' }),
    basis: z.enum(['settling', 'queue']).nullable().meta({
      description:
        'settling: by how fast these jobs end; queue: by what is before the last of them, and it is when that is sent',
    }),
  })
  .meta({ id: 'Progress' })
  .nullable()
  .meta({ description: 'How far these jobs are, and when they are done; null without a filter, or with one by state' });

export const statsAnswer = z
  .object({
    jobs: z.object({
      total: z.int(),
      byState: z.record(z.string(), z.int()),
      byType: z.record(z.string(), z.record(z.string(), z.int())),
    }),
    progress,
    oldestDueAt: at
      .nullable()
      .meta({ description: 'Of all jobs. In the past it may be a backlog; `late` tells whether anything is wrong' }),
    late,
    unserved,
    oldestUnmatchedEventAt: at.nullable(),
    callbacksLost: z.int().meta({ description: 'Jobs that were settled without an event' }),
    circuits,
  })
  .meta({ id: 'Stats' });

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

const percentiles = z
  .object({ p50: z.number(), p95: z.number() })
  .meta({ id: 'Percentiles' })
  .nullable()
  .meta({ description: 'Milliseconds; null when nothing ended' });

const throughput = {
  accepted: z.int(),
  succeeded: z.int(),
  failed: z.int(),
  otherwise: z.int().meta({ description: 'Canceled or expired' }),
  withoutEvent: z
    .int()
    .meta({ description: 'Of those that succeeded or failed: settled by a read that no event had asked for' }),
  waitMs: percentiles.meta({ description: 'From accepted to sent, of the jobs that ended' }),
  processingMs: percentiles.meta({ description: 'From sent to ended at VOD, of the jobs that ended' }),
};

export const flowAnswer = z
  .object({
    from: at,
    to: at,
    bucketMs: z.int(),
    buckets: z
      .array(z.object({ at, ...throughput }).meta({ id: 'FlowBucket' }))
      .meta({ description: 'Oldest first, without gaps; by the time of the end' }),
    total: z.object(throughput).meta({ id: 'Throughput' }),
    atVod: z.array(
      z
        .object({
          region: z.string(),
          type: jobType,
          jobs: z.int(),
          maxInFlight: z.int().nullable().meta({
            description: 'At VOD at most, as its workers are set; 0 is no cap, null that no worker serves the region',
          }),
        })
        .meta({ id: 'AtVod' }),
    ),
    queued: z.array(z.object({ region: z.string(), priority, jobs: z.int(), oldestAt: at }).meta({ id: 'Queued' })),
    circuits,
    closedQueues: z
      .array(closedQueue)
      .meta({ description: 'VOD asked for fewer calls: until then none of these is made' }),
    oldestDueAt: at.nullable(),
    late,
    unserved,
  })
  .meta({ id: 'Flow' });

const worker = z
  .object({
    id: z.uuid(),
    role: z.enum(['api', 'worker', 'webhook']),
    host: z.string().meta({ description: 'The name of its machine or container' }),
    version: z.string(),
    regions: z.array(z.string()),
    limits: z
      .object({ submitQps: z.int(), collectQps: z.int(), maxInFlight: z.int() })
      .nullable()
      .meta({ description: 'What a worker does at most, by its own settings; null for the others' }),
    startedAt: at,
    lastSeenAt: at,
  })
  .meta({ id: 'Worker' });

/** All there are: no more than a deployment has processes. */
export const workersAnswer = z.object({ items: z.array(worker) }).meta({ id: 'Workers' });

export const meAnswer = z
  .object({
    name: z.string(),
    role: z.enum(apiRoles),
    regions: z.array(z.object({ region: z.string(), types: z.array(jobType) }).meta({ id: 'ServedRegion' })),
    emulator: z.boolean().meta({ description: 'VOD is an emulator here: nothing costs money' }),
  })
  .meta({ id: 'Me' });

/** What a page knows before anybody is signed in: where it is, and on the machine of a local instance the key to sign in with. */
const sessionAnswer = z.object({
  apiKey: z.string().nullable(),
  environment: z.object({ name: z.string(), color: z.enum(environmentColors) }).optional(),
});

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
export type OutlookAnswer = z.infer<typeof outlookAnswer>;
export type StatsAnswer = z.infer<typeof statsAnswer>;
export type EvidenceAnswer = z.infer<typeof evidenceAnswer>;
export type FlowAnswer = z.infer<typeof flowAnswer>;
export type WorkersAnswer = z.infer<typeof workersAnswer>;
export type MeAnswer = z.infer<typeof meAnswer>;
export type SessionAnswer = z.infer<typeof sessionAnswer>;
export type ProblemAnswer = z.infer<typeof problemAnswer>;
