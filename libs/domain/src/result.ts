import type { JobType } from './job-type';

/** What VOD found, in one shape for each type of job. Text and times as VOD gives them; numbers are numbers. */
export type NormalizedResult = TagResult | FingerprintResult;

export interface TagResult {
  type: Extract<JobType, 'AIVideoTag'>;
  tags: Tag[];
  transcript: Transcript | null;
}

/** In the order of VOD's console. */
export const tagGroups = ['Category', 'Keyword', 'Person', 'Location', 'Time'] as const;
export type TagGroup = (typeof tagGroups)[number];

export interface Tag {
  group: TagGroup;
  tag: string;
  /** Where in the video, in milliseconds. */
  timesMs: number[];
  /** Of a person. VOD signs it, and it expires. */
  faceUrl?: string;
}

export interface Transcript {
  durationMs: number | null;
  sentences: Sentence[];
}

export interface Sentence {
  startMs: number;
  endMs: number;
  text: string;
  channel: number | null;
  /** Characters a minute. */
  speechRate: number | null;
}

export interface FingerprintResult {
  type: Extract<JobType, 'AIMediaDNA'>;
  matches: Match[];
}

export interface Match {
  /** The video of the library that is like the submitted one. */
  mediaId: string;
  /** 1 is the same video. */
  similarity: number;
  segments: Segment[];
}

/** Which part of the submitted video is which part of the other. */
export interface Segment {
  input: Span;
  duplication: Span;
}

export interface Span {
  startSec: number;
  durationSec: number;
}
