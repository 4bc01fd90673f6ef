import { createHash, randomUUID } from 'node:crypto';
import type { JobCallback, Proxies } from '@app/config';
import { callbackParams, type CallbackSettings, callbackSettingsOf, type CallbackTarget } from './callback-settings';
import { type CredentialsProvider, credentialsProvider, type VodCredentials } from './credentials';
import { type Fields, fieldsOf, idOf, jsonTextOf, parseVodTime, wordOf } from './fields';
import { type ReadOutcome, readFault, submitFault, type SubmitOutcome } from './outcome';
import { originOf } from './proxy';
import { Rpc } from './rpc';
import { submitCalls, type JobsRead, type MediaCall, type ReadCall, type SignedSubmission } from './types';
import { messageCallback, userDataOf } from './user-data';

export interface VodClientOptions {
  /** `{region}` is filled in; may have a path, as the emulator's has. */
  endpoint: string;
  /** For connecting and again from then to the end of the answer. */
  timeoutMs: number;
  credentials: VodCredentials;
  /** Default: none. */
  proxies?: Proxies;
  /** By region: where the event of what is submitted there is to go. Default: where the account's setting says. */
  jobCallbacks?: ReadonlyMap<string, JobCallback>;
}

interface VodJobInfo {
  jobId: string;
  status: string;
  createTime: Date | null;
  completeTime: Date | null;
}

/** The operations of VOD (API version 2017-03-21) that the catalogue of types names. Nothing is ever repeated in here. */
export class VodClient {
  private readonly regions = new Map<string, Rpc>();
  private readonly credentials: CredentialsProvider;

  constructor(private readonly options: VodClientOptions) {
    this.credentials = credentialsProvider(options.credentials);
  }

  /**
   * A fingerprint of the access key that signs at this moment, and of where the events of this region are to go when a submission names
   * that; null when there is no key. The same submission is the same request only under the same one.
   */
  async signer(region: string): Promise<string | null> {
    try {
      const { accessKeyId, securityToken = '' } = await this.credentials.getCredentials();
      const callback = this.callbackIn(region);
      const named = callback === null ? '' : `\n${JSON.stringify(messageCallback(callback))}`;
      return createHash('sha256').update(`${accessKeyId}\n${securityToken}${named}`).digest('hex').slice(0, 16); // guard: resend-names-the-same
    } catch {
      return null; // the call that follows says why
    }
  }

  /** @throws RangeError when UserData would be too long; nothing is sent then */
  async submit(region: string, submission: SignedSubmission): Promise<SubmitOutcome> {
    const { operation, params, accepted, answersWith } = submitCalls[submission.operation];
    const common = commonParams(submission, this.callbackIn(region));
    const answer = await this.region(region).call(operation, { ...params(submission), ...common });
    if (!answer.ok) return submitFault(answer.fault);
    const jobs = accepted(answer.body, submission);
    if (jobs.length === 0) {
      return { outcome: 'unknown', cause: `success without a usable ${answersWith}`, requestId: answer.requestId };
    }
    return { outcome: 'accepted', jobs, requestId: answer.requestId };
  }

  /**
   * @param jobIds from one to as many as the call takes
   * @throws RangeError for any other number of ids
   */
  async readJobs(region: string, call: ReadCall, jobIds: readonly string[]): Promise<ReadOutcome<JobsRead>> {
    const { operation, atOnce, params, jobs, saysMissing } = call;
    if (jobIds.length < 1 || jobIds.length > atOnce) {
      throw new RangeError(`${operation} takes 1 to ${atOnce} job ids, got ${jobIds.length}`);
    }
    const answer = await this.read(region, operation, params(jobIds), (body) => jobs(body, jobIds));
    if (answer.outcome !== 'refused' || !saysMissing?.test(answer.code)) return answer;
    return { outcome: 'answered', value: { jobs: [], missing: [...jobIds] }, requestId: answer.requestId };
  }

  /** The latest result of this media, whichever job made it. */
  readMedia(region: string, call: MediaCall, mediaId: string): Promise<ReadOutcome<{ data: string | null }>> {
    return this.read(region, call.operation, { MediaId: mediaId }, (body) => result(body[call.answersWith]));
  }

  /** The AI jobs of a media, of the last six months. */
  listJobInfo(region: string, mediaId: string): Promise<ReadOutcome<{ jobs: VodJobInfo[] }>> {
    return this.read(region, 'ListJobInfo', { MediaId: mediaId, JobType: 'ai' }, (body) => {
      const jobs = jobInfos(body, mediaId);
      return jobs === null ? null : { jobs };
    });
  }

  /** Where VOD sends the events of this region and application; all of it null where nothing is set. */
  callbackSettings(region: string, appId: string): Promise<ReadOutcome<CallbackSettings>> {
    return this.read(region, 'GetMessageCallback', { AppId: appId }, callbackSettingsOf);
  }

  /** Replaces them. After any other outcome than `refused` or `blocked` only `callbackSettings` knows what is set. */
  setCallback(
    region: string,
    appId: string,
    target: CallbackTarget,
    eventTypes: readonly string[],
  ): Promise<ReadOutcome<object>> {
    const params = { ...callbackParams(target, eventTypes), AppId: appId };
    return this.read(region, 'SetMessageCallback', params, () => ({}));
  }

  /** How far VOD's clock was ahead of ours at its latest answer; null before the first one. */
  clockAheadMs(region: string): number | null {
    return this.region(region).clockAheadMs;
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

  private callbackIn(region: string): JobCallback | null {
    return this.options.jobCallbacks?.get(region) ?? null;
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

/** The last to be put in: no config replaces them. */
function commonParams({ mediaId, extend, nonce, signedAt }: SignedSubmission, callback: JobCallback | null) {
  return {
    MediaId: mediaId,
    UserData: userDataOf({ extend, callback }),
    SignatureNonce: nonce,
    Timestamp: `${signedAt.toISOString().slice(0, 19)}Z`,
  };
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
