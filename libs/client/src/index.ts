export {
  createClient,
  type Client,
  type ClientOptions,
  type EventFilter,
  type JobFilter,
  type SubmitBody,
  type Submitted,
} from './client';
export { ApiError, Unreachable } from './errors';
export type { StreamOptions } from './stream';
