import { randomUUID } from 'node:crypto';
import { submitOperationOf, type JobType } from '@app/domain';
import type { SignedSubmission } from '@app/vod';

/** A submission of its own nonce and time, which says whose it is. */
export function submissionOf(type: JobType, mediaId: string, signedAt = new Date()): SignedSubmission {
  return {
    operation: submitOperationOf(type),
    mediaId,
    types: [type],
    config: null,
    extend: 'vodai-doctor',
    nonce: randomUUID(),
    signedAt,
  };
}
