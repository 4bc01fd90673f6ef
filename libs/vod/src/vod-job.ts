import { type Fields, idOf, jsonTextOf, parseVodTime, sentenceOf, wordOf } from './fields';

/** What VOD says of one job. */
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

/** Null without a JobId. */
export function vodJob(fields: Fields): VodJob | null {
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
