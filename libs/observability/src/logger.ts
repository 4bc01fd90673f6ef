import { pino, type DestinationStream, type Logger } from 'pino';
import type { Config, Role } from '@app/config';
import { printableJson } from '@app/text';
import { codeOf, isError } from './errors';
import { forPeople } from './pretty-line';
import { lineWithoutSecrets } from './redact';
import { requestInHand } from './request-in-hand';

export type { Logger };

export interface LoggerOptions {
  level: Config['log']['level'];
  format: Config['log']['format'];
  process: Role;
  /** Standard output unless a test wants to read along. */
  destination?: DestinationStream;
}

export function createLogger({ level, format, process: name, destination }: LoggerOptions): Logger {
  const output = destination ?? pino.destination({ dest: 1, sync: true }); // sync: the last line before an exit counts
  const pretty = format === 'pretty' ? prettyStream(output) : undefined;
  const logger = pino(
    {
      level,
      base: { process: name, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      mixin: requestInHand,
      serializers: { err: describeError, error: describeError },
      // The finished line, because a secret, or what a terminal obeys, can arrive in a message, a stack, a field or a field's field.
      hooks: { streamWrite: (line) => printableJson(lineWithoutSecrets(line)) },
    },
    pretty ?? output,
  );
  if (format === 'pretty' && !pretty) logger.warn('pino-pretty is not installed: logging json instead');
  return logger;
}

/** Chosen fields only: errors of HTTP clients carry the request, with its URL and headers, as properties. */
function describeError(error: unknown): unknown {
  if (!isError(error)) return error;
  const cause = isError(error.cause) ? error.cause.message : undefined;
  return { name: error.name, message: error.message, code: codeOf(error), stack: error.stack, cause };
}

/** A development dependency: the production image hasn't got it, and only `pretty` loads it. */
function prettyStream(destination: DestinationStream): DestinationStream | undefined {
  try {
    const { prettyFactory } = require('pino-pretty') as typeof import('pino-pretty');
    const colorize = process.stdout.isTTY;
    const prettify = prettyFactory({
      colorize,
      ignore: 'pid,hostname',
      translateTime: 'SYS:HH:MM:ss.l',
      singleLine: true, // a stack still has lines of its own
    });
    return { write: (line) => destination.write(prettify(forPeople(line))) };
  } catch (error) {
    if (codeOf(error) === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
