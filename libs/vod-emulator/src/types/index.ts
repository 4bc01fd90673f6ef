import type { Operation } from '../operation-names';
import { aiMediaAudit } from './ai-media-audit';
import { aiMediaDNA } from './ai-media-dna';
import { aiVideoTag } from './ai-video-tag';
import type { EmulatedType } from './emulated-type';

export type { ReviewScope } from './emulated-type';

export const TYPES = {
  AIVideoTag: aiVideoTag,
  AIMediaDNA: aiMediaDNA,
  AIMediaAudit: aiMediaAudit,
} satisfies Record<string, EmulatedType>;
export type JobType = keyof typeof TYPES;

export function isSubmittedBy(operation: Operation, text: string): text is JobType {
  return Object.hasOwn(TYPES, text) && TYPES[text as JobType].submittedBy === operation;
}

export function offers(region: string, type: JobType): boolean {
  return TYPES[type].regions.includes(region);
}
