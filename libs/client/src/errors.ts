import type { ProblemAnswer } from '@app/contract';

/** The API said no. `code` is stable; `detail` says what was expected and what was got. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  /** What is wrong with which part of the request. */
  readonly errors: { path: string; message: string }[];
  /** The states in which an action works. */
  readonly states: string[];

  constructor(status: number, { code, detail, errors = [], states = [] }: Partial<ProblemAnswer>) {
    super(detail ?? `the API answered ${status}`);
    this.status = status;
    this.code = code ?? 'unknown';
    this.detail = this.message;
    this.errors = errors;
    this.states = states;
  }
}

/** There was no answer of the API: nobody listens there, or something else does. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';

  constructor(url: string, options?: ErrorOptions) {
    super(`${url} does not answer as the API of the orchestrator`, options);
  }
}
