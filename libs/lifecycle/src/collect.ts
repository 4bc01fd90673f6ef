import { eventOfReading, type AlarmRules, type NormalizedResult, type Reading, type ReadResult } from '@app/domain';
import type { JobRow } from '@app/persistence';
import type { Payload } from '@app/queue';
import {
  catalogue,
  detailsMissingIn,
  normalizeResult,
  readableTogether,
  type ReadCall,
  type ReadOutcome,
  type VodJob,
  withDetails,
} from '@app/vod';
import type { StepParts } from './parts';
import { readVod } from './call-vod';

type Understood = ReadResult & { normalized: NormalizedResult; problem: null };
type NotUnderstood = ReadResult & { problem: string };
type JobAtVod = JobRow & { vodJobId: string };

/** A success whose data cannot be had after this many looks is a success without data: VOD says that it is over. */
const TRIES_FOR_DATA = 5;

/** Reads jobs, as many with one call as VOD takes, and settles those that are over. Asked by an event or by an alarm: the same. */
export class Collect {
  constructor(
    private readonly deps: Pick<StepParts, 'jobs' | 'reads' | 'vod' | 'pacer' | 'signals' | 'now'>,
    private readonly rules: AlarmRules,
  ) {}

  async collect(region: string, { jobIds }: Payload<'collect'>): Promise<void> {
    const jobs = await this.deps.reads.jobsToRead(jobIds);
    if (jobs.length === 0) return;
    const readings = new Map<JobAtVod, Reading>();
    for (const { call, jobs: together } of readableTogether(jobs)) {
      const read = await this.read(region, call, together);
      together.forEach((job, i) => readings.set(job, read[i] as Reading));
    }
    const at = { now: this.deps.now(), rules: this.rules };
    await this.deps.jobs.applyTogether(
      jobs.map((job) => ({
        jobId: job.id,
        event: eventOfReading(job, job.vodJobId, readings.get(job) as Reading, at),
      })),
    );
  }

  private async read(region: string, call: ReadCall, jobs: JobAtVod[]): Promise<Reading[]> {
    const vodJobIds = jobs.map((job) => job.vodJobId);
    const answer = await this.call(call.operation, region, jobs.length, () =>
      this.deps.vod.readJobs(region, call, vodJobIds),
    );
    if (answer.outcome !== 'answered') {
      // What is refused to several may be meant for one of them.
      const isRefused = answer.outcome === 'refused' && jobs.length === 1;
      return jobs.map(() => ({ ...unavailable(answer), isRefused }));
    }
    const { jobs: listed, missing } = answer.value;
    return Promise.all(
      jobs.map(async (job): Promise<Reading> => {
        const found = listed.find((one) => one.jobId === job.vodJobId);
        if (found) return this.readingOf(region, job, found);
        return missing.includes(job.vodJobId)
          ? { kind: 'missing' }
          : { kind: 'unavailable', cause: "VOD's answer leaves this JobId out" };
      }),
    );
  }

  private async readingOf(region: string, job: JobAtVod, vodJob: VodJob): Promise<Reading> {
    const stranger = whyNotOurs(job, vodJob);
    if (stranger) return { kind: 'stranger', cause: stranger };
    switch (vodJob.status) {
      case 'running':
        return { kind: 'running', status: vodJob.rawStatus };
      case 'fail':
        return {
          kind: 'failed',
          code: vodJob.code ?? 'unknown',
          message: vodJob.message ?? 'VOD gave no reason',
          completedAt: vodJob.completeTime,
        };
      case 'success':
        return this.succeeded(region, job, vodJob);
      case 'unrecognised':
        // guard: unknown-status
        return { kind: 'unavailable', cause: `VOD gave a status that is not documented: ${vodJob.rawStatus}` };
    }
  }

  /** `Data` can be absent or broken in an answer that says success. The media's latest result is the second source. */
  private async succeeded(region: string, job: JobAtVod, vodJob: VodJob): Promise<Reading> {
    const over = { kind: 'succeeded' as const, completedAt: vodJob.completeTime };
    const { read, fallback } = catalogue[job.type];
    const own = resultFrom(read.operation, job, vodJob.data);
    if (own.problem === null) return { ...over, result: await this.completed(region, job, own) };

    const answer = await this.call(fallback.operation, region, 1, () =>
      this.deps.vod.readMedia(region, fallback, job.mediaId),
    );
    if (answer.outcome === 'answered') {
      const byMedia = resultFrom(fallback.operation, job, answer.value.data);
      return { ...over, result: byMedia.problem === null ? await this.completed(region, job, byMedia) : own };
    }
    if (answer.outcome !== 'refused' && job.tries < TRIES_FOR_DATA) return unavailable(answer);
    return { ...over, result: own };
  }

  /** Details are worth one call. Without them the result is what it is. */
  private async completed(region: string, { mediaId }: JobAtVod, result: Understood): Promise<ReadResult> {
    const details = detailsMissingIn(result.normalized);
    if (details === null) return result;
    const answer = await this.call(details.operation, region, 1, () =>
      this.deps.vod.readMedia(region, details, mediaId),
    );
    if (answer.outcome !== 'answered') return result;
    return { ...result, normalized: withDetails(result.normalized, details, answer.value.data) };
  }

  private call<T>(
    operation: string,
    region: string,
    jobs: number,
    send: () => Promise<ReadOutcome<T>>,
  ): Promise<ReadOutcome<T>> {
    return readVod(this.deps, 'collect', { operation, region, jobs }, send);
  }
}

function whyNotOurs(job: JobAtVod, vodJob: VodJob): string | null {
  // guard: read-of-media
  if (vodJob.mediaId !== null && vodJob.mediaId !== job.mediaId) return 'VOD answered about another media';
  if (vodJob.type !== job.type) return `VOD answered about a job of type ${vodJob.type}`; // guard: read-of-type
  return null;
}

function resultFrom(source: string, job: JobAtVod, data: string | null): Understood | NotUnderstood {
  if (data === null) return { source, raw: null, normalized: null, problem: 'VOD gave no data' };
  const parsed = normalizeResult(job.type, data);
  return parsed.ok
    ? { source, raw: data, normalized: parsed.normalized, problem: null }
    : { source, raw: data, normalized: null, problem: parsed.reason };
}

function unavailable(answer: Exclude<ReadOutcome<unknown>, { outcome: 'answered' }>) {
  const cause = 'cause' in answer ? answer.cause : `${answer.outcome}: ${answer.code}`;
  return { kind: 'unavailable' as const, cause };
}
