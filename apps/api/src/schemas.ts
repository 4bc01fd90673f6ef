import { parseDuration } from '@app/config';
import { jobStates, jobTypes, priorities, type JobType } from '@app/domain';
import { eventVerdicts } from '@app/persistence';
import { z } from 'zod';

const BYTES = new TextEncoder();

/** VOD specifies no format for its ids: opaque, but they travel in comma lists and URLs. */
const vodId = z
  .string()
  .regex(/^[\x21-\x2b\x2d-\x7e]{1,128}$/, 'expected 1 to 128 printable characters without blanks and commas');
const storable = (text: string) => !text.includes('\0') && text.isWellFormed();
const shortText = (max: number) => z.string().max(max).refine(storable, 'expected text without NUL');
const labelKey = z.string().regex(/^[A-Za-z0-9_./-]{1,64}$/, 'expected 1 to 64 of A–Z a–z 0–9 _ . / -');
const labelValue = shortText(256);

/** SubmitAIJob documents no limit for Config; far above what its keys need, far below what hurts. */
const CONFIG_BYTES = 8 * 1024;
const CONFIG_DEPTH = 16;
const config = z
  .partialRecord(
    z.enum(jobTypes),
    z.record(
      z.string(),
      z
        .unknown()
        .refine(isShallow, { message: `expected at most ${CONFIG_DEPTH} levels`, abort: true })
        .pipe(z.json()),
    ),
  )
  .refine(
    (value) => BYTES.encode(JSON.stringify(value)).length <= CONFIG_BYTES,
    `expected at most ${CONFIG_BYTES} bytes`,
  )
  .refine(
    (value) => storable(JSON.stringify(value)) && !JSON.stringify(value).includes('\\u0000'),
    'expected text without NUL',
  );

/** Level by level and not by recursion: a body of 1 MiB can be nested deeper than the stack. */
function isShallow(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; depth < CONFIG_DEPTH; depth += 1) {
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
    if (level.length === 0) return true;
  }
  return false;
}

export const submitRequest = z
  .strictObject({
    mediaId: vodId.meta({
      description: 'Id of an audio or video in the VOD library',
      example: '3d3d12340d92c641401fab46a0b847f1',
    }),
    types: z
      .array(z.enum(jobTypes))
      .min(1)
      .max(jobTypes.length)
      .meta({ example: ['AIVideoTag', 'AIMediaDNA'] }),
    config: config.default({}).meta({
      description: "VOD's own Config, keyed by type",
      example: { AIVideoTag: { AnalyseTypes: 'ASR,OCR' }, AIMediaDNA: { DNADBId: '88c6ca18' } },
    }),
    region: z
      .string()
      .min(1)
      .max(32)
      .optional()
      .meta({ description: 'Default: the first of VOD_REGIONS', example: 'cn-shanghai' }),
    priority: z.enum(priorities).default('normal'),
    labels: z
      .record(labelKey, labelValue)
      .refine((labels) => Object.keys(labels).length <= 32, 'expected at most 32 labels')
      .default({}),
    extend: z
      .string()
      .refine((text) => BYTES.encode(text).length <= 256, 'expected at most 256 bytes')
      .refine(storable, 'expected text without NUL')
      .nullable()
      .default(null)
      .meta({ description: 'Free text for the client' }),
    force: z.boolean().default(false).meta({ description: 'Submit although the same job is open: it is paid twice' }),
  })
  .superRefine((body, context) => {
    for (const type of Object.keys(body.config) as JobType[]) {
      if (!body.types.includes(type)) {
        context.addIssue({ code: 'custom', path: ['config', type], message: `${type} is not among the types` });
      }
    }
  })
  .meta({ id: 'SubmitRequest' });

const reason = shortText(500).optional().meta({ description: 'Why; it goes into the history with your name' });
export const resolution = z
  .discriminatedUnion('action', [
    z.strictObject({ action: z.literal('adopt'), vodJobId: vodId, reason }),
    z.strictObject({ action: z.literal('resubmit'), reason }),
    z.strictObject({ action: z.literal('fail'), reason }),
  ])
  .meta({ id: 'Resolution', examples: [{ action: 'adopt', vodJobId: '9e82640c85114bf5af23edfaf0a1b2c3' }] });

export const idempotencyKey = z
  .string()
  .regex(/^[\x20-\x7e]{1,255}$/, 'expected 1 to 255 printable ASCII characters')
  .optional();

export const id = z.uuid('expected a UUID');

/** A repeatable query parameter comes as a string or as an array. */
const repeatable = <T extends z.ZodType>(one: T) =>
  z.preprocess(
    (value) => (value === undefined || Array.isArray(value) ? value : [value]),
    z.array(one).max(50).optional(),
  );

const page = {
  limit: z
    .string()
    .regex(/^\d{1,4}$/, 'expected a whole number')
    .transform(Number)
    .pipe(z.number().min(1).max(200))
    .default(50),
  cursor: z.uuid('expected the nextCursor of the page before').optional(),
};

const time = z.iso
  .datetime({ offset: true, error: 'expected ISO 8601, like 2026-11-22T09:00:00Z' })
  .transform((text) => new Date(text));

const label = z.string().regex(/^[A-Za-z0-9_./-]{1,64}:.*$/s, 'expected key:value');
const keyOf = (pair: string) => pair.slice(0, pair.indexOf(':'));

export const jobQuery = z.strictObject({
  state: repeatable(z.enum(jobStates)),
  type: z.enum(jobTypes).optional(),
  mediaId: vodId.optional(),
  vodJobId: vodId.optional(),
  requestId: id.optional(),
  region: shortText(64).optional(),
  client: shortText(128).optional(),
  errorCode: shortText(128).optional(),
  label: repeatable(label).refine(
    (pairs = []) => new Set(pairs.map(keyOf)).size === pairs.length,
    'expected each key once: a job has one value for it',
  ),
  createdFrom: time.optional(),
  createdTo: time.optional(),
  ...page,
});

export const eventQuery = z.strictObject({
  verdict: z.enum(eventVerdicts).optional(),
  vodJobId: vodId.optional(),
  mediaId: vodId.optional(),
  jobId: id.optional(),
  ...page,
});

const WAIT_MAX_MS = 60_000;
const duration = z.string().transform((text, context) => {
  const ms = parseDuration(text);
  if (ms === undefined || ms > WAIT_MAX_MS) {
    context.addIssue({ code: 'custom', message: 'expected a duration of at most 60s, like 30s or 500ms' });
    return z.NEVER;
  }
  return ms;
});

export const waitQuery = z.strictObject({ wait: duration.optional() });

/** Answers, as the OpenAPI document shows them. */
const at = z.iso.datetime();

const jobState = z.enum(jobStates);

export const requestAnswer = z
  .object({
    id: z.uuid(),
    mediaId: z.string(),
    region: z.string(),
    priority: z.enum(priorities),
    labels: z.record(z.string(), z.string()),
    client: z.string(),
    extend: z.string().nullable(),
    createdAt: at,
    deduplicated: z.boolean(),
    jobs: z.array(z.object({ id: z.uuid(), type: z.enum(jobTypes), state: jobState })),
  })
  .meta({ id: 'Request' });

export const jobAnswer = z
  .object({
    id: z.uuid(),
    requestId: z.uuid(),
    mediaId: z.string(),
    region: z.string(),
    type: z.enum(jobTypes),
    state: jobState,
    vodJobId: z.string().nullable(),
    attempts: z.int(),
    priority: z.enum(priorities),
    labels: z.record(z.string(), z.string()),
    client: z.string(),
    error: z
      .object({ phase: z.enum(['submit', 'vod', 'result', 'recover']), code: z.string(), message: z.string() })
      .nullable(),
    createdAt: at,
    submittedAt: at.nullable(),
    finishedAt: at.nullable(),
    settledAt: at.nullable(),
    dueAt: at.nullable(),
    version: z.int(),
  })
  .meta({ id: 'Job' });

export const historyAnswer = z
  .object({
    items: z.array(
      z.object({
        at,
        event: z.string(),
        text: z.string(),
        from: jobState.nullable(),
        to: jobState,
        version: z.int(),
        attempt: z.int(),
        actor: z.string().nullable(),
        detail: z.record(z.string(), z.json()),
      }),
    ),
    nextCursor: z.null(),
  })
  .meta({ id: 'History' });

export const resultAnswer = z
  .object({ normalized: z.json(), raw: z.json(), source: z.string(), readAt: at })
  .meta({ id: 'Result' });

const eventItem = z.object({
  id: z.uuid(),
  receivedAt: at,
  lastReceivedAt: at,
  copies: z.int(),
  region: z.string(),
  source: z.string(),
  signature: z.string(),
  verdict: z.enum(eventVerdicts),
  reason: z.string().nullable(),
  eventType: z.string(),
  vodJobId: z.string(),
  mediaId: z.string().nullable(),
  status: z.string(),
  eventTime: at.nullable(),
  jobId: z.uuid().nullable(),
  bodySize: z.int(),
});
export const eventAnswer = eventItem.extend({ body: z.string() }).meta({ id: 'Event' });

export const jobsAnswer = listOf(jobAnswer, 'Jobs');
export const eventsAnswer = listOf(eventItem, 'Events');

function listOf<T extends z.ZodType>(item: T, name: string) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() }).meta({ id: name });
}

export const statsAnswer = z
  .object({
    jobs: z.object({
      total: z.int(),
      byState: z.record(z.string(), z.int()),
      byType: z.record(z.string(), z.record(z.string(), z.int())),
    }),
    oldestDueAt: at.nullable(),
    oldestUnmatchedEventAt: at.nullable(),
    callbacksLost: z.int().meta({ description: 'Jobs that were settled without an event' }),
    circuits: z
      .array(z.object({ region: z.string(), code: z.string(), message: z.string(), openedAt: at, probeAt: at }))
      .meta({ description: 'Regions in which the account cannot submit: their jobs wait' }),
  })
  .meta({ id: 'Stats' });

export const problemAnswer = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
    states: z.array(z.string()).optional(),
  })
  .meta({ id: 'Problem' });

export type SubmitRequest = z.infer<typeof submitRequest>;
export type Resolution = z.infer<typeof resolution>;
export type JobQuery = z.infer<typeof jobQuery>;
export type EventQuery = z.infer<typeof eventQuery>;
