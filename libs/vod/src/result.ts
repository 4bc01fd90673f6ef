import {
  tagGroups,
  type JobType,
  type Match,
  type NormalizedResult,
  type Segment,
  type Sentence,
  type Span,
  type Tag,
  type Transcript,
} from '@app/domain';
import { type Fields, fieldsOf, listOf, numberOf, opened, textOf } from './fields';

type Normalization = { ok: true; normalized: NormalizedResult } | { ok: false; reason: string };

/**
 * `data` as ListAIJob gives it (its schema is the page on video AI parameters). Every group is optional and numbers come
 * as text. A tag, time or sentence that can't be read is left out, as the raw text is kept anyway; a match is not,
 * because "no copy was found" would be the wrong answer.
 */
export function normalizeResult(type: JobType, data: string): Normalization {
  const parsed = parse(data);
  if (!parsed.ok) return parsed;
  switch (type) {
    case 'AIVideoTag':
      return { ok: true, normalized: { type, tags: tagsOf(parsed.fields), transcript: transcriptOf(parsed.fields) } };
    case 'AIMediaDNA':
      return matchesOf(parsed.fields);
  }
}

function parse(data: string): { ok: true; fields: Fields } | { ok: false; reason: string } {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return { ok: false, reason: 'Data is not JSON' };
  }
  const fields = fieldsOf(opened(value)); // encoded twice
  return fields === null ? { ok: false, reason: 'Data is not a JSON object' } : { ok: true, fields };
}

function tagsOf(result: Fields): Tag[] {
  return tagGroups.flatMap((group) =>
    listOf(result[group]).flatMap((entry) => {
      const fields = fieldsOf(entry);
      const tag = textOf(fields?.['Tag']);
      const faceUrl = textOf(fields?.['FaceUrl']);
      if (tag === null) return [];
      return [{ group, tag, timesMs: timesOf(fields?.['Times']), ...(faceUrl === null ? {} : { faceUrl }) }];
    }),
  );
}

function timesOf(times: unknown): number[] {
  return listOf(times)
    .map(numberOf)
    .filter((time) => time !== null);
}

/** The table types OrigASRData as an array, all samples show one object. */
function transcriptOf(result: Fields): Transcript | null {
  const parts = listOf(result['OrigASRData']).map(fieldsOf);
  if (parts.length === 0) return null;
  const durations = parts.map((part) => numberOf(part?.['Duration'])).filter((duration) => duration !== null);
  return {
    durationMs: durations.length === 0 ? null : Math.max(...durations),
    sentences: parts.flatMap((part) => listOf(part?.['AsrTextList']).flatMap(sentenceOf)),
  };
}

function sentenceOf(entry: unknown): Sentence[] {
  const fields = fieldsOf(entry);
  const startMs = numberOf(fields?.['StartTime']);
  const endMs = numberOf(fields?.['EndTime']);
  const text = textOf(fields?.['Text']);
  if (startMs === null || endMs === null || text === null) return [];
  return [
    { startMs, endMs, text, channel: numberOf(fields?.['ChannelId']), speechRate: numberOf(fields?.['SpeechRate']) },
  ];
}

function matchesOf(result: Fields): Normalization {
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
