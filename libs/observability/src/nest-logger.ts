import type { LoggerService } from '@nestjs/common';
import type { Logger } from 'pino';
import { isError } from './errors';

/** Nest tells of every module and route at start; that is worth a line only to somebody who asked for detail. */
const startChatter = new Set(['NestFactory', 'InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestApplication']);

/** Nest's own messages through our logger. Nest passes the context as the last argument, and a stack before it. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.write(startChatter.has(contextOf(rest) ?? '') ? 'debug' : 'info', message, rest);
  }
  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }
  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }
  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }
  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }
  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  private write(
    level: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace',
    message: unknown,
    rest: unknown[],
  ): void {
    const context = contextOf(rest);
    const err = [message, ...rest].find(isError);
    const stack = rest.find((one) => typeof one === 'string' && looksLikeStack(one));
    const text = isError(message) ? message.message : String(message);
    this.logger[level]({ ...(context && { context }), ...(err ? { err } : stack ? { stack } : {}) }, text);
  }
}

function contextOf(rest: unknown[]): string | undefined {
  const last = rest.at(-1);
  return typeof last === 'string' && !looksLikeStack(last) ? last : undefined;
}

function looksLikeStack(text: string): boolean {
  return /\n[ \t]+at /.test(text);
}
