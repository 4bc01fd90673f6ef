import { createHash, randomUUID } from 'node:crypto';
import type { Proxies } from '@app/config';
import { jobTypes, type JobType } from '@app/domain';
import { type CredentialsProvider, credentialsProvider, type VodCredentials } from './credentials';
import { type Fields, fieldsOf, idOf, jsonTextOf, listOf, opened, parseVodTime, sentenceOf, wordOf } from './fields';
import { type ReadOutcome, readFault, submitFault, type SubmitOutcome } from './outcome';
import { originOf } from './proxy';
import { Rpc } from './rpc';

export interface VodClientOptions {
  /** `{region}` is filled in; may have a path, as the emulator's has. */
  endpoint: string;
  /** For connecting and again from then to the end of the answer. */
  timeoutMs: number;
  credentials: VodCredentials;
  /** Default: none. */
  proxies?: Proxies;
}

/**
 * One attempt to submit. The same submission gives the same request, byte for byte, as long as the access key is the
 * same one: only so can it be sent again without being a second one.
 */
export interface SignedSubmission {
  mediaId: string;
  types: readonly JobType[];
  /** Keyed by type. */
  config: Record<string, unknown> | null;
  extend: string;
  nonce: string;
  /** Sent in whole seconds. VOD refuses what is more than 15 minutes off. */
  signedAt: Date;
}

export interface VodJob {
  jobId: string;
  mediaId: string | null;
  type: string;
  status: 'running' | 'success' | 'fail' | 'unrecognised';
  rawStatus: string;
  code: string | null;
  message: string | null;
  creationTime: Date | null;
  completeTime: Date | null;
  /** JSON text, unchanged when VOD sent text. */
  data: string | null;
}

interface VodJobInfo {
  jobId: string;
  status: string;
  createTime: Date | null;
  completeTime: Date | null;
}

/** The five operations of VOD (API version 2017-03-21) that this service uses. Nothing is ever repeated in here. */
export class VodClient {
  private readonly regions = new Map<string, Rpc>();
  private readonly credentials: CredentialsProvider;

  constructor(private readonly options: VodClientOptions) {
    this.credentials = credentialsProvider(options.credentials);
  }

  /**
   * A fingerprint of the access key that signs at this moment; null when there is none. The same submission is the same
   * request only under the same one.
   */
  async signer(): Promise<string | null> {
    try {
      const { accessKeyId, securityToken = '' } = await this.credentials.getCredentials();
      return createHash('sha256').update(`${accessKeyId}\n${securityToken}`).digest('hex').slice(0, 16);
    } catch {
      return null; // the call that follows says why
    }
  }

  /** @throws RangeError when UserData would be too long; nothing is sent then */
  async submitAIJob(region: string, submission: SignedSubmission): Promise<SubmitOutcome> {
    const answer = await this.region(region).call('SubmitAIJob', submitParams(submission));
    if (!answer.ok) return submitFault(answer.fault);
    const jobs = acceptedJobs(answer.body, submission.mediaId);
    if (jobs.length === 0) {
      return { outcome: 'unknown', cause: 'success without a usable AIJobList', requestId: answer.requestId };
    }
    return { outcome: 'accepted', jobs, requestId: answer.requestId };
  }

  /**
   * Ids that VOD neither lists nor calls missing are in neither list.
   *
   * @param jobIds 1 to 10, VOD's limit
   * @throws RangeError for any other number of ids
   */
  async listAIJob(
    region: string,
    jobIds: readonly string[],
  ): Promise<ReadOutcome<{ jobs: VodJob[]; missing: string[] }>> {
    if (jobIds.length < 1 || jobIds.length > 10) {
      throw new RangeError(`ListAIJob takes 1 to 10 job ids, got ${jobIds.length}`);
    }
    return this.read(region, 'ListAIJob', { JobIds: jobIds.join(',') }, (body) => {
      const jobs = listedJobs(body, jobIds);
      if (jobs === null) return null;
      const known = new Set(jobs.map((job) => job.jobId));
      return { jobs, missing: missingIds(body).filter((id) => jobIds.includes(id) && !known.has(id)) };
    });
  }

  /** The latest result of this media, whichever job made it. */
  getAIVideoTagResult(region: string, mediaId: string): Promise<ReadOutcome<{ data: string | null }>> {
    return this.read(region, 'GetAIVideoTagResult', { MediaId: mediaId }, (body) => result(body['VideoTagResult']));
  }

  /** The latest result of this media, whichever job made it. */
  getMediaDNAResult(region: string, mediaId: string): Promise<ReadOutcome<{ data: string | null }>> {
    return this.read(region, 'GetMediaDNAResult', { MediaId: mediaId }, (body) => result(body['DNAResult']));
  }

  /** The AI jobs of a media, of the last six months. */
  listJobInfo(region: string, mediaId: string): Promise<ReadOutcome<{ jobs: VodJobInfo[] }>> {
    return this.read(region, 'ListJobInfo', { MediaId: mediaId, JobType: 'ai' }, (body) => {
      const jobs = jobInfos(body, mediaId);
      return jobs === null ? null : { jobs };
    });
  }

  /**
   * The proxy on the way to this region, without user and password; null when there is none. Whoever asks at the start
   * learns there what makes every call fail, rather than when a job is marked as sent.
   */
  proxyTo(region: string): string | null {
    const { proxy } = this.region(region);
    return proxy === null ? null : originOf(proxy);
  }

  /** Idle connections don't keep the process running, but they keep a server from closing. */
  close(): void {
    for (const rpc of this.regions.values()) rpc.close();
    this.regions.clear();
  }

  private region(region: string): Rpc {
    const known = this.regions.get(region);
    if (known !== undefined) return known;
    const rpc = new Rpc(this.endpointOf(region), this.options.timeoutMs, this.credentials, this.options.proxies);
    this.regions.set(region, rpc);
    return rpc;
  }

  private endpointOf(region: string): string {
    return this.options.endpoint.replaceAll('{region}', region);
  }

  /** @param take gives null for an answer of the wrong shape */
  private async read<T>(
    region: string,
    action: string,
    params: Record<string, string>,
    take: (body: Fields) => T | null,
  ): Promise<ReadOutcome<T>> {
    const answer = await this.region(region).call(action, { ...params, SignatureNonce: randomUUID() });
    if (!answer.ok) return readFault(answer.fault);
    const value = take(answer.body);
    if (value === null) return { outcome: 'unavailable', cause: `an answer to ${action} of an unexpected shape` };
    return { outcome: 'answered', value, requestId: answer.requestId };
  }
}

/** VOD's limit for Extend is 512 bytes; a sister operation states the same for the whole of UserData, so that is kept. */
const maxUserDataBytes = 512;

function submitParams(submission: SignedSubmission) {
  const userData = JSON.stringify({ Extend: submission.extend });
  const bytes = Buffer.byteLength(userData);
  if (bytes > maxUserDataBytes) {
    throw new RangeError(`UserData takes ${maxUserDataBytes} bytes, got ${bytes}`);
  }
  return {
    MediaId: submission.mediaId,
    Types: submission.types.join(','),
    ...(submission.config === null ? {} : { Config: JSON.stringify(inOrder(submission.config)) }),
    UserData: userData,
    SignatureNonce: submission.nonce,
    Timestamp: `${submission.signedAt.toISOString().slice(0, 19)}Z`,
  };
}

/** Keys sorted, at every depth: a config that was kept as jsonb comes back in another order, and must be signed the same. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  const fields = fieldsOf(value);
  if (fields === null) return value;
  return Object.fromEntries(
    Object.keys(fields)
      .toSorted()
      .map((key) => [key, inOrder(fields[key])]),
  );
}

/** Matched by type, as the order isn't specified. */
function acceptedJobs(body: Fields, mediaId: string): { type: JobType; vodJobId: string }[] {
  const entries = listOf(fieldsOf(opened(body['AIJobList']))?.['AIJob']).map(fieldsOf);
  return jobTypes.flatMap((type) => {
    const jobs = entries.filter((entry) => entry?.['Type'] === type && (entry['MediaId'] || mediaId) === mediaId);
    const vodJobId = jobs.map((job) => idOf(job?.['JobId'])).find((id) => id !== null);
    return vodJobId === undefined ? [] : [{ type, vodJobId }];
  });
}

/** No list is an empty one; anything else that isn't a list of jobs gives null. */
function listedJobs(body: Fields, asked: readonly string[]): VodJob[] | null {
  const list = fieldsOf(opened(body['AIJobList'] ?? {}));
  const entries = opened(list?.['AIJob'] ?? []);
  if (list === null || (!Array.isArray(entries) && fieldsOf(entries) === null)) return null;
  const jobs = new Map<string, VodJob>();
  for (const entry of listOf(entries)) {
    const job = vodJob(fieldsOf(entry) ?? {});
    if (job !== null && asked.includes(job.jobId) && !jobs.has(job.jobId)) jobs.set(job.jobId, job);
  }
  return [...jobs.values()];
}

function vodJob(fields: Fields): VodJob | null {
  const jobId = idOf(fields['JobId']);
  if (jobId === null) return null;
  const rawStatus = wordOf(fields['Status']) ?? '';
  return {
    jobId,
    mediaId: idOf(fields['MediaId']),
    type: wordOf(fields['Type']) ?? '',
    status: statusOf(rawStatus),
    rawStatus,
    code: wordOf(fields['Code']),
    message: sentenceOf(fields['Message']),
    creationTime: parseVodTime(fields['CreationTime']),
    completeTime: parseVodTime(fields['CompleteTime']),
    data: jsonTextOf(fields['Data']),
  };
}

/** Four from the page of ListAIJob, the others from its sisters (docs/vod.md, "Statuses"). One SDK comment prints `Processing`. */
function statusOf(rawStatus: string): VodJob['status'] {
  switch (rawStatus.trim().toLowerCase()) {
    case 'init':
    case 'processing':
    case 'reserved':
    case 'analysing':
    case 'submitted':
      return 'running';
    case 'success':
      return 'success';
    case 'fail':
      return 'fail';
    default:
      return 'unrecognised';
  }
}

/** In three forms (docs/vod.md, "Asking"): an array, one text that holds a JSON array, an array that holds that text. */
function missingIds(body: Fields): string[] {
  const ids = fieldsOf(opened(body['NonExistAIJobIds']))?.['String'];
  const list = listOf(typeof ids === 'string' ? [ids] : ids);
  return list.map(idOf).filter((id) => id !== null);
}

function result(value: unknown): { data: string | null } {
  const text = jsonTextOf(value);
  return { data: text === '{}' ? null : text };
}

/**
 * Null unless it is surely the whole list of this media: what isn't listed here may be submitted, and paid for, again.
 * So a list that is missing isn't an empty one.
 */
function jobInfos(body: Fields, mediaId: string): VodJobInfo[] | null {
  const list = body['JobInfoList'];
  if (!Array.isArray(list) || (body['MediaId'] ?? mediaId) !== mediaId) return null;
  const jobs = list.map(jobInfo);
  return jobs.includes(null) ? null : jobs.filter((job) => job !== null);
}

function jobInfo(entry: unknown): VodJobInfo | null {
  const fields = fieldsOf(entry);
  const jobId = idOf(fields?.['JobId']);
  if (jobId === null) return null;
  return {
    jobId,
    status: wordOf(fields?.['Status']) ?? '',
    createTime: parseVodTime(fields?.['CreateTime']),
    completeTime: parseVodTime(fields?.['CompleteTime']),
  };
}
