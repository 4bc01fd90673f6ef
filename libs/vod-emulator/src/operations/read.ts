import { split } from '../json';
import { type Job, printedData, stateOf, verdictOf } from '../jobs';
import type { Operation } from '../operation-names';
import { refusals } from '../refusals';
import { inSeconds } from '../times';
import { type JobType, TYPES } from '../types';
import { type AdmittedCall, type OperationOf, type OperationOutcome, type Service, USER_ID, done, refuse } from './service';

const MAX_JOB_IDS = 10;
const JOB_KINDS = ['transcode', 'snapshot', 'ai'];

export function list(service: Service, call: AdmittedCall): OperationOutcome {
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

export function auditJob(service: Service, call: AdmittedCall): OperationOutcome {
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

export function resultOfMedia(type: JobType, member: string): OperationOf {
  // OrigASRData is not in the model of its operation, only in the Data of ListAIJob and the event.
  return ofMedia(type, member, ({ mediaId, review }) => TYPES[type].resultOf(mediaId, { withTranscript: false, review }));
}

/** What is answered for a media without a result is not documented (docs/vod.md, "Results"): an empty group here. */
export function ofMedia(type: JobType, member: string, answerFor: (job: Job) => object): OperationOf {
  return (service, { region, parameters }) => {
    const mediaId = parameters.get('MediaId');
    if (!mediaId) return refuse(refusals.missingParameter('MediaId'));
    const known = service.jobs.latestSuccess(region, mediaId, type);
    return done({ [member]: known ? answerFor(known) : {} });
  };
}

export function jobInfo(service: Service, { region, parameters }: AdmittedCall): OperationOutcome {
  const mediaId = parameters.get('MediaId');
  if (!mediaId) return refuse(refusals.missingParameter('MediaId'));
  const jobType = parameters.get('JobType');
  if (!jobType) return refuse(refusals.missingParameter('JobType'));
  if (!JOB_KINDS.includes(jobType)) {
    return refuse(refusals.invalidParameter('JobType', `It must be one of ${JOB_KINDS.join(', ')}.`));
  }

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

export function jobDetail(service: Service, { region, parameters }: AdmittedCall): OperationOutcome {
  const jobType = parameters.get('JobType') ?? '';
  if (![...JOB_KINDS, 'workflow'].includes(jobType)) {
    return refuse(refusals.invalidParameter('JobType', `It must be one of ${JOB_KINDS.join(', ')}, workflow.`));
  }
  const job = service.jobs.find(parameters.get('JobId') ?? '');
  const now = service.clock();
  const isKnown = job?.region === region && isListed(service, job, now);
  if (jobType !== 'ai' || !job || !isKnown) return refuse(refusals.unknownJob());
  const AIJobDetail = {
    JobId: job.jobId,
    JobType: TYPES[job.type].usageName,
    MediaId: job.mediaId,
    Status: stateOf(job, now),
    TemplateConfig: job.config,
    Trigger: 'Manual',
    UserId: USER_ID,
    CreateTime: inSeconds(job.createdAt),
    ...(job.end && { CompleteTime: inSeconds(job.end.at) }),
  };
  return done({ JobType: jobType, AIJobDetail });
}
