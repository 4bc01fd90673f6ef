import { byType, jobTypes, submitOperationOf, type JobType, type SubmitOperation } from '@app/domain';
import { aiMediaAudit } from './ai-media-audit';
import { aiMediaDNA } from './ai-media-dna';
import { aiVideoTag } from './ai-video-tag';
import type { AIJobTypeSpec, ReadCall, SubmitCall } from './spec';

/** The types of AI jobs. Whatever differs from one type to another is in its file, and everything that asks goes through here. */
export const catalogue: { readonly [T in JobType]: AIJobTypeSpec<T> } = {
  AIVideoTag: aiVideoTag,
  AIMediaDNA: aiMediaDNA,
  AIMediaAudit: aiMediaAudit,
};

export const submitCalls = Object.fromEntries(
  jobTypes.map((type) => [submitOperationOf(type), catalogue[type].submit]),
) as Readonly<Record<SubmitOperation, SubmitCall>>;

/** Each once, and those first that take many JobIds. */
export const readCalls: readonly ReadCall[] = [
  ...new Set(Object.values(byType((type) => catalogue[type].read))),
].toSorted((a, b) => b.atOnce - a.atOnce);

/** The operations of VOD that are used, as metrics name them: those that submit, and those that read. */
export const vodOperations = {
  submits: Object.keys(submitCalls),
  reads: [
    ...readCalls.map(({ operation }) => operation),
    'ListJobInfo',
    ...jobTypes.map((type) => catalogue[type].fallback.operation),
    ...jobTypes.flatMap((type) => catalogue[type].details?.operation ?? []),
  ],
};

/** Splits jobs into those that one call can read. */
export function readableTogether<J extends { type: JobType }>(jobs: readonly J[]): { call: ReadCall; jobs: J[] }[] {
  return readCalls.flatMap((call) => {
    const own = jobs.filter(({ type }) => catalogue[type].read === call);
    const calls = Math.ceil(own.length / call.atOnce);
    return Array.from({ length: calls }, (_, i) => ({
      call,
      jobs: own.slice(i * call.atOnce, (i + 1) * call.atOnce),
    }));
  });
}

export type {
  AIJobTypeSpec,
  ConfigRule,
  DetailsCall,
  JobsRead,
  MediaCall,
  Normalization,
  ReadCall,
  SignedSubmission,
} from './spec';
