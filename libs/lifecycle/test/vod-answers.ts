import { answerJson } from '../../vod/test/loopback';

/** SubmitAIJob's answer. */
export const accepted = (jobs: { Type: string; JobId: string }[], more: object = {}) =>
  answerJson({ RequestId: 'VOD-REQUEST', AIJobList: { AIJob: jobs }, ...more });

/** An answer of any operation that has a code. */
export const refusal = (Code: string, status = 400) =>
  answerJson({ RequestId: 'VOD-REQUEST', Code, Message: 'm' }, status);

let nextId = 0;

/** A JobId that no other job of this file has. */
export const freshId = () => `vodjob${(nextId += 1)}`;
