import { ConfigError } from '@app/config';
import { complain } from '@app/observability';
import { run, UsageError } from './run';
import { terminal } from './terminal';

run(process.argv.slice(2), process.env, terminal()).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    const isTold = error instanceof ConfigError || error instanceof UsageError;
    complain(isTold ? error.message : String(error instanceof Error ? (error.stack ?? error.message) : error));
    process.exitCode = 2;
  },
);
