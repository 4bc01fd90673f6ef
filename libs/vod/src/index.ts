export { VodClient, type SignedSubmission, type VodClientOptions, type VodJob } from './client';
export type { VodCredentials } from './credentials';
export type { ReadOutcome, SubmitOutcome } from './outcome';
export { JobConfig, type ConfigExtra } from './job-config';
export { normalizeResult } from './result';
export { offers, regionFeatures } from './regions';
export { signCallback, verifyCallback, type CallbackVerdict } from './callback-signature';
export { parseEvent, type VodEvent } from './events';
export { parseVodTime } from './fields';
