import { loadConfig } from '@app/config';
import { createLogger, runUntilSignal } from '@app/observability/start';

void runUntilSignal(async () => {
  const config = loadConfig(process.env, 'api');
  const logger = createLogger({ ...config.log, process: 'api' });
  // Not before: what is wrong with the environment is said at once.
  const { startApi } = await import('./api.app.js');
  const server = await startApi(config, logger);
  return { stop: () => server.close(), logger };
});
