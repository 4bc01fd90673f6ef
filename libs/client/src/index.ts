export { createClient, type Client, type Submitted } from './client';
export { ApiError, Unreachable } from './errors';
export type { CallOptions, Connection, Query } from './http';
export type { StreamOptions } from './stream';
