import type { Match, Segment, Span } from '@app/domain';
import { type Fields, fieldsOf, listOf, numberOf, opened, textOf } from '../fields';
import type { AIJobTypeSpec, Normalization } from './spec';
import { listAIJob, submitAIJob } from './submit-ai-job';

/** Video fingerprinting: which videos of a library are like this one. */
export const aiMediaDNA: AIJobTypeSpec<'AIMediaDNA'> = {
  regions: ['cn-shanghai', 'cn-beijing', 'ap-southeast-1'],
  submit: submitAIJob,
  read: listAIJob,
  fallback: { operation: 'GetMediaDNAResult', answersWith: 'DNAResult' },
  completion: 'AIMediaDNAComplete',
  dataMembers: ['VideoDNA'],
  config: { keys: { DNADBId: { is: 'id', what: 'the id of a fingerprint library' } } },
  normalize: matchesOf,
  priceUnit: 'minute',
};

/** A match that can't be read isn't left out: "no copy was found" would be the wrong answer. */
function matchesOf(result: Fields): Normalization<'AIMediaDNA'> {
  const given = opened(result['VideoDNA'] ?? []);
  if (typeof given !== 'object' && given !== '') return { ok: false, reason: 'VideoDNA is not a list' };
  const matches = listOf(given).map(matchOf);
  if (matches.includes(null)) {
    return { ok: false, reason: 'an entry of VideoDNA lacks its PrimaryKey or a numeric Similarity' };
  }
  return { ok: true, normalized: { type: 'AIMediaDNA', matches: matches.filter((match) => match !== null) } };
}

function matchOf(entry: unknown): Match | null {
  const fields = fieldsOf(entry);
  const mediaId = textOf(fields?.['PrimaryKey']);
  const similarity = numberOf(fields?.['Similarity']);
  if (mediaId === null || similarity === null) return null;
  return { mediaId, similarity, segments: listOf(fields?.['Detail']).flatMap(segmentOf) };
}

function segmentOf(entry: unknown): Segment[] {
  const input = spanOf(fieldsOf(entry)?.['Input']);
  const duplication = spanOf(fieldsOf(entry)?.['Duplication']);
  return input === null || duplication === null ? [] : [{ input, duplication }];
}

function spanOf(value: unknown): Span | null {
  const span = fieldsOf(opened(value));
  const startSec = numberOf(span?.['Start']);
  const durationSec = numberOf(span?.['Duration']);
  return startSec === null || durationSec === null ? null : { startSec, durationSec };
}
