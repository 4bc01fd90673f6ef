import { loadConfig } from '@app/config';
import { createLogger, runUntilSignal } from '@app/observability';
import { startApi } from './api.app';

void runUntilSignal(async () => {
  const config = loadConfig(process.env, 'api');
  const logger = createLogger({ ...config.log, process: 'api' });
  const server = await startApi(config, logger);
  return { stop: () => server.close(), logger };
});
