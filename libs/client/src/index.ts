export { askedFor } from './asked-for';
export {
  createClient,
  type Client,
  type EventFilter,
  type JobFilter,
  type Result,
  type SubmitBody,
  type Submitted,
} from './client';
export { ApiError, Unreachable } from './errors';
export { laidOut, memberOf } from './json-text';
