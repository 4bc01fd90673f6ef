import { between, hexId, pick } from '../chance';
import { isObject, readObject, split } from '../json';
import type { Job } from '../jobs';
import { DEFAULT_APP } from '../media';
import { type Refusal, refusals } from '../refusals';
import { isBroken } from '../results';
import { reviewScopeOf } from '../templates';
import { isSubmittedBy, type JobType, offers } from '../types';
import { userDataOf } from '../user-data';
import { type AdmittedCall, type OperationOutcome, type Service, done, refuse } from './service';

/** What differs from one submission to another, besides what all parameters say. */
type Wanted = Pick<Job, 'withTranscript' | 'review' | 'config'>;

/** What the page of 2021 prints besides the ids. */
const PLACEHOLDERS = { Status: '1', Message: '1', CreationTime: '1', Data: '1', Code: '1' };

export function submit(service: Service, call: AdmittedCall): OperationOutcome {
  const { parameters } = call;
  // VOD's pages mark Types optional and don't say what happens without it (docs/vod.md, "Submitting"): better a clear no.
  const types = [...new Set((parameters.get('Types') ?? '').split(','))];
  if (!types.every((type) => isSubmittedBy('SubmitAIJob', type))) {
    return refuse(refusals.invalidParameter('Types', 'It must be AIVideoTag, AIMediaDNA, or both with a comma between.'));
  }
  const text = parameters.get('Config');
  const config = readObject(text);
  if (!config) return refuse(refusals.invalidParameter('Config', 'It must be a JSON object.'));

  const wanted = { withTranscript: asksForTranscript(config), review: undefined, config: text ?? '{}' };
  const jobs = makeJobs(service, call, types, wanted);
  if ('refusal' in jobs) return refuse(jobs.refusal);
  // The order isn't specified (docs/vod.md, "Submitting"), so no client may get used to one.
  const AIJob = pick(service.chance, jobs, jobs.length).map(({ type, jobId, mediaId }) => ({
    Type: type,
    JobId: jobId,
    MediaId: mediaId,
    ...(service.settings.submitEntries === 'of_2021' && PLACEHOLDERS),
  }));
  return done({ AIJobList: { AIJob } }, { submitted: jobs });
}

export function submitAudit(service: Service, call: AdmittedCall): OperationOutcome {
  const { region, parameters } = call;
  if ((parameters.get('MediaType') ?? 'video') !== 'video') {
    return refuse(refusals.invalidParameter('MediaType', 'It must be video.'));
  }
  if (!readObject(parameters.get('MediaAuditConfiguration'))) {
    return refuse(refusals.invalidParameter('MediaAuditConfiguration', 'It must be a JSON object.'));
  }
  // A template that nobody added stands for one of the console: its content isn't known here.
  const template = service.templates.find(region, parameters.get('TemplateId'));
  const config = template?.config ?? '{}';
  const wanted = { withTranscript: false, review: template && reviewScopeOf(template), config };
  const jobs = makeJobs(service, call, ['AIMediaAudit'], wanted);
  if ('refusal' in jobs) return refuse(jobs.refusal);
  const [job] = jobs;
  return done({ MediaId: job?.mediaId, JobId: job?.jobId }, { submitted: jobs });
}

/** What all that submit have in common. */
function makeJobs(
  service: Service,
  { region, requestId, parameters }: AdmittedCall,
  types: JobType[],
  wanted: Wanted,
): Job[] | { refusal: Refusal } {
  const mediaId = parameters.get('MediaId');
  if (!mediaId) return { refusal: refusals.missingParameter('MediaId') };
  const missing = types.find((type) => !offers(region, type));
  if (missing) return { refusal: refusals.invalidParameter('Types', `${missing} is not offered in ${region}.`) };

  const userData = userDataOf(parameters.get('UserData'));
  if ('refusal' in userData) return userData;
  const obstacle = service.media.obstacle(region, mediaId);
  if (obstacle) return { refusal: obstacle };

  const media = service.media.find(mediaId);
  const jobs = types.map((type): Job => ({
    jobId: hexId(service.chance),
    mediaId,
    type,
    region,
    appId: media?.appId ?? DEFAULT_APP,
    requestId,
    createdAt: service.clock(),
    timeMs: between(service.chance, service.settings.jobTimeMs.min, service.settings.jobTimeMs.max),
    broken: isBroken(mediaId, service.settings.failShare),
    ...wanted,
    extend: userData.extend,
    // What came with the request precedes what came with the upload (docs/vod.md, "Events").
    callback: userData.callback ?? media?.callback,
  }));
  for (const job of jobs) {
    service.jobs.add(job);
    service.bill(job);
  }
  return jobs;
}

/** OrigASRData only works together with ASR (docs/vod.md, "Submitting"). */
function asksForTranscript(config: Record<string, unknown>): boolean {
  const tagging = config['AIVideoTag'];
  if (!isObject(tagging)) return false;
  const analysis = tagging['AnalyseTypes'];
  return tagging['OrigASRData'] === true && typeof analysis === 'string' && split(analysis).includes('ASR');
}
