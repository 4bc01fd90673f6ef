import type { Operation } from '../operation-names';
import { timelineOf } from '../types/ai-media-audit';
import { auditDetails, auditSpeech } from './audit-details';
import { deleteImageInfos, imageInfos, imageJobs, submitDynamicImage, submitImageJob, submitSilent } from './images';
import { createUploadVideo, mezzanineInfo, searchMedia } from './media';
import { deleteMessageCallback, getMessageCallback, setMessageCallback } from './message-callbacks';
import { auditJob, jobDetail, jobInfo, list, ofMedia, resultOfMedia } from './read';
import { type OperationOf, needing } from './service';
import { submit, submitAudit } from './submit';
import { addTemplate, listTemplates } from './templates';
import { describeUsage } from './usage';

export { describeJob } from './read';
export type { AdmittedCall, OperationOutcome, Service } from './service';

export const operations: Record<Operation, OperationOf> = {
  SubmitAIJob: submit,
  ListAIJob: list,
  GetAIVideoTagResult: resultOfMedia('AIVideoTag', 'VideoTagResult'),
  GetMediaDNAResult: resultOfMedia('AIMediaDNA', 'DNAResult'),
  ListJobInfo: jobInfo,
  GetJobDetail: needing(['JobId', 'JobType'], jobDetail),
  SubmitAIMediaAuditJob: submitAudit,
  GetAIMediaAuditJob: auditJob,
  GetMediaAuditResult: resultOfMedia('AIMediaAudit', 'MediaAuditResult'),
  GetMediaAuditResultTimeline: ofMedia('AIMediaAudit', 'MediaAuditResultTimeline', (job) =>
    timelineOf(job.mediaId, job),
  ),
  GetMediaAuditResultDetail: needing(['MediaId'], auditDetails),
  GetMediaAuditAudioResultDetail: needing(['MediaId'], auditSpeech),
  SetMessageCallback: setMessageCallback,
  GetMessageCallback: getMessageCallback,
  DeleteMessageCallback: deleteMessageCallback,
  SearchMedia: searchMedia,
  GetMezzanineInfo: needing(['VideoId'], mezzanineInfo),
  CreateUploadVideo: needing(['Title', 'FileName'], createUploadVideo),
  DescribeVodAIData: needing(['StartTime', 'EndTime'], describeUsage),
  AddAITemplate: needing(['TemplateName', 'TemplateType', 'TemplateConfig'], addTemplate),
  ListAITemplate: needing(['TemplateType'], listTemplates),
  SubmitAIImageJob: needing(['VideoId', 'AITemplateId'], submitImageJob),
  GetAIImageJobs: needing(['JobIds'], imageJobs),
  ListAIImageInfo: needing(['VideoId'], imageInfos),
  DeleteAIImageInfos: needing(['AIImageInfoIds'], deleteImageInfos),
  SubmitAIImageAuditJob: needing(['MediaId', 'TemplateId'], submitSilent),
  SubmitMediaDNADeleteJob: needing(['MediaId'], submitSilent),
  SubmitDynamicImageJob: needing(['VideoId', 'DynamicImageTemplateId'], submitDynamicImage),
};
