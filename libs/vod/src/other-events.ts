/**
 * VOD's events of what is never asked for here (docs/vod.md, "Events"). One that no document names may be an event of ours under a new
 * name, so it is nobody's.
 */
const ofOthers = new Set([
  'AddLiveRecordVideoComplete',
  'AttachedMediaUploadComplete',
  'CreateAuditComplete',
  'DeleteMediaComplete',
  'DynamicImageComplete',
  'FileUploadComplete',
  'ImageUploadComplete',
  'LiveRecordVideoComposeStart',
  'MediaBaseChangeComplete',
  'ProduceMediaComplete',
  'RestoreMediaComplete',
  'SnapshotComplete',
  'StreamTranscodeComplete',
  'TranscodeComplete',
  'UpdateMediaStorageClassComplete',
  'UploadByURLComplete',
  'VideoAnalysisComplete',
  'WorkflowTaskComplete',
]);

export function isOfOthers(eventType: string): boolean {
  return ofOthers.has(eventType);
}
