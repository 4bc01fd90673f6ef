import type { JobType } from './job-type';

/** What VOD found, in one shape for each type of job. Text and times as VOD gives them; numbers are numbers. */
export type NormalizedResult = TagResult | FingerprintResult | AuditResult;

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

/** What VOD advises: to block, to have a person look, or to let pass. */
export const suggestions = ['block', 'review', 'pass'] as const;
export type Suggestion = (typeof suggestions)[number];

export interface AuditResult {
  type: Extract<JobType, 'AIMediaAudit'>;
  suggestion: Suggestion;
  /** What was found in VOD's words, like `porn`; none when all is normal. */
  labels: string[];
  checks: AuditCheck[];
}

export const auditedParts = ['video', 'cover', 'title', 'audio'] as const;
export type AuditedPart = (typeof auditedParts)[number];

/** One part of a media, looked at for one thing. */
export interface AuditCheck {
  part: AuditedPart;
  /** For what: `porn`, `terrorism`, `ad`, `live`, `logo`, or `antispam` for texts and sound. */
  scene: string;
  suggestion: Suggestion;
  label: string;
  /** How sure VOD is of the label, 0 to 100. Of a video the highest. */
  score: number | null;
  /** In how many pictures of the video something was found that is not normal. */
  found: number;
  /** Where, as far as VOD names the places; in order. */
  moments: AuditMoment[];
  /** The title itself. */
  text?: string;
  /** The picture. VOD keeps it for two weeks. */
  url?: string;
}

export interface AuditMoment {
  atMs: number;
  label: string;
  score: number | null;
  /** The picture. VOD keeps it for two weeks. */
  url?: string;
}
