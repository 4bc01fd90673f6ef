import type { JobType } from '@app/domain';
import { catalogue, type ReadCall, type VodClient } from '@app/vod';

/** What becomes of the next call that submits. */
export const submitWays = [
  'accepted',
  'partial', // takes both, and its answer lists only the first
  'refused',
  'busy',
  'blocked',
  'not_sent',
  'lost_after', // takes them, and the answer is lost
  'lost_before',
  'dies_after', // takes them, and the worker dies before it hears of that
  'dies_before',
] as const;
export type SubmitWay = (typeof submitWays)[number];

export const readWays = ['truth', 'truth', 'truth', 'down', 'missing', 'stranger', 'unknown'] as const;
export type ReadWay = (typeof readWays)[number];

export const listWays = ['truth', 'truth', 'truth', 'down', 'nothing'] as const;
export type ListWay = (typeof listWays)[number];

/** One job that VOD took, and with that money. */
export interface Taken {
  vodJobId: string;
  requestId: string;
  number: number;
  type: JobType;
  mediaId: string;
  extend: string;
  createdAt: Date;
  state: 'running' | 'success' | 'fail';
}

export class WorkerDied extends Error {}

type Submission = Parameters<VodClient['submit']>[1];

/** VOD as a script for the steps: it bills, answers or does not, and knows the truth about every job that it took. */
export class ScriptedVod {
  readonly taken: Taken[] = [];
  calls = 0;
  submitWay: SubmitWay = 'accepted';
  readWay: ReadWay = 'truth';
  listWay: ListWay = 'truth';
  private readonly nonces = new Set<string>();
  private static nextId = 0;

  constructor(private readonly now: () => Date) {}

  /** What the steps use of the real client. */
  get client(): VodClient {
    const used: Pick<VodClient, 'signer' | 'submit' | 'readJobs' | 'listJobInfo' | 'readMedia'> = {
      signer: () => Promise.resolve('key'),
      submit: (_region, submission) => this.submit(submission),
      readJobs: (_region, call, ids) => this.list(call, ids),
      listJobInfo: (_region, mediaId) => this.listOf(mediaId),
      readMedia: () => Promise.resolve({ outcome: 'answered', value: { data: null }, requestId: null }),
    };
    return used as VodClient;
  }

  find(vodJobId: string | null): Taken | undefined {
    return this.taken.find((job) => job.vodJobId === vodJobId);
  }

  private async submit({ nonce, extend, types, mediaId }: Submission): ReturnType<VodClient['submit']> {
    this.calls += 1;
    const way = this.submitWay;
    if (way === 'dies_before') throw new WorkerDied();
    if (way === 'not_sent') return { outcome: 'not_sent', cause: 'connect ECONNREFUSED' };
    if (way === 'lost_before') return { outcome: 'unknown', cause: 'ECONNRESET', requestId: null };
    if (this.nonces.has(nonce)) return { outcome: 'unknown', cause: 'SignatureNonceUsed (HTTP 400)', requestId: null };
    this.nonces.add(nonce);
    if (way === 'refused') return { outcome: 'refused', code: 'InvalidVideo.NotFound', message: 'm', requestId: null };
    if (way === 'busy') return { outcome: 'busy', code: 'Throttling.User', retryAfterMs: 1_000, requestId: null };
    if (way === 'blocked') return { outcome: 'blocked', code: 'Forbidden.RAM', message: 'm', requestId: null };

    const [requestId = '', number = ''] = (extend ?? '').split('.');
    const jobs = types.map((type) => {
      ScriptedVod.nextId += 1;
      const vodJobId = `vod-${ScriptedVod.nextId}`;
      const createdAt = this.now();
      const job = {
        vodJobId,
        requestId,
        number: Number(number),
        type: type,
        mediaId,
        extend: extend ?? '',
        createdAt,
      };
      this.taken.push({ ...job, state: 'running' });
      return { type, vodJobId };
    });
    if (way === 'dies_after') throw new WorkerDied();
    if (way === 'lost_after') return { outcome: 'unknown', cause: 'ETIMEDOUT', requestId: null };
    return { outcome: 'accepted', jobs: way === 'partial' ? jobs.slice(0, 1) : jobs, requestId: null };
  }

  private async list(call: ReadCall, ids: readonly string[]): ReturnType<VodClient['readJobs']> {
    if (this.readWay === 'down') return { outcome: 'unavailable', cause: 'HTTP 502' };
    const isKnown = (job: Taken) => ids.includes(job.vodJobId) && catalogue[job.type].read === call;
    const known = this.readWay === 'missing' ? [] : this.taken.filter(isKnown);
    const jobs = known.map((job) => ({
      jobId: job.vodJobId,
      mediaId: this.readWay === 'stranger' ? 'elsewhere' : job.mediaId,
      type: job.type,
      status: this.readWay === 'unknown' ? ('unrecognised' as const) : job.state,
      rawStatus: this.readWay === 'unknown' ? 'paused' : job.state,
      code: null,
      message: null,
      creationTime: job.createdAt,
      completeTime: null,
      data: job.state === 'success' ? '{}' : null,
    }));
    const missing = ids.filter((id) => !known.some((job) => job.vodJobId === id));
    return { outcome: 'answered', value: { jobs, missing }, requestId: null };
  }

  private async listOf(mediaId: string): ReturnType<VodClient['listJobInfo']> {
    if (this.listWay === 'down') return { outcome: 'unavailable', cause: 'HTTP 502' };
    const all = this.listWay === 'nothing' ? [] : this.taken.filter((job) => job.mediaId === mediaId);
    const jobs = all.map((job) => ({
      jobId: job.vodJobId,
      status: job.state,
      createTime: job.createdAt,
      completeTime: null,
    }));
    return { outcome: 'answered', value: { jobs }, requestId: null };
  }
}
