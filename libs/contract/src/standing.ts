import { outlookReasons } from '@app/domain';
import { z } from 'zod';
import { at } from './fields';
import { jobType, priority } from './inputs';

/** Answers about how things stand: what waits and why, how much flows, who works. */

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

export type OutlookAnswer = z.infer<typeof outlookAnswer>;
export type StatsAnswer = z.infer<typeof statsAnswer>;
export type FlowAnswer = z.infer<typeof flowAnswer>;
export type WorkersAnswer = z.infer<typeof workersAnswer>;
