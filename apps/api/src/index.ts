export { startApi } from './api.app';
export { Sessions, signInPath } from './sessions';
