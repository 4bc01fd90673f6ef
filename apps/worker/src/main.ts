import { loadConfig } from '@app/config';
import { createLogger, runUntilSignal } from '@app/observability/start';

void runUntilSignal(async () => {
  const config = loadConfig(process.env, 'worker');
  const logger = createLogger({ ...config.log, process: 'worker' });
  // Not before: what is wrong with the environment is said at once.
  const { startWorker } = await import('./worker.app.js');
  const worker = await startWorker(config, logger);
  return { stop: () => worker.close(), logger };
});
