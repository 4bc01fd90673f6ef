import { hexId, otherId, seededChance, hash } from '../chance';
import type { ImageInfo } from '../image-jobs';
import { readObject, split } from '../json';
import { type Refusal, refusals } from '../refusals';
import { inSeconds } from '../times';
import { userDataOf } from '../user-data';
import { type AdmittedCall, type OperationOutcome, type Service, done, refuse } from './service';

/** Smart thumbnails exist in these regions (docs/vod.md, "Regions"). */
const THUMBNAIL_REGIONS = ['cn-shanghai', 'cn-beijing'];
const MAX_IDS = 10;

export function submitImageJob(service: Service, { region, parameters }: AdmittedCall): OperationOutcome {
  if (!THUMBNAIL_REGIONS.includes(region)) return refuse(refusals.unknownApi());
  const videoId = parameters.get('VideoId') ?? '';
  const obstacle = service.media.obstacle(region, videoId);
  if (obstacle) return refuse(obstacle);
  const userData = parameters.get('UserData') ?? '';
  const unreadable = problemOfUserData(userData);
  if (unreadable) return refuse(unreadable);

  const templateId = parameters.get('AITemplateId') ?? '';
  const templateConfig = service.templates.find(region, templateId)?.config ?? '{"Format":"gif","SetDefaultCover":"false"}';
  const jobId = hexId(service.chance);
  const createdAt = service.clock();
  const pictures = [pictureOf(videoId, jobId, formatOf(templateConfig))];
  service.images.add({ jobId, videoId, region, templateId, templateConfig, userData, createdAt, pictures });
  return done({ JobId: jobId });
}

export function imageJobs(service: Service, { region, parameters }: AdmittedCall): OperationOutcome {
  const ids = split(parameters.get('JobIds'));
  if (ids.length > MAX_IDS) return refuse(refusals.tooManyJobIds());
  const AIImageJobList = ids
    .flatMap((id) => service.images.find(region, id) ?? [])
    .map((job) => ({
      JobId: job.jobId,
      VideoId: job.videoId,
      TemplateId: job.templateId,
      TemplateConfig: job.templateConfig,
      Status: 'success',
      // Not "0" and "OK" as everywhere else.
      Code: 'Success',
      Message: 'success',
      CreationTime: inSeconds(job.createdAt),
      AIImageResult: JSON.stringify(job.pictures.map(({ score, url }) => ({ Score: score, Url: url }))),
      UserData: job.userData,
    }));
  return done({ AIImageJobList });
}

export function imageInfos(service: Service, { region, parameters }: AdmittedCall): OperationOutcome {
  const jobs = service.images.ofVideo(region, parameters.get('VideoId') ?? '');
  const AIImageInfoList = jobs.flatMap((job) =>
    job.pictures.map(({ infoId, url, score, version }) => ({
      AIImageInfoId: infoId,
      VideoId: job.videoId,
      JobId: job.jobId,
      FileURL: url,
      Format: formatOf(job.templateConfig),
      Score: String(score),
      Version: version,
      CreationTime: inSeconds(job.createdAt),
    })),
  );
  return done({ AIImageInfoList });
}

export function deleteImageInfos(service: Service, { region, parameters }: AdmittedCall): OperationOutcome {
  const ids = split(parameters.get('AIImageInfoIds'));
  if (ids.length > MAX_IDS) {
    return refuse(refusals.invalidParameter('AIImageInfoIds', `It must not name more than ${MAX_IDS}.`));
  }
  service.images.removePictures(region, ids);
  return done({});
}

/** SubmitAIImageAuditJob, SubmitMediaDNADeleteJob. What comes of them, and how one hears of it, is in no page: nothing here. */
export function submitSilent(service: Service, { region, parameters }: AdmittedCall): OperationOutcome {
  const obstacle = service.media.obstacle(region, parameters.get('MediaId') ?? '');
  return obstacle ? refuse(obstacle) : done({ JobId: hexId(service.chance) });
}

export function submitDynamicImage(service: Service, { region, parameters }: AdmittedCall): OperationOutcome {
  const videoId = parameters.get('VideoId') ?? '';
  const media = service.media.see(region, videoId, service.clock());
  if ('refusal' in media) return refuse(media.refusal);
  const obstacle = service.media.obstacle(region, videoId);
  if (obstacle) return refuse(obstacle);
  const jobId = hexId(service.chance);
  const whenSent = () => service.announce('DynamicImageComplete', media, { jobId });
  return done({ DynamicImageJob: { JobId: jobId } }, { whenSent });
}

/** The pages want MessageCallback or Extend in it, when it is there (docs/vod.md, "Submitting"). */
function problemOfUserData(text: string): Refusal | undefined {
  if (text === '') return undefined;
  const userData = userDataOf(text);
  if ('refusal' in userData) return userData.refusal;
  if (userData.extend !== undefined || userData.callback) return undefined;
  return refusals.invalidParameter('UserData', 'It must have MessageCallback or Extend.');
}

function pictureOf(videoId: string, jobId: string, format: string): ImageInfo {
  const score = seededChance(hash(`${videoId} thumbnail`))() * 10;
  const url = `http://test.example.com/${videoId}/image/ai/${jobId}-00001.${format}`;
  return { infoId: otherId(jobId), version: otherId(`${jobId} version`), url, score };
}

function formatOf(templateConfig: string): string {
  return readObject(templateConfig)?.['Format'] === 'png' ? 'png' : 'gif';
}
