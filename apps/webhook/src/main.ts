import { loadConfig } from '@app/config';
import { createLogger, runUntilSignal } from '@app/observability';
import { startWebhook } from './webhook.app';

void runUntilSignal(async () => {
  const config = loadConfig(process.env, 'webhook');
  const logger = createLogger({ ...config.log, process: 'webhook' });
  const server = await startWebhook(config, logger);
  return { stop: () => server.close(), logger };
});
