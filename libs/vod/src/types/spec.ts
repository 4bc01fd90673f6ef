import type { CompletionOf, JobType, NormalizedResult, SubmitOperation, SubmitOperationOf } from '@app/domain';
import type { Fields } from '../fields';
import type { VodJob } from '../vod-job';
import type { VodRegion } from './regions';

/** Everything that is known of one type of AI job at VOD. The core's part of it is in libs/domain/src/job-type.ts. */
export interface AIJobTypeSpec<T extends JobType = JobType> {
  /** Where VOD offers it. */
  regions: readonly VodRegion[];
  submit: SubmitCall<SubmitOperationOf<T>>;
  read: ReadCall;
  /** The second source, for a job whose own data is absent or broken. */
  fallback: MediaCall;
  /** Asked when the result leaves out what this can tell. */
  details?: DetailsCall<T>;
  completion: CompletionOf<T>;
  /** By which an event that names no type is known to be about one of this: they are in the `Data` of no other type. */
  dataMembers: readonly string[];
  config: ConfigSpec;
  /** Reads `Data`. Its groups are optional, and its numbers come as text. */
  normalize: (data: Fields) => Normalization<T>;
  /** What VOD's bill counts of a job that succeeded (docs/vod.md, "Billing"). */
  priceUnit: 'minute';
}

/**
 * One attempt to submit. The same submission gives the same request, byte for byte, as long as the access key is the
 * same one: only so can it be sent again without being a second one.
 */
export interface SignedSubmission {
  operation: SubmitOperation;
  mediaId: string;
  /** All of them are submitted by the operation. */
  types: readonly JobType[];
  /** Keyed by type. */
  config: Readonly<Record<string, unknown>> | null;
  extend: string;
  nonce: string;
  /** Sent in whole seconds. VOD refuses what is more than 15 minutes off. */
  signedAt: Date;
}

/** An operation that submits, and is paid. Types with the same one share a call. */
export interface SubmitCall<O extends SubmitOperation = SubmitOperation> {
  operation: O;
  /** Besides what every submission has: MediaId, UserData, nonce and time. Equal submissions give equal texts. */
  params: (submission: SignedSubmission) => Record<string, string>;
  /** At most one job of each type; none for an answer of the wrong shape. */
  accepted: (body: Fields, submission: SignedSubmission) => { type: JobType; vodJobId: string }[];
  /** The member of the answer that has the JobIds. */
  answersWith: string;
}

/** An operation that tells of jobs by their JobIds. */
export interface ReadCall {
  operation: string;
  /** How many JobIds it takes. */
  atOnce: number;
  params: (jobIds: readonly string[]) => Record<string, string>;
  /** `missing`: what VOD says that it doesn't know. Null for an answer of the wrong shape. */
  jobs: (body: Fields, jobIds: readonly string[]) => JobsRead | null;
  /** The codes of a refusal that say the same of all the JobIds that were asked for. */
  saysMissing?: RegExp;
}

export interface JobsRead {
  jobs: VodJob[];
  missing: string[];
}

/** An operation that answers for a media with its latest result, whichever job made it. */
export interface MediaCall {
  operation: string;
  /** The member of the answer that has the result. */
  answersWith: string;
}

/** Methods: so a type's own is one of any type. */
export interface DetailsCall<T extends JobType = JobType> extends MediaCall {
  areMissing(result: ResultOf<T>): boolean;
  add(result: ResultOf<T>, details: Fields): ResultOf<T>;
}

type ResultOf<T extends JobType> = Extract<NormalizedResult, { type: T }>;

export type Normalization<T extends JobType = JobType> =
  { ok: true; normalized: ResultOf<T> } | { ok: false; reason: string };

/** What a request's config may say for a type: VOD bills what it doesn't understand like any other. */
export interface ConfigSpec {
  keys: Readonly<Record<string, ConfigRule>>;
  /** What is wrong although each key by itself is right. */
  objection?: (given: Readonly<Record<string, unknown>>) => { key: string; message: string } | null;
}

export type ConfigRule =
  /** A comma list of words, as text. */
  | { is: 'list'; of: readonly string[] }
  | { is: 'flag' }
  | { is: 'id'; what: string }
  /** Letters, digits and `_`. */
  | { is: 'word' }
  | { is: 'members'; of: Readonly<Record<string, ConfigRule>> }
  | { is: 'anything' };
