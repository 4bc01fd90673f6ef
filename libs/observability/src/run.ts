import type { Logger } from 'pino';
import { complain } from './complain';
import { isError } from './errors';
import { StartError } from './start-error';

export interface Running {
  /** Stop taking work, finish what is under way. */
  stop: () => Promise<void>;
  /** The process's logger, when it could only be made inside `start` (its level is configuration). */
  logger?: Logger;
}

export interface RunOptions {
  logger?: Logger;
  graceMs?: number;
}

/** npm passes Ctrl-C on to a process that has it from the terminal already: the echo comes within milliseconds. */
const echoMs = 500;

/**
 * The life of a process: start, run until SIGTERM or SIGINT, stop within the grace period, exit 0. A second signal exits
 * 1 at once. Never returns to its caller otherwise than through the end of the process.
 *
 * A fault that nobody caught leaves the process in a state that nobody knows, so it ends, with 1. It is stopped like by
 * a signal rather than cut: a submission under way that loses its answer may cost money, and everything else is in
 * Postgres anyway.
 */
export async function runUntilSignal(start: () => Promise<Running>, options: RunOptions = {}): Promise<void> {
  const { graceMs = 20_000 } = options;
  let { logger } = options;
  let end: (reason: Ending) => void = () => {};
  const ended = new Promise<Ending>((resolve) => (end = resolve));

  onEnding(
    graceMs,
    () => logger,
    (ending) => end(ending),
  );

  const running = await start().catch((error: unknown) => failToStart(error, logger));
  logger = running.logger ?? logger;

  const { exitCode, why } = await ended;
  logger?.info({ why }, 'stopping');
  try {
    await running.stop();
    process.exit(exitCode);
  } catch (error) {
    tell(logger, error, 'stopping failed');
    process.exit(1);
  }
}

interface Ending {
  exitCode: number;
  why: string;
}

/** Listens from before the start, so that a Ctrl-C during a slow start isn't lost: it waits until there is something to stop. */
function onEnding(graceMs: number, logger: () => Logger | undefined, end: (ending: Ending) => void): void {
  let first: { signal: string; at: number } | undefined;

  const begin = (signal: string, ending: Ending) => {
    first = { signal, at: performance.now() };
    setTimeout(() => {
      tell(logger(), new StartError(`not stopped after ${graceMs} ms`), 'giving up');
      process.exit(1);
    }, graceMs).unref();
    end(ending);
  };

  const onSignal = (signal: NodeJS.Signals) => {
    if (!first) return begin(signal, { exitCode: 0, why: signal });
    const isEcho = signal === 'SIGINT' && first.signal === 'SIGINT' && performance.now() - first.at < echoMs;
    if (!isEcho) process.exit(1);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);

  const onFault = (kind: string) => (error: unknown) => {
    tell(logger(), error, kind);
    if (!first) begin(kind, { exitCode: 1, why: kind });
  };
  process.on('uncaughtException', onFault('uncaughtException'));
  process.on('unhandledRejection', onFault('unhandledRejection'));
}

/** For a reason that a person can mend, the message alone is what helps. */
function failToStart(error: unknown, logger: Logger | undefined): never {
  if (isExpected(error)) complain(error.message);
  else tell(logger, error, 'the start failed');
  process.exit(1);
}

/** ConfigError by its name: of @app/config only types are imported here. */
function isExpected(error: unknown): error is Error {
  return error instanceof StartError || (isError(error) && error.name === 'ConfigError');
}

function tell(logger: Logger | undefined, error: unknown, message: string): void {
  if (logger) return logger.fatal({ err: error }, message);
  const text = isError(error) ? (error.stack ?? error.message) : String(error);
  complain(`${message}: ${text}`);
}
