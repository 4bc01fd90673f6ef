import { ApiError, Unreachable } from '@app/client';

/** What a script can tell apart. `vodai --help` says the same. */
export const exitCodes = { fine: 0, no: 1, usage: 2, unreachable: 3, stopped: 130 } as const;
type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Ends the program with one line that says what was expected, what was got, and where to go from there. */
export class Failure extends Error {
  constructor(
    message: string,
    readonly exitCode: ExitCode = exitCodes.no,
  ) {
    super(message);
  }
}

/** All was done as it was asked for, and not every job that was waited for has succeeded. */
export class JobsFailed extends Failure {}

export function wrongUsage(message: string): Failure {
  return new Failure(message, exitCodes.usage);
}

/** Of these nothing was sent. */
const NOT_CONNECTED = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'];

/** No answer came, or one that does not say what was done: the api may have got the call all the same. */
export function mayHaveBeenDone(error: unknown): boolean {
  if (error instanceof ApiError) return error.status >= 500;
  const { code = '' } = ((error as Error).cause ?? {}) as { code?: string };
  return error instanceof Unreachable && !NOT_CONNECTED.includes(code);
}

/** Work that broke off: how much was done, why no more, and how to go on. */
export function brokenOff(done: string, { message, exitCode }: Failure, goOn: string | null): Failure {
  return new Failure([`${done}, then: ${message}`, goOn].filter(Boolean).join('; '), exitCode);
}

/** What to say of calls that `mayHaveBeenDone`. */
export function inDoubt(count: number): string | null {
  return count > 0 ? `${count} more may or may not have been done: look before you repeat` : null;
}

/** Whatever was thrown, in the terms of whoever called the program. `from` said where the api is, and with which key. */
export function failureOf(error: unknown, from = ''): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof Unreachable) {
    return new Failure(`${error.message}: does it run there? The address is from ${from}`, exitCodes.unreachable);
  }
  if (error instanceof ApiError) {
    switch (error.status) {
      case 400:
        return wrongUsage(error.detail);
      case 401:
        return new Failure(`the api does not take the key from ${from}: ${error.detail}`, exitCodes.unreachable);
      default:
        return new Failure(error.detail);
    }
  }
  return new Failure(error instanceof Error ? error.message : String(error));
}
