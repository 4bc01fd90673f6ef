import { eventOfReading, type AlarmRules, type Reading, type ReadResult } from '@app/domain';
import type { VodOperation } from '@app/observability';
import type { JobRow } from '@app/persistence';
import type { Payload } from '@app/queue';
import { normalizeResult, type ReadOutcome, type VodJob } from '@app/vod';
import type { StepParts } from './parts';
import { callVod } from './call-vod';

type JobAtVod = JobRow & { vodJobId: string };

/** A success whose data cannot be had after this many looks is a success without data: VOD says that it is over. */
const TRIES_FOR_DATA = 5;

/** Reads up to ten jobs with one ListAIJob and settles those that are over. Asked by an event or by an alarm: the same. */
export class Collect {
  constructor(
    private readonly deps: Pick<StepParts, 'jobs' | 'reads' | 'vod' | 'queues' | 'signals' | 'now'>,
    private readonly rules: AlarmRules,
  ) {}

  async collect(region: string, { jobIds }: Payload<'collect'>): Promise<void> {
    const jobs = await this.deps.reads.jobsToRead(jobIds);
    if (jobs.length === 0) return;
    const readings = await this.read(region, jobs);
    const at = { now: this.deps.now(), rules: this.rules };
    await this.deps.jobs.applyTogether(
      jobs.map((job, i) => ({
        jobId: job.id,
        event: eventOfReading(job, job.vodJobId, readings[i] as Reading, at),
      })),
    );
  }

  private async read(region: string, jobs: JobAtVod[]): Promise<Reading[]> {
    const answer = await this.call('ListAIJob', region, jobs.length, () =>
      this.deps.vod.listAIJob(
        region,
        jobs.map((job) => job.vodJobId),
      ),
    );
    if (answer.outcome !== 'answered') return jobs.map(() => unavailable(answer));
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
    const listed = resultFrom('ListAIJob', job, vodJob.data);
    if (listed.problem === null) return { ...over, result: listed };

    const answer = await this.readByMedia(region, job);
    if (answer.outcome === 'answered') {
      const source = job.type === 'AIVideoTag' ? 'GetAIVideoTagResult' : 'GetMediaDNAResult';
      const byMedia = resultFrom(source, job, answer.value.data);
      return { ...over, result: byMedia.problem === null ? byMedia : listed };
    }
    if (answer.outcome !== 'refused' && job.tries < TRIES_FOR_DATA) return unavailable(answer);
    return { ...over, result: listed };
  }

  private readByMedia(region: string, { type, mediaId }: JobAtVod): Promise<ReadOutcome<{ data: string | null }>> {
    switch (type) {
      case 'AIVideoTag':
        return this.call('GetAIVideoTagResult', region, 1, () => this.deps.vod.getAIVideoTagResult(region, mediaId));
      case 'AIMediaDNA':
        return this.call('GetMediaDNAResult', region, 1, () => this.deps.vod.getMediaDNAResult(region, mediaId));
    }
  }

  private async call<T>(
    operation: VodOperation,
    region: string,
    jobs: number,
    send: () => Promise<ReadOutcome<T>>,
  ): Promise<ReadOutcome<T>> {
    const answer = await callVod(this.deps.signals, { operation, region, jobs }, send);
    if (answer.outcome === 'busy') await this.deps.queues.pauseFor('collect', region, answer.retryAfterMs, answer.code);
    return answer;
  }
}

function whyNotOurs(job: JobAtVod, vodJob: VodJob): string | null {
  // guard: read-of-media
  if (vodJob.mediaId !== null && vodJob.mediaId !== job.mediaId) return 'VOD answered about another media';
  if (vodJob.type !== job.type) return `VOD answered about a job of type ${vodJob.type}`; // guard: read-of-type
  return null;
}

function resultFrom(source: ReadResult['source'], job: JobAtVod, data: string | null): ReadResult {
  if (data === null) return { source, raw: null, normalized: null, problem: 'VOD gave no data' };
  const parsed = normalizeResult(job.type, data);
  return parsed.ok
    ? { source, raw: data, normalized: parsed.normalized, problem: null }
    : { source, raw: data, normalized: null, problem: parsed.reason };
}

function unavailable(answer: Exclude<ReadOutcome<unknown>, { outcome: 'answered' }>): Reading {
  return { kind: 'unavailable', cause: 'cause' in answer ? answer.cause : `${answer.outcome}: ${answer.code}` };
}
