export { callbackUrls, type Config, type ConfigFor, type Role } from './config';
export { parseDuration } from './duration';
export { loadConfig } from './load';
export { ConfigError } from './problems';
export { version } from './version';
export { apiRoles, type ApiKey, type ApiRole } from './values';
