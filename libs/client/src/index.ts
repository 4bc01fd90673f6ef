export { createClient, type Client, type EventFilter, type JobFilter, type SubmitBody, type Submitted } from './client';
export { ApiError, Unreachable } from './errors';
