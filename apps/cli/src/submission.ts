import { createHash } from 'node:crypto';
import type { JobType, Priority } from '@app/domain';
import { ApiError, askedFor, type SubmitBody } from '@app/client';
import type { Encoding } from '@app/media-list';
import { InvalidArgumentError } from 'commander';

export interface SubmitOptions {
  types: JobType[];
  file?: string;
  encoding?: Encoding;
  column?: string;
  config?: SubmitBody['config'];
  region?: string;
  priority?: Priority;
  label?: string[];
  idempotencyKey?: string;
  force?: boolean;
  wait?: boolean;
}

/** What is asked for one media. */
export function bodyOf(
  mediaId: string,
  { types, config: settings, region, priority, label: labels, force }: SubmitOptions,
): SubmitBody {
  return {
    mediaId,
    types: [...new Set(types)],
    config: settings,
    region,
    priority,
    labels: labels && Object.fromEntries(labels.map(labelOf)),
    force,
  };
}

/** The media of a file have a key in any case: of what is asked for, when none is given. */
export function keysFor(media: string[], options: SubmitOptions): (mediaId: string) => string | undefined {
  const { idempotencyKey: key, file } = options;
  if (key !== undefined)
    return (mediaId) => (sendsKeyItself(media, options) ? key : hashed(JSON.stringify([key, mediaId])));
  if (file === undefined) return () => undefined;
  return (mediaId) => hashed(askedFor(bodyOf(mediaId, options)));
}

/** A key that was made here leaves out labels and priority: it is these that differ. */
export function wasAskedOtherwise(error: unknown, { idempotencyKey: key }: SubmitOptions): boolean {
  return key === undefined && error instanceof ApiError && error.code === 'idempotency_mismatch';
}

/** Several media share a key, so each has one made of it. A file of one is a file, and may grow. */
export function sendsKeyItself(media: string[], { file }: SubmitOptions): boolean {
  return media.length === 1 && file === undefined;
}

/** Always a valid key: an id may be in any script. */
function hashed(text: string): string {
  return `vodai:${createHash('sha256').update(text).digest('hex')}`;
}

export function labelOf(pair: string): [string, string] {
  const colon = pair.indexOf(':');
  return [pair.slice(0, colon), pair.slice(colon + 1)];
}

/** Whether it suits its type is for the api to say. */
export function config(text: string): SubmitBody['config'] {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Said below.
  }
  throw new InvalidArgumentError('Expected a JSON object like {"AIVideoTag": {"AnalyseTypes": "ASR,OCR"}}.');
}
