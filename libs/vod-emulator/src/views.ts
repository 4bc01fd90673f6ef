import { type Job, type JobState, dataOf, stateOf } from './jobs';
import type { Media, MediaStatus } from './media';
import type { JobType } from './types';
import type { PublicSettings } from './settings';

// What the accessors and the control routes show.

export interface JobView {
  jobId: string;
  mediaId: string;
  type: JobType;
  region: string;
  state: JobState;
  requestId: string;
  createdAt: string;
  completedAt?: string;
  extend?: string;
  /** The result as ListAIJob gives it, once the job succeeded. */
  data?: string;
}

/** A media that somebody added. */
export interface MediaView {
  mediaId: string;
  region: string;
  appId: string;
  title: string;
  description?: string;
  tags?: string;
  cateId?: number;
  cateName?: string;
  fileName: string;
  durationSeconds: number;
  sizeBytes: number;
  status: MediaStatus;
  createdAt: string;
  modifiedAt: string;
}

/** One job that VOD took, and with that money. */
export interface LedgerEntry {
  at: string;
  region: string;
  mediaId: string;
  type: JobType;
  jobId: string;
  requestId: string;
  nonce: string;
}

export interface CallCounts {
  ok: number;
  throttled: number;
  refused: number;
}

export interface Ledger {
  billed: number;
  /** By operation; `unknown` gathers the calls that named none of ours. */
  calls: Record<string, CallCounts>;
  /** Newest first. */
  entries: LedgerEntry[];
}

export interface Overview {
  settings: PublicSettings;
  regions: readonly string[];
  jobs: Record<JobState, number>;
  billed: number;
  calls: Record<string, CallCounts>;
  callbacks: { attempts: number; delivered: number; dropped: number; open: number };
  /** How many faults the plan has made happen. */
  faults: number;
}

export function jobView(job: Job, nowMs: number): JobView {
  return {
    jobId: job.jobId,
    mediaId: job.mediaId,
    type: job.type,
    region: job.region,
    state: stateOf(job, nowMs),
    requestId: job.requestId,
    createdAt: new Date(job.createdAt).toISOString(),
    ...(job.end && { completedAt: new Date(job.end.at).toISOString() }),
    ...(job.extend !== undefined && { extend: job.extend }),
    ...(job.end?.state === 'success' && { data: dataOf(job) }),
  };
}

export function mediaView(media: Media): MediaView {
  const { mediaId, region, appId, title, description, tags, cateId, cateName } = media;
  const { fileName, durationSeconds, sizeBytes, status, createdAt, modifiedAt } = media;
  return {
    mediaId,
    region,
    appId,
    title,
    ...(description !== undefined && { description }),
    ...(tags !== undefined && { tags }),
    ...(cateId !== undefined && { cateId }),
    ...(cateName !== undefined && { cateName }),
    fileName,
    durationSeconds,
    sizeBytes,
    status,
    createdAt: new Date(createdAt).toISOString(),
    modifiedAt: new Date(modifiedAt).toISOString(),
  };
}

export function ledgerEntry(job: Job, nonce: string): LedgerEntry {
  const { createdAt, region, mediaId, type, jobId, requestId } = job;
  return { at: new Date(createdAt).toISOString(), region, mediaId, type, jobId, requestId, nonce };
}
