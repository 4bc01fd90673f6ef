/** All that the local app runs. Loaded while its Postgres starts. */
export { Sessions, signInPath, startApi } from '../../api/src';
export { startWebhook } from '../../webhook/src';
export { startWorker } from '../../worker/src';
export { migrateDatabase } from '../../migrate/src';
