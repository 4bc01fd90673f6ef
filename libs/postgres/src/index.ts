export { connectionOf, ServerClient } from './client';
export { ServerPool, singleClient, type ServerPoolOptions } from './pool';
export { applySettings } from './session';
export { inWords, isUnavailable, sqlState } from './trouble';
export { assertWritable } from './writable';
