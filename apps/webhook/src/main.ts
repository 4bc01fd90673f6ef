import { loadConfig } from '@app/config';
import { createLogger, runUntilSignal } from '@app/observability/start';

void runUntilSignal(async () => {
  const config = loadConfig(process.env, 'webhook');
  const logger = createLogger({ ...config.log, process: 'webhook' });
  // Not before: what is wrong with the environment is said at once.
  const { startWebhook } = await import('./webhook.app.js');
  const server = await startWebhook(config, logger);
  return { stop: () => server.close(), logger };
});
