import { parseDuration } from '@app/config';
import { eventVerdicts, jobStates, jobTypes, priorities, typeNames, type JobType } from '@app/domain';
import { z } from 'zod';
import { labels, page, repeatable, shortText, storable, time } from './fields';
import * as rules from './rules';

const BYTES = new TextEncoder();

export const jobType = z
  .enum(jobTypes)
  .meta({ id: 'JobType', description: jobTypes.map((type) => `${type}: ${typeNames[type].toLowerCase()}`).join('; ') });
export const jobState = z.enum(jobStates).meta({ id: 'JobState' });
export const priority = z.enum(priorities).meta({ id: 'Priority' });
export const eventVerdict = z.enum(eventVerdicts).meta({ id: 'EventVerdict' });

const vodId = z.string().regex(rules.VOD_ID, 'expected 1 to 128 printable characters without blanks and commas');

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
  // guard: config-depth
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
      .array(jobType)
      .min(1)
      .max(jobTypes.length)
      .meta({ example: ['AIVideoTag', 'AIMediaDNA'] }),
    config: config.default({}).meta({
      description:
        "VOD's own Config, keyed by type. AIVideoTag: AnalyseTypes (a comma list of ASR, OCR and the older Face, Category, Annotation), OrigASRData (true for the transcript, with ASR only). AIMediaDNA: DNADBId. AIMediaAudit: TemplateId, MediaAuditConfiguration with its ResourceType. Anything else is refused, unless VOD_CONFIG_EXTRA allows it",
      example: { AIVideoTag: { AnalyseTypes: 'ASR,OCR' }, AIMediaDNA: { DNADBId: '88c6ca18' } },
    }),
    region: z
      .string()
      .min(1)
      .max(32)
      .optional()
      .meta({ description: 'Default: the first of VOD_REGIONS', example: 'cn-shanghai' }),
    priority: priority.default('normal'),
    labels: labels.default({}),
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
const version = z
  .int()
  .positive()
  .optional()
  .meta({ description: 'Of the job as you saw it: nothing is done to a job that has moved on since' });

/** Cancel, retry, refetch. The body may be left out. */
export const action = z.strictObject({ reason, version }).default({}).meta({ id: 'Action' });

export const resolution = z
  .discriminatedUnion('action', [
    z.strictObject({ action: z.literal('adopt'), vodJobId: vodId, reason, version }),
    z.strictObject({ action: z.literal('resubmit'), reason, version }),
    z.strictObject({ action: z.literal('fail'), reason, version }),
  ])
  .meta({ id: 'Resolution', examples: [{ action: 'adopt', vodJobId: '9e82640c85114bf5af23edfaf0a1b2c3' }] });

export const idempotencyKey = z
  .string()
  .regex(/^[\x20-\x7e]{1,255}$/, 'expected 1 to 255 printable ASCII characters')
  .optional();

export const id = z.uuid('expected a UUID');

/** The cursor of a history is a version of the job. */
export const historyQuery = z.strictObject({
  limit: page.limit,
  cursor: z
    .string()
    .regex(/^\d{1,9}$/, 'expected the nextCursor of the page before')
    .optional()
    .meta({ description: 'The `nextCursor` of the page before' }),
});

const label = z
  .string()
  .regex(rules.LABEL, {
    error: ({ input }) =>
      `expected key:value, like batch:2026-11, with a key of 1 to 64 of A–Z a–z 0–9 _ . / -; got ${JSON.stringify(input)}`,
  })
  .refine(storable, 'expected text without NUL');
const keyOf = (pair: string) => pair.slice(0, pair.indexOf(':'));

/** What the list, the export and the stream of jobs are narrowed by. */
const jobFilter = {
  q: shortText(rules.lengths.q).min(1).optional().meta({
    description:
      'A media id or, from 4 characters on, its beginning; a job id, request id or JobId of VOD; a label as key:value. Hex in any case',
  }),
  state: repeatable(jobState),
  type: jobType.optional(),
  mediaId: vodId.optional(),
  mediaIdPrefix: vodId.optional().meta({ description: 'What the media id begins with', example: '3d3d1234' }),
  vodJobId: vodId.optional(),
  requestId: id.optional(),
  region: shortText(rules.lengths.region).optional(),
  client: shortText(rules.lengths.client).optional(),
  errorCode: shortText(rules.lengths.errorCode).optional(),
  label: repeatable(label).refine(
    (pairs = []) => new Set(pairs.map(keyOf)).size === pairs.length,
    'expected each key once: a job has one value for it',
  ),
  createdFrom: time.optional(),
  createdTo: time.optional(),
};

export const jobQuery = z.strictObject({ ...jobFilter, ...page });
export const exportQuery = z.strictObject(jobFilter);
/** Of all counts, those of the jobs that the list would have. */
export const statsQuery = z.strictObject(jobFilter);
export const streamQuery = z.strictObject(jobFilter);

const flowWindows = ['1h', '24h', '7d'] as const;
export const flowQuery = z.strictObject({ window: z.enum(flowWindows).default('1h') });

export const eventQuery = z.strictObject({
  verdict: eventVerdict.optional(),
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

export type SubmitRequest = z.infer<typeof submitRequest>;
export type Action = z.infer<typeof action>;
export type Resolution = z.infer<typeof resolution>;
export type JobFilterQuery = z.infer<typeof exportQuery>;
export type JobQuery = z.infer<typeof jobQuery>;
export type HistoryQuery = z.infer<typeof historyQuery>;
export type EventQuery = z.infer<typeof eventQuery>;
export type FlowQuery = z.infer<typeof flowQuery>;
