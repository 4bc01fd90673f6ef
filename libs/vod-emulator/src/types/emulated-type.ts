import type { Operation } from '../operation-names';

/** What differs from one type of AI job to another. */
export interface EmulatedType {
  /** From the feature columns of the operation pages (docs/vod.md, "Regions"). */
  regions: readonly string[];
  submittedBy: Operation;
  readBy: Operation;
  /** What was found in a media. */
  resultOf: (mediaId: string, asked: { withTranscript: boolean }) => object;
  /** How the result is printed as `Data`: its JSON text, or itself. */
  dataIs: 'text' | 'object';
  /** How the event at the end is printed (docs/vod.md, "Events"). What a failed job's carries as Data is in no page. */
  event: { time: (atMs: number) => string; hasCompleteTime: boolean; dataOfFailure: string | undefined };
}
