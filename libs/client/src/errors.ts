import type { ProblemAnswer } from '@app/contract';

type Said = Omit<ProblemAnswer, 'type' | 'title' | 'requestId'> & { requestId?: string };

/** The API said no. `code` is stable, `message` is for people: it says what was expected and what was got. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  /** What is wrong with the input, by path. */
  readonly errors: { path: string; message: string }[] | undefined;
  /** The states in which the action works. */
  readonly states: string[] | undefined;
  /** By which the api's log names the request. */
  readonly requestId: string | undefined;

  constructor({ status, code, detail, errors, states, requestId }: Said) {
    super(detail);
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.errors = errors;
    this.states = states;
    this.requestId = requestId;
  }
}

/** No answer came, or not all of it. Whether a call that changes something has arrived is not known. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

/** The problem that an answer carries. What stands between us and the API answers in its own words: those are not repeated. */
export async function errorOf(response: Response): Promise<ApiError> {
  const { status, headers } = response;
  const type = headers.get('content-type') ?? 'no content type';
  if (/^application\/problem\+json\b/.test(type)) return new ApiError((await response.json()) as ProblemAnswer);
  return unexpected(status, type);
}

export function unexpected(status: number, type: string): ApiError {
  const detail = `expected an answer of the api, got ${status} with ${type}: is this its address?`;
  return new ApiError({ status, code: 'unexpected_answer', detail });
}

/** Why a fetch failed. Node hides the reason in the cause, browsers keep it to themselves. */
export function unreachable(base: URL, error: unknown): Unreachable {
  const { cause } = error as { cause?: { code?: string; message?: string } };
  const reason = cause?.code ?? cause?.message;
  return new Unreachable(`${base.origin}${base.pathname} does not answer${reason ? ` (${reason})` : ''}`, { cause });
}
