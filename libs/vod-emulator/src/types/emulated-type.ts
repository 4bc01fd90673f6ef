import type { Operation } from '../operation-names';

/** What a job was asked to look for. */
export interface Asked {
  withTranscript: boolean;
  /** Of a review whose template is known. */
  review?: ReviewScope | undefined;
}

/** `AuditItem` and `AuditRange` of a review's template. */
export interface ReviewScope {
  items: readonly string[];
  ranges: readonly string[];
}

/** What differs from one type of AI job to another. */
export interface EmulatedType {
  /** From the feature columns of the operation pages (docs/vod.md, "Regions"). */
  regions: readonly string[];
  submittedBy: Operation;
  readBy: Operation;
  /** How DescribeVodAIData names it, and GetJobDetail: there it is printed for the review only, the others are an inference. */
  usageName: string;
  /** What was found in a media. */
  resultOf: (mediaId: string, asked: Asked) => object;
  /** How the result is printed as `Data`: its JSON text, or itself. */
  dataIs: 'text' | 'object';
  /** How the event at the end is printed (docs/vod.md, "Events"). What a failed job's carries as Data is in no page. */
  event: { time: (atMs: number) => string; hasCompleteTime: boolean; dataOfFailure: string | undefined };
}
