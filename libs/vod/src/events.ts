import { collectiveEvents, completionOf, jobTypes, type JobType } from '@app/domain';
import { leadingMembers } from './event-head';
import { type Fields, fieldsOf, idOf, jsonTextOf, opened, parseVodTime, sentenceOf, textOf, wordOf } from './fields';
import { isOfOthers } from './other-events';
import { catalogue } from './types';

export type VodEvent =
  | {
      kind: 'completion';
      /** The one of its type, or a name for all types. */
      eventType: string;
      /** Null when neither the name nor the body says it: then the job says it that is named. */
      type: JobType | null;
      jobId: string;
      mediaId: string | null;
      status: 'success' | 'fail';
      eventTime: Date | null;
      code: string | null;
      message: string | null;
      /** What the submission sent as UserData.Extend, should VOD echo it: its pages disagree (docs/vod.md, "Events"). */
      extend: string | null;
    }
  | {
      kind: 'other';
      /** VOD's documents name it, and it tells of something that is never asked for here. */
      isForeign: boolean;
      eventType: string;
      jobId: string | null;
      mediaId: string | null;
      reason: string;
    }
  | { kind: 'unreadable'; reason: string };

/**
 * Reads the body of one notification. Never throws, whatever the bytes: a body that made it throw would be sent three
 * times and refused three times.
 */
export function parseEvent(body: Uint8Array): VodEvent {
  const text = utf8(body);
  if (text === null) return { kind: 'unreadable', reason: 'not UTF-8' };
  const value = json(text);
  if (value === undefined) return { kind: 'unreadable', reason: 'not JSON' };
  const printed = fieldsOf(value);
  if (printed === null) return { kind: 'unreadable', reason: 'not a JSON object' };
  const fields = withTrimmedKeys(printed);
  const eventType = eventTypeOf(fields);
  return eventType === null ? { kind: 'unreadable', reason: 'no EventType' } : event(eventType, fields);
}

/**
 * Reads what is left of a notification that was too large to keep. VOD's events begin with the fields that wake a job, and
 * its long part, Data, comes last. It is a hint like any other: only a read says how the job went.
 */
export function parseEventHead(head: Uint8Array, size: number): VodEvent {
  const tooLarge = `too large: ${size} bytes; in the first ${head.length}`;
  const text = utf8(head, { isCut: true });
  const fields = text === null ? null : leadingMembers(text);
  const eventType = fields && eventTypeOf(fields);
  if (!fields || !eventType) return { kind: 'unreadable', reason: `${tooLarge}: no EventType` };
  const read = event(eventType, fields);
  if (read.kind !== 'other') return read;
  const soon = read.isForeign ? '' : '. Its job is read at the next alarm';
  return { ...read, reason: `${tooLarge}: ${read.reason}${soon}` };
}

function eventTypeOf(fields: Fields): string | null {
  return wordOf(textOf(fields['EventType'])?.trim()) || null;
}

function event(eventType: string, fields: Fields): VodEvent {
  const jobId = idOf(fields['JobId']);
  // AI events call the media MediaId, all others VideoId.
  const mediaId = idOf(fields['MediaId']) ?? idOf(fields['VideoId']);
  const type = typeOf(eventType, fields);
  const status = statusOf(fields['Status']);
  const other = { kind: 'other' as const, isForeign: false, eventType, jobId, mediaId };
  if (type === 'none')
    return { ...other, isForeign: isOfOthers(eventType), reason: 'not the end of a submitted AI job' };
  if (jobId === null) return { ...other, reason: 'no usable JobId' };
  if (status === null) return { ...other, reason: 'Status is neither success nor fail' };
  return {
    kind: 'completion',
    eventType,
    type,
    jobId,
    mediaId,
    status,
    eventTime: parseVodTime(fields['EventTime']),
    code: wordOf(fields['Code']),
    message: sentenceOf(fields['Message']),
    extend: sentenceOf(jsonTextOf(fields['Extend'])), // VOD's own limit is 512 bytes
  };
}

/** `none`: an event of something else. */
function typeOf(eventType: string, fields: Fields): JobType | null | 'none' {
  const named = jobTypes.find((each) => eventType === completionOf(each));
  if (named) return named;
  if (!(collectiveEvents as readonly string[]).includes(eventType)) return 'none';
  const printed = textOf(fields['Type'])?.trim();
  if (printed) return jobTypes.find((each) => each === printed) ?? 'none';
  const data = fieldsOf(opened(fields['Data'])) ?? {};
  return jobTypes.find((each) => catalogue[each].dataMembers.some((member) => Object.hasOwn(data, member))) ?? null;
}

function statusOf(value: unknown): 'success' | 'fail' | null {
  const status = textOf(value)?.trim().toLowerCase();
  return status === 'success' || status === 'fail' ? status : null;
}

/** The documented samples of UploadByURLComplete print keys with a trailing blank; a key without one goes first. */
function withTrimmedKeys(printed: Fields): Fields {
  const trimmed = Object.entries(printed).map(([key, value]) => [key.trim(), value] as const);
  return { ...Object.fromEntries(trimmed), ...printed };
}

/** @param isCut the end may be within a character */
function utf8(body: Uint8Array, { isCut = false } = {}): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body, { stream: isCut }); // leaves out a byte order mark
  } catch {
    return null;
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
