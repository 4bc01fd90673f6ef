import { auditedParts, suggestions, tagGroups, type JobType, type NormalizedResult } from '@app/domain';
import { z } from 'zod';

const tags = z
  .object({
    type: z.literal('AIVideoTag'),
    tags: z.array(
      z.object({
        group: z.enum(tagGroups),
        tag: z.string(),
        timesMs: z.array(z.number()),
        faceUrl: z.string().exactOptional(),
      }),
    ),
    transcript: z
      .object({
        durationMs: z.number().nullable(),
        sentences: z.array(
          z.object({
            startMs: z.number(),
            endMs: z.number(),
            text: z.string(),
            channel: z.number().nullable(),
            speechRate: z.number().nullable(),
          }),
        ),
      })
      .nullable(),
  })
  .meta({ id: 'Tags' });

const span = z.object({ startSec: z.number(), durationSec: z.number() }).meta({ id: 'Span' });

const matches = z
  .object({
    type: z.literal('AIMediaDNA'),
    matches: z.array(
      z.object({
        mediaId: z.string(),
        similarity: z.number(),
        segments: z.array(z.object({ input: span, duplication: span })),
      }),
    ),
  })
  .meta({ id: 'Matches' });

const suggestion = z.enum(suggestions).meta({ id: 'Suggestion', description: 'What VOD advises' });
const score = z.number().nullable().meta({ description: 'How sure VOD is of the label, 0 to 100' });

const audit = z
  .object({
    type: z.literal('AIMediaAudit'),
    suggestion,
    labels: z.array(z.string()).meta({ description: 'What was found; none when all is normal' }),
    checks: z.array(
      z.object({
        part: z.enum(auditedParts),
        scene: z.string(),
        suggestion,
        label: z.string(),
        score,
        found: z.int().meta({ description: 'In how many pictures of the video' }),
        moments: z.array(z.object({ atMs: z.number(), label: z.string(), score, url: z.string().exactOptional() })),
        text: z.string().exactOptional(),
        url: z.string().exactOptional(),
      }),
    ),
  })
  .meta({ id: 'Audit' });

/** One shape for each type of job: what the parser of VOD's data makes, and what clients read. */
const results = { AIVideoTag: tags, AIMediaDNA: matches, AIMediaAudit: audit } satisfies {
  [T in JobType]: z.ZodType<Extract<NormalizedResult, { type: T }>>;
};
export const normalizedResult = z.discriminatedUnion('type', [
  results.AIVideoTag,
  results.AIMediaDNA,
  results.AIMediaAudit,
]) satisfies z.ZodType<NormalizedResult>;
