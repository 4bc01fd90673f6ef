export {
  callbackUrls,
  eventQueues,
  jobCallbacks,
  signedUrls,
  type Config,
  type ConfigFor,
  type EventQueueAddress,
  type JobCallback,
  type Proxies,
  type Role,
} from './config';
export { publicAddress } from './public-address';
export { parseDuration } from './duration';
export { loadConfig } from './load';
export { ConfigError, withoutUrlSecrets } from './problems';
export { withSecretFiles } from './secret-files';
export { version } from './version';
export { apiRoles, environmentColors, type ApiKey, type ApiRole, type TrustedProxies } from './values';
