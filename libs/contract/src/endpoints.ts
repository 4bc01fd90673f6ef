import { newsTypes, pauseReasons } from '@app/domain';
import { z } from 'zod';
import { at, labels, listOf, page, shortText } from './fields';
import { jobType } from './inputs';

/** Endpoints: where a client wants to be told of its jobs. */

/** Longer ones are refused by servers on the way. */
const URL_MAX = 2_048;

const EXPECTED_URL = 'expected a URL like https://shop.example/vodai, without user, password and fragment';

/** As WHATWG's parser has it, which is what is called. Whether its host may be called is looked at when it is known. */
const url = shortText(URL_MAX)
  .refine(isPlainUrl, { error: EXPECTED_URL, abort: true })
  .transform((text) => new URL(text).href)
  .meta({
    description:
      'https, with an address that is public; what else is allowed says DELIVERY_ALLOW. It is looked at again before each attempt',
    example: 'https://shop.example/vodai',
  });

function isPlainUrl(text: string): boolean {
  if (!URL.canParse(text) || text.includes('#')) return false;
  const { protocol, username, password } = new URL(text);
  return ['https:', 'http:'].includes(protocol) && username === '' && password === '';
}

const newsType = z.enum(newsTypes).meta({ id: 'NewsType' });

const events = z
  .array(newsType)
  .min(1)
  .max(newsTypes.length)
  .transform((given) => [...new Set(given)])
  .meta({ description: 'What it is told of', example: ['job.succeeded', 'job.failed'] });
const types = z
  .array(jobType)
  .min(1)
  .transform((given) => [...new Set(given)])
  .nullable()
  .meta({ description: 'Of jobs of these types; null is of all' });
const wantedLabels = labels.meta({ description: 'Of jobs that have all of these labels' });
const includeResult = z.boolean().meta({
  description:
    'With the result in `data.result`, as GET /v1/jobs/{id}/result has it; with its path in `data.resultUrl` when it is large',
});
const paused = z.boolean().meta({ description: 'While it is true, what happens is kept for it and not sent' });

export const endpointRequest = z
  .strictObject({
    url,
    events,
    types: types.default(null),
    labels: wantedLabels.default({}),
    includeResult: includeResult.default(false),
    paused: paused.default(false),
  })
  .meta({ id: 'EndpointRequest' });

/** What is left out stays as it is. */
export const endpointPatch = z
  .strictObject({
    url: url.optional(),
    events: events.optional(),
    types: types.optional(),
    labels: wantedLabels.optional(),
    includeResult: includeResult.optional(),
    paused: paused
      .optional()
      .meta({ description: 'false: what has waited for it is due at once, whatever it was paused for' }),
  })
  .meta({ id: 'EndpointPatch' });

export const endpointQuery = z.strictObject(page);

/** Of an action that takes nothing. */
export const nothing = z.strictObject({}).default({}).meta({ id: 'Nothing' });

export const endpointAnswer = z
  .object({
    id: z.uuid(),
    client: z.string().meta({ description: 'Whose jobs it is told of' }),
    url: z.string(),
    events: z.array(newsType),
    types: z.array(jobType).nullable(),
    labels: z.record(z.string(), z.string()),
    includeResult: z.boolean(),
    paused: z.boolean(),
    pausedAt: at.nullable(),
    pauseReason: z.enum(pauseReasons).nullable().meta({
      description: 'gone: it answered 410; failing: for a day nothing got through to it',
    }),
    failingSince: at.nullable().meta({ description: 'Since when nothing gets through to it' }),
    waiting: z.int().meta({ description: 'Deliveries that wait; no more than 1,000 are counted' }),
    secrets: z
      .array(z.object({ createdAt: at, expiresAt: at.nullable() }).meta({ id: 'EndpointSecret' }))
      .meta({ description: 'Those that are valid, newest first: each attempt is signed with all of them' }),
    createdAt: at,
    createdBy: z.string().meta({ description: 'The name of the key' }),
  })
  .meta({ id: 'Endpoint' });

export const endpointWithSecretAnswer = endpointAnswer
  .extend({ secret: z.string().meta({ description: 'Shown this once' }) })
  .meta({ id: 'EndpointWithSecret' });

export const endpointsAnswer = listOf(endpointAnswer, 'Endpoints');

export type EndpointRequest = z.infer<typeof endpointRequest>;
export type EndpointPatch = z.infer<typeof endpointPatch>;
export type EndpointQuery = z.infer<typeof endpointQuery>;
export type EndpointAnswer = z.infer<typeof endpointAnswer>;
export type EndpointWithSecretAnswer = z.infer<typeof endpointWithSecretAnswer>;
export type EndpointsAnswer = z.infer<typeof endpointsAnswer>;
