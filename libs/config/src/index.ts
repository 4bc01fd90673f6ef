export { callbackUrls, type Config, type ConfigFor, type Role } from './config';
export { parseDuration } from './duration';
export { loadConfig } from './load';
export { ConfigError } from './problems';
<<<<<<< HEAD
export { withSecretFiles } from './secret-files';
export { apiRoles, type ApiKey, type ApiRole } from './values';
=======
export { apiRoles, environmentColors, type ApiKey, type ApiRole } from './values';
>>>>>>> pages
