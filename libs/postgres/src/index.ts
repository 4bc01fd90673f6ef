export { ServerClient } from './client';
export { ServerPool, singleClient } from './pool';
export { settle } from './session';
export { inWords, isUnavailable, sqlState } from './trouble';
export { assertWritable } from './writable';
