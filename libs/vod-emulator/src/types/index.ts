import { aiMediaDNA } from './ai-media-dna';
import { aiVideoTag } from './ai-video-tag';
import type { EmulatedType } from './emulated-type';

export const TYPES = {
  AIVideoTag: aiVideoTag,
  AIMediaDNA: aiMediaDNA,
} satisfies Record<string, EmulatedType>;
export type JobType = keyof typeof TYPES;

export function isJobType(text: string): text is JobType {
  return Object.hasOwn(TYPES, text);
}

export function offers(region: string, type: JobType): boolean {
  return TYPES[type].regions.includes(region);
}
