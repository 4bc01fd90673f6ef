import { z } from 'zod';
import * as rules from './rules';

/** A moment, in ISO 8601. */
export const at = z.iso.datetime();

export const storable = rules.isStorable;
export const shortText = (max: number) => z.string().max(max).refine(storable, 'expected text without NUL');

export const labels = z
  .record(
    z.string().regex(rules.LABEL_KEY, 'expected 1 to 64 of A–Z a–z 0–9 _ . / -'),
    shortText(rules.LABEL_VALUE_MAX),
  )
  .refine((given) => Object.keys(given).length <= rules.LABELS_MAX, `expected at most ${rules.LABELS_MAX} labels`);

/** A moment that somebody asks for, in whatever zone. */
export const time = z.iso
  .datetime({ offset: true, error: 'expected ISO 8601, like 2026-11-22T09:00:00Z' })
  .transform((text) => new Date(text));

/** A repeatable query parameter comes as a string or as an array. */
export const repeatable = <T extends z.ZodType>(one: T) =>
  z.preprocess(
    (value) => (value === undefined || Array.isArray(value) ? value : [value]),
    z.array(one).max(50).optional(),
  );

/** A query parameter is text; to whoever asks, this one is a number. */
const wholeNumber = <T extends z.ZodType>(number: T) =>
  z.preprocess((value) => (typeof value === 'string' && /^\d{1,4}$/.test(value) ? Number(value) : value), number);

export const page = {
  limit: wholeNumber(
    z.int('expected a whole number').min(1, 'expected 1 to 200').max(200, 'expected 1 to 200').default(50),
  ),
  cursor: z
    .uuid('expected the nextCursor of the page before')
    .optional()
    .meta({ description: 'The `nextCursor` of the page before' }),
};

export function listOf<T extends z.ZodType>(item: T, name: string) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() }).meta({ id: name });
}
