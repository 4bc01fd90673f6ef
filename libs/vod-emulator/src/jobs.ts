import type { RequestCallback } from './request-callback';
import { RingBuffer } from './ring-buffer';
import { type JobType, type ReviewScope, TYPES } from './types';

export const JOB_STATES = ['init', 'processing', 'success', 'fail'] as const;
export type JobState = (typeof JOB_STATES)[number];
export type EndState = 'success' | 'fail';

export interface Job {
  readonly jobId: string;
  readonly mediaId: string;
  readonly type: JobType;
  readonly region: string;
  /** The application that its media belongs to. */
  readonly appId: string;
  readonly requestId: string;
  readonly createdAt: number;
  /** From the submission to the end. */
  readonly timeMs: number;
  readonly broken: boolean;
  readonly withTranscript: boolean;
  /** What a review looks at, when its template says so. */
  readonly review: ReviewScope | undefined;
  /** What it was asked with, as GetJobDetail prints it. */
  readonly config: string;
  readonly extend: string | undefined;
  /** Where its event goes, when its request or its media's upload has said so. */
  readonly callback: RequestCallback | undefined;
  end?: { state: EndState; at: number };
}

/** No page says why an AI job fails (docs/vod.md, "Errors"); this code is VideoAnalysisComplete's for an unreadable file. */
const FAILURE = { Code: 'InvalidParameter.ResourceContentBad', Message: 'The resource operated InputFile is bad' };
const SUCCESS = { Code: '0', Message: 'OK' };

export function verdictOf(state: EndState): { Code: string; Message: string } {
  return state === 'success' ? SUCCESS : FAILURE;
}

/** The result text of a job that succeeded. Drawn anew at each look: 100,000 kept texts would be 100 MB. */
export function dataOf(job: Job): string {
  return JSON.stringify(resultOf(job));
}

export function resultOf(job: Job): object {
  return TYPES[job.type].resultOf(job.mediaId, job);
}

/** The same as the answers and the event carry it. */
export function printedData(job: Job): string | object {
  return TYPES[job.type].dataIs === 'text' ? dataOf(job) : resultOf(job);
}

/** The first tenth of its time a job waits in VOD's queue. */
export function stateOf(job: Job, nowMs: number): JobState {
  if (job.end) return job.end.state;
  return nowMs - job.createdAt < job.timeMs / 10 ? 'init' : 'processing';
}

/** Every job that VOD has taken, until newer ones that are over push it out. */
export class JobBook {
  readonly #byId = new Map<string, Job>();
  readonly #byMedia = new Map<string, Set<Job>>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #over: RingBuffer<Job>;
  #stopped = false;

  constructor(
    keep: number,
    private readonly clock: () => number,
    private readonly whenOver: (job: Job) => void,
  ) {
    this.#over = new RingBuffer(keep);
  }

  add(job: Job): void {
    this.#byId.set(job.jobId, job);
    const key = mediaKey(job.region, job.mediaId);
    const siblings = this.#byMedia.get(key);
    if (siblings) siblings.add(job);
    else this.#byMedia.set(key, new Set([job]));
  }

  /** Called once the answer to the submission has left: before that no event of the job may go out. */
  start(job: Job): void {
    if (job.end || this.#stopped) return;
    if (job.timeMs === 0) return this.finish(job);
    this.#timers.set(
      job.jobId,
      setTimeout(() => this.finish(job), job.timeMs),
    );
  }

  finish(job: Job, state?: EndState): void {
    this.end(job, state);
    this.whenOver(job);
  }

  /** Without telling anybody. */
  end(job: Job, state: EndState = job.broken ? 'fail' : 'success'): void {
    clearTimeout(this.#timers.get(job.jobId));
    this.#timers.delete(job.jobId);
    job.end = { state, at: this.clock() };
    const displaced = this.#over.push(job);
    if (displaced) this.#forget(displaced);
  }

  find(jobId: string): Job | undefined {
    return this.#byId.get(jobId);
  }

  ofMedia(region: string, mediaId: string): Job[] {
    return [...(this.#byMedia.get(mediaKey(region, mediaId)) ?? [])];
  }

  /** A new submission of a media overwrites its result (docs/vod.md, "Submitting"), so the newest success counts. */
  latestSuccess(region: string, mediaId: string, type: JobType): Job | undefined {
    return this.ofMedia(region, mediaId)
      .filter((job) => job.type === type && job.end?.state === 'success')
      .reduce<Job | undefined>((best, job) => ((job.end?.at ?? 0) >= (best?.end?.at ?? 0) ? job : best), undefined);
  }

  /** Up to `count` jobs of the region, the oldest first. */
  someOf(region: string, count: number, except: readonly string[]): Job[] {
    const found: Job[] = [];
    for (const job of this.#byId.values()) {
      if (found.length === count) break;
      if (job.region === region && !except.includes(job.jobId)) found.push(job);
    }
    return found;
  }

  newestFirst(): Job[] {
    return [...this.#byId.values()].toReversed();
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  #forget(job: Job): void {
    this.#byId.delete(job.jobId);
    const key = mediaKey(job.region, job.mediaId);
    const siblings = this.#byMedia.get(key);
    siblings?.delete(job);
    if (siblings?.size === 0) this.#byMedia.delete(key);
  }
}

function mediaKey(region: string, mediaId: string): string {
  return `${region} ${mediaId}`;
}
