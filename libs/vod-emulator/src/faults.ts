import { z } from 'zod';
import { OPERATIONS } from './operation-names';
import { QUEUE_ACTIONS } from './queue/queue-call';
import { FAULTS_OF_ANY_QUEUE_CALL, QUEUE_FAULT_PLACES, type QueueFault, queueFaults } from './queue/queue-faults';

// The plan of faults: a list of rules, set as a whole. A rule says where it strikes (`on`), when, and what then happens.

const milliseconds = z.number().int().min(0).max(86_400_000);
const serverError = z.number().int().min(500).max(599);
const anyStatus = z.number().int().min(200).max(599);
const code = z.string().min(1).max(100);
const ending = z.enum(['success', 'fail']).optional();

/** What can happen to any call, whatever it asks for. */
const transportFaults = [
  z.strictObject({
    fault: z.enum([
      /** The connection goes before the gateway has looked: the nonce stays unseen, so the same bytes work later. */
      'drop_before',
      /** The gateway has seen the nonce, then nothing is done: the same bytes meet SignatureNonceUsed, and no job exists. */
      'drop_before_work',
      /** The work is done and billed, then the connection ends without a word (FIN). */
      'drop_after',
      /** The same with a reset (RST). */
      'reset',
      /** The work is done; of the answer come the head and half of the JSON. */
      'truncated',
      /** The work is done; the answer is whole and no JSON. */
      'garbage',
      /** The work is done; the answer is a 500 without a Code, which pop-core takes for a success (docs/vod.md, "pop-core"). */
      'no_code_500',
    ]),
  }),
  /** The work is done at once and its jobs run; the answer comes later. */
  z.strictObject({ fault: z.literal('delay'), ms: milliseconds }),
  /** The gateway sees the call only then, also when its client is gone by that time. */
  z.strictObject({ fault: z.literal('delay_before'), ms: milliseconds }),
  /** In front of the gateway, as drop_before. Without a code InternalError or ServiceUnavailable; null: an empty body. */
  z.strictObject({ fault: z.literal('http_5xx_before'), status: serverError, code: code.nullable().optional() }),
  z.strictObject({ fault: z.literal('http_5xx_after'), status: serverError, code: code.nullable().optional() }),
  /** The page of a proxy in front of the gateway, as drop_before. */
  z.strictObject({ fault: z.literal('html_before'), status: anyStatus }),
  z.strictObject({ fault: z.literal('html_after'), status: anyStatus }),
  /** Refused by the gateway: the nonce is used up, nothing is done. */
  z.strictObject({ fault: z.literal('throttle'), code: code.startsWith('Throttling').optional() }),
  z.strictObject({
    fault: z.literal('error'),
    status: z.number().int().min(400).max(599),
    code,
    message: z.string().optional(),
  }),
] as const;

/** What can be wrong in an answer that is well formed. The work is done. */
const contentFaults = [
  z.strictObject({
    fault: z.enum([
      /** SubmitAIJob: other JobIds than were stored. ListAIJob: the truth about jobs that nobody asked for. */
      'wrong_ids',
      /** The right JobIds with another MediaId. */
      'other_media',
      /** One type is left out, although its job was taken and billed. */
      'missing_type',
      /** The JobId of an earlier job. Without an earlier one nothing happens. */
      'duplicate_id',
      /** ListAIJob calls jobs unknown, ListJobInfo leaves them out. */
      'vanished',
      /** A job that is over is called `processing`. */
      'stale',
      /** A result without content. */
      'empty_data',
      /** A result cut in the middle. */
      'malformed_data',
    ]),
  }),
  z.strictObject({ fault: z.literal('unknown_status'), status: z.string().optional() }),
] as const;

const eventFaults = [
  z.strictObject({
    fault: z.enum([
      /** Never sent. */
      'lose',
      /** The job is over at once, and the answer of SubmitAIJob waits until the event was answered (or was not). */
      'early',
      /** `fail` where the job succeeded, and the reverse. A read says the truth. */
      'contradict',
    ]),
  }),
  /** The same bytes so many times in all, by default twice. */
  z.strictObject({ fault: z.literal('double'), times: z.number().int().min(2).max(100).optional() }),
  z.strictObject({ fault: z.literal('late'), ms: milliseconds }),
  /**
   * Held back until the next `n` events were sent, by default one; at most `atMostMs`, by default 5 s, for there may be
   * no next event. A rule holds one event at a time, so that the next ones can overtake it.
   */
  z.strictObject({
    fault: z.literal('reorder'),
    n: z.number().int().min(1).max(1000).optional(),
    atMostMs: milliseconds.optional(),
  }),

  // Additional events, sent when a job starts, also while VOD's own are off: they are not VOD's. By default `success`.

  /** With the right headers, as somebody can send it who has seen one pair (docs/vod.md, "Callback signature"). */
  z.strictObject({ fault: z.literal('forge'), status: ending }),
  /** Signed with another key. */
  z.strictObject({ fault: z.literal('bad_signature'), status: ending }),
  /** Signed well, but so long ago, by default an hour. A negative age is the future. */
  z.strictObject({
    fault: z.literal('old_timestamp'),
    ageMs: z.number().int().min(-86_400_000).max(86_400_000).optional(),
    status: ending,
  }),
  /** Signed with the right key for another URL. */
  z.strictObject({ fault: z.literal('other_url_signature'), status: ending }),
  /** Signed well, about a JobId that nobody has. */
  z.strictObject({ fault: z.literal('unknown_job'), status: ending }),
] as const;

type TransportFault = z.infer<(typeof transportFaults)[number]>;
export type ContentFault = z.infer<(typeof contentFaults)[number]>;
export type AnswerFault = TransportFault | ContentFault;
export type EventFault = z.infer<(typeof eventFaults)[number]>;
export type QueueCallFault = TransportFault | QueueFault;
export type Fault = AnswerFault | EventFault | QueueFault;

const on = z.enum([...OPERATIONS, ...QUEUE_ACTIONS, 'event']);
export type On = z.infer<typeof on>;

/**
 * The only place that makes an object with a `then`, for oxlint holds every one for a promise (unicorn/no-thenable). This
 * one is no function, so nothing that awaits a rule would call it.
 */
function withThen<T>(then: T): { then: T } {
  return Object.fromEntries(new Map([['then', then]])) as { then: T };
}

const ruleSchema = z.strictObject({
  /** By default `rule-1` for the first, and so on. */
  id: z.string().min(1).max(100).optional(),
  on,
  /** All of them must hold; without any the rule always strikes. */
  when: z
    .strictObject({
      /** Of the calls or jobs that `on` and `mediaId` fit, counted from 1 since the rules were set. */
      nth: z.union([z.number().int().min(1), z.strictObject({ every: z.number().int().min(1) })]).optional(),
      /** Exact, or the beginning with a * behind it. */
      mediaId: z.string().min(1).optional(),
      probability: z.number().min(0).max(1).optional(),
      /** How often it strikes at most. */
      limit: z.number().int().min(1).optional(),
    })
    .optional(),
  ...withThen(z.discriminatedUnion('fault', [...transportFaults, ...contentFaults, ...eventFaults, ...queueFaults])),
});
export type FaultRule = z.infer<typeof ruleSchema>;

/** A rule as the settings take it: on what, what happens, and when. */
export function faultRule(place: On, fault: Fault, when?: FaultRule['when'], id?: string): FaultRule {
  return { ...(id !== undefined && { id }), on: place, ...(when && { when }), ...withThen(fault) };
}

const withResult: readonly On[] = [
  'ListAIJob',
  'GetAIVideoTagResult',
  'GetMediaDNAResult',
  'GetAIMediaAuditJob',
  'GetMediaAuditResult',
];

const CONTENT_OF: Record<ContentFault['fault'], readonly On[]> = {
  wrong_ids: ['SubmitAIJob', 'ListAIJob'],
  other_media: ['SubmitAIJob', 'ListAIJob', 'GetAIMediaAuditJob'],
  missing_type: ['SubmitAIJob'],
  duplicate_id: ['SubmitAIJob'],
  vanished: ['ListAIJob', 'ListJobInfo'],
  stale: ['ListAIJob', 'GetAIMediaAuditJob', 'ListJobInfo'],
  unknown_status: ['ListAIJob', 'GetAIMediaAuditJob', 'ListJobInfo'],
  empty_data: withResult,
  malformed_data: withResult,
};

/** A job passes three points on which its events have faults, and one rule may strike at each. */
export type EventPoint = 'submitted' | 'started' | 'over';

const EVENT_POINTS: Record<EventFault['fault'], EventPoint> = {
  early: 'submitted',
  forge: 'started',
  bad_signature: 'started',
  old_timestamp: 'started',
  other_url_signature: 'started',
  unknown_job: 'started',
  lose: 'over',
  double: 'over',
  late: 'over',
  reorder: 'over',
  contradict: 'over',
};

export function isEventFault(fault: Fault): fault is EventFault {
  return fault.fault in EVENT_POINTS;
}

export function isContentFault(fault: Fault): fault is ContentFault {
  return fault.fault in CONTENT_OF;
}

function isQueueFault(fault: Fault): fault is QueueFault {
  return fault.fault in QUEUE_FAULT_PLACES;
}

export function eventPointOf({ fault }: EventFault): EventPoint {
  return EVENT_POINTS[fault];
}

export function ruleName(rule: FaultRule, index: number): string {
  return rule.id ?? `rule-${index + 1}`;
}

function placesOf(fault: Fault): readonly On[] {
  if (isEventFault(fault)) return ['event'];
  if (isQueueFault(fault)) return QUEUE_FAULT_PLACES[fault.fault];
  if (isContentFault(fault)) return CONTENT_OF[fault.fault];
  return FAULTS_OF_ANY_QUEUE_CALL.has(fault.fault) ? [...OPERATIONS, ...QUEUE_ACTIONS] : OPERATIONS;
}

function isQueueAction(place: On): boolean {
  return QUEUE_ACTIONS.some((action) => action === place);
}

export const faultRules = z
  .array(ruleSchema)
  .max(1000)
  .superRefine((rules, context) => {
    const names = new Set<string>();
    for (const [index, rule] of rules.entries()) {
      const places = placesOf(rule.then);
      if (!places.includes(rule.on)) {
        const message = `${rule.then.fault} strikes on ${places.join(', ')}`;
        context.addIssue({ code: 'custom', path: [index, 'on'], message });
      }
      if (rule.when?.mediaId !== undefined && isQueueAction(rule.on)) {
        context.addIssue({ code: 'custom', path: [index, 'when', 'mediaId'], message: 'a queue knows no media' });
      }
      const name = ruleName(rule, index);
      if (names.has(name)) context.addIssue({ code: 'custom', path: [index, 'id'], message: `${name} is there twice` });
      names.add(name);
    }
  });
