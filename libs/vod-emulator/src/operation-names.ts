/**
 * The operations that are played here, with their calls a second, per region (docs/vod.md, "Quotas"). Those without a published
 * figure have that of their class in 2021: 100 for queries, 10 for configuration, 30 for everything else.
 */
export const DOCUMENTED_QPS = {
  SubmitAIJob: 30,
  ListAIJob: 100,
  GetAIVideoTagResult: 10,
  GetMediaDNAResult: 20,
  ListJobInfo: 15,
  GetJobDetail: 15,
  SubmitAIMediaAuditJob: 30,
  GetAIMediaAuditJob: 100,
  GetMediaAuditResult: 20,
  GetMediaAuditResultTimeline: 100,
  GetMediaAuditResultDetail: 100,
  GetMediaAuditAudioResultDetail: 100,
  SetMessageCallback: 15,
  GetMessageCallback: 15,
  DeleteMessageCallback: 15,
  SearchMedia: 50,
  GetMezzanineInfo: 100,
  CreateUploadVideo: 30,
  DescribeVodAIData: 100,
  AddAITemplate: 10,
  ListAITemplate: 5,
  SubmitAIImageJob: 30,
  GetAIImageJobs: 30,
  ListAIImageInfo: 100,
  DeleteAIImageInfos: 100,
  SubmitAIImageAuditJob: 30,
  SubmitMediaDNADeleteJob: 10,
  SubmitDynamicImageJob: 30,
};
export type Operation = keyof typeof DOCUMENTED_QPS;
export const OPERATIONS = Object.keys(DOCUMENTED_QPS) as Operation[];

/** For tests of everything but limits. */
export const unlimited = perOperation(() => 0);

export function perOperation<V>(valueOf: (operation: Operation) => V): Record<Operation, V> {
  return Object.fromEntries(OPERATIONS.map((operation) => [operation, valueOf(operation)])) as Record<Operation, V>;
}

export function operationOf(action: string | undefined): Operation | undefined {
  return OPERATIONS.find((operation) => operation === action);
}
