import { loadConfig, type ConfigFor } from '@app/config';
import { createLogger, runUntilSignal, type Logger } from '@app/observability/start';
import type { Process } from '@app/persistence';

type Start<R extends Process> = (config: ConfigFor<R>, logger: Logger) => Promise<{ close: () => Promise<void> }>;

/** Runs one process until it is told to stop. What is wrong with the environment is said before the process is loaded. */
export async function runProcess<R extends Process>(role: R, load: () => Promise<Start<R>>): Promise<void> {
  await runUntilSignal(async () => {
    const config = loadConfig(process.env, role);
    const logger = createLogger({ ...config.log, process: role });
    for (const { variable, weakness } of config.weaknesses) logger.warn({ variable, weakness }, 'a setting is weak');
    const start = await load();
    const { close } = await start(config, logger);
    return { stop: close, logger };
  });
}
