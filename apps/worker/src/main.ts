import { loadConfig } from '@app/config';
import { createLogger, runUntilSignal } from '@app/observability';
import { startWorker } from './worker.app';

void runUntilSignal(async () => {
  const config = loadConfig(process.env, 'worker');
  const logger = createLogger({ ...config.log, process: 'worker' });
  const worker = await startWorker(config, logger);
  return { stop: () => worker.close(), logger };
});
