import { type Chance, between, hexId, pick } from './chance';
import { type Job, type JobBook, printedData, stateOf, verdictOf } from './jobs';
import { type Refusal, refusals } from './refusals';
import { isBroken } from './results';
import type { Operation } from './operation-names';
import type { Settings } from './settings';
import { inSeconds } from './times';
import { isSubmittedBy, type JobType, offers, TYPES } from './types';
import { timelineOf } from './types/ai-media-audit';

/** What an operation may look at and change. */
export interface Service {
  jobs: JobBook;
  settings: Settings;
  bill: (job: Job) => void;
  clock: () => number;
  chance: Chance;
}

export interface AdmittedCall {
  region: string;
  requestId: string;
  nonce: string;
  parameters: ReadonlyMap<string, string>;
}

export type OperationOutcome =
  { outcome: 'done'; body: object; submitted?: Job[] } | { outcome: 'refused'; refusal: Refusal };

const MAX_USER_DATA_BYTES = 512;
const MAX_JOB_IDS = 10;
/** 16 digits, written as a number: a client that reads long numbers carelessly should stumble here (docs/vod.md, "pop-core"). */
const USER_ID = 1391090000084930;

export const operations: Record<Operation, (service: Service, call: AdmittedCall) => OperationOutcome> = {
  SubmitAIJob: submit,
  ListAIJob: list,
  GetAIVideoTagResult: resultOfMedia('AIVideoTag', 'VideoTagResult'),
  GetMediaDNAResult: resultOfMedia('AIMediaDNA', 'DNAResult'),
  ListJobInfo: jobInfo,
  SubmitAIMediaAuditJob: submitAudit,
  GetAIMediaAuditJob: auditJob,
  GetMediaAuditResult: resultOfMedia('AIMediaAudit', 'MediaAuditResult'),
  GetMediaAuditResultTimeline: ofMedia('AIMediaAudit', 'MediaAuditResultTimeline', timelineOf),
};

function submit(service: Service, call: AdmittedCall): OperationOutcome {
  const { parameters } = call;
  // VOD's pages mark Types optional and don't say what happens without it (docs/vod.md, "Submitting"): better a clear no.
  const types = [...new Set((parameters.get('Types') ?? '').split(','))];
  if (!types.every((type) => isSubmittedBy('SubmitAIJob', type))) return refuse(refusals.invalidParameter('Types'));
  const config = readObject(parameters.get('Config'));
  if (!config) return refuse(refusals.invalidParameter('Config', 'It must be a JSON object.'));

  const jobs = makeJobs(service, call, types, { withTranscript: asksForTranscript(config) });
  if ('refusal' in jobs) return refuse(jobs.refusal);
  // The order isn't specified (docs/vod.md, "Submitting"), so no client may get used to one.
  const AIJob = pick(service.chance, jobs, jobs.length).map(({ type, jobId, mediaId }) => ({
    Type: type,
    JobId: jobId,
    MediaId: mediaId,
  }));
  return { outcome: 'done', body: { AIJobList: { AIJob } }, submitted: jobs };
}

function submitAudit(service: Service, call: AdmittedCall): OperationOutcome {
  const { parameters } = call;
  if ((parameters.get('MediaType') ?? 'video') !== 'video') return refuse(refusals.invalidParameter('MediaType'));
  if (!readObject(parameters.get('MediaAuditConfiguration'))) {
    return refuse(refusals.invalidParameter('MediaAuditConfiguration', 'It must be a JSON object.'));
  }
  const jobs = makeJobs(service, call, ['AIMediaAudit'], { withTranscript: false });
  if ('refusal' in jobs) return refuse(jobs.refusal);
  const [job] = jobs;
  return { outcome: 'done', body: { MediaId: job?.mediaId, JobId: job?.jobId }, submitted: jobs };
}

/** What all that submit have in common. */
function makeJobs(
  service: Service,
  { region, requestId, parameters }: AdmittedCall,
  types: JobType[],
  asked: Pick<Job, 'withTranscript'>,
): Job[] | { refusal: Refusal } {
  const mediaId = parameters.get('MediaId');
  if (!mediaId) return { refusal: refusals.missingParameter('MediaId') };
  const missing = types.find((type) => !offers(region, type));
  if (missing) return { refusal: refusals.invalidParameter('Types', `${missing} is not offered in ${region}.`) };

  const userData = parameters.get('UserData');
  const custom = readObject(userData);
  if (!custom) return { refusal: refusals.invalidParameter('UserData', 'It must be a JSON object.') };
  if (Buffer.byteLength(userData ?? '') > MAX_USER_DATA_BYTES) {
    return { refusal: refusals.invalidParameter('UserData', `It must not exceed ${MAX_USER_DATA_BYTES} bytes.`) };
  }
  if (mediaId.startsWith('missing')) return { refusal: refusals.unknownVideo() };

  const jobs = types.map((type): Job => ({
    jobId: hexId(service.chance),
    mediaId,
    type,
    region,
    requestId,
    createdAt: service.clock(),
    timeMs: between(service.chance, service.settings.jobTimeMs.min, service.settings.jobTimeMs.max),
    broken: isBroken(mediaId, service.settings.failShare),
    ...asked,
    extend: extendOf(custom),
  }));
  for (const job of jobs) {
    service.jobs.add(job);
    service.bill(job);
  }
  return jobs;
}

function list(service: Service, call: AdmittedCall): OperationOutcome {
  const ids = split(call.parameters.get('JobIds'));
  if (ids.length === 0) return refuse(refusals.missingParameter('JobIds'));
  if (ids.length > MAX_JOB_IDS) return refuse(refusals.tooManyJobIds());

  const now = service.clock();
  const AIJob: object[] = [];
  const unknown: string[] = [];
  for (const id of ids) {
    const job = service.jobs.find(id);
    if (job && isKnownTo(service, call, job, 'ListAIJob')) AIJob.push(describeJob(job, now));
    else unknown.push(id);
  }
  return done({ NonExistAIJobIds: { String: unknown }, AIJobList: { AIJob } });
}

function auditJob(service: Service, call: AdmittedCall): OperationOutcome {
  const id = call.parameters.get('JobId');
  if (!id) return refuse(refusals.missingParameter('JobId'));
  const job = service.jobs.find(id);
  // No page says what becomes of an unknown JobId; this is the code of sister operations (docs/vod.md, "Asking").
  if (!job || !isKnownTo(service, call, job, 'GetAIMediaAuditJob')) return refuse(refusals.unknownJob());
  return done({ MediaAuditJob: describeJob(job, service.clock()) });
}

/** Another region's host doesn't see the job (docs/vod.md, "Calls"), nor does an operation for other types. */
function isKnownTo(service: Service, { region }: AdmittedCall, job: Job, operation: Operation): boolean {
  return job.region === region && TYPES[job.type].readBy === operation && isListed(service, job, service.clock());
}

function isListed({ settings }: Service, job: Job, nowMs: number): boolean {
  return nowMs - job.createdAt >= settings.listingLagMs;
}

export function describeJob(job: Job, nowMs: number): object {
  const head = {
    Status: stateOf(job, nowMs),
    Type: job.type,
    MediaId: job.mediaId,
    CreationTime: inSeconds(job.createdAt),
    JobId: job.jobId,
  };
  if (!job.end) return head;
  return {
    ...head,
    ...verdictOf(job.end.state),
    CompleteTime: inSeconds(job.end.at),
    Data: job.end.state === 'success' ? printedData(job) : '{}',
  };
}

function resultOfMedia(type: JobType, member: string) {
  // OrigASRData is not in the model of its operation, only in the Data of ListAIJob and the event.
  return ofMedia(type, member, (mediaId) => TYPES[type].resultOf(mediaId, { withTranscript: false }));
}

/** What is answered for a media without a result is not documented (docs/vod.md, "Results"): an empty group here. */
function ofMedia(type: JobType, member: string, answerFor: (mediaId: string) => object) {
  return (service: Service, { region, parameters }: AdmittedCall): OperationOutcome => {
    const mediaId = parameters.get('MediaId');
    if (!mediaId) return refuse(refusals.missingParameter('MediaId'));
    const known = service.jobs.latestSuccess(region, mediaId, type);
    return done({ [member]: known ? answerFor(mediaId) : {} });
  };
}

function jobInfo(service: Service, { region, parameters }: AdmittedCall): OperationOutcome {
  const mediaId = parameters.get('MediaId');
  if (!mediaId) return refuse(refusals.missingParameter('MediaId'));
  const jobType = parameters.get('JobType');
  if (!jobType) return refuse(refusals.missingParameter('JobType'));
  if (!['transcode', 'snapshot', 'ai'].includes(jobType)) return refuse(refusals.invalidParameter('JobType'));

  const now = service.clock();
  const jobs = jobType === 'ai' && service.settings.listsAiJobs ? service.jobs.ofMedia(region, mediaId) : [];
  const listed = jobs.filter((job) => isListed(service, job, now));
  const JobInfoList = listed.map((job) => ({
    JobId: job.jobId,
    Status: stateOf(job, now),
    UserId: USER_ID,
    CreateTime: inSeconds(job.createdAt),
    ...(job.end && { CompleteTime: inSeconds(job.end.at) }),
  }));
  return done({ MediaId: mediaId, JobType: jobType, JobInfoList });
}

function done(body: object): OperationOutcome {
  return { outcome: 'done', body };
}

function refuse(refusal: Refusal): OperationOutcome {
  return { outcome: 'refused', refusal };
}

export function split(text: string | undefined): string[] {
  const items = (text ?? '').split(',').map((item) => item.trim());
  return [...new Set(items.filter((item) => item !== ''))];
}

/** A JSON object in a parameter; an absent one reads as empty, anything else as undefined. */
function readObject(text: string | undefined): Record<string, unknown> | undefined {
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An event carries Extend as a string; an object that was sent comes back as its JSON text (docs/vod.md, "Submitting"). */
function extendOf(userData: Record<string, unknown>): string | undefined {
  const { Extend } = userData;
  if (Extend === undefined) return undefined;
  return typeof Extend === 'string' ? Extend : JSON.stringify(Extend);
}

/** OrigASRData only works together with ASR (docs/vod.md, "Submitting"). */
function asksForTranscript(config: Record<string, unknown>): boolean {
  const tagging = config['AIVideoTag'];
  if (!isObject(tagging)) return false;
  const analysis = tagging['AnalyseTypes'];
  return tagging['OrigASRData'] === true && typeof analysis === 'string' && split(analysis).includes('ASR');
}
