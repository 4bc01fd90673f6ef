import { ArgumentsHost, Catch, HttpException, type ExceptionFilter } from '@nestjs/common';
import { isUnavailable } from '@app/postgres';
import type { Logger } from '@app/observability';
import type { FastifyReply, FastifyRequest } from 'fastify';

export interface FieldError {
  /** Where, in the terms of the caller: `types.0`, `limit`, `idempotency-key`; '' is the whole. */
  path: string;
  message: string;
}

const titles = {
  invalid_request: [400, 'The request is not valid'],
  unauthorized: [401, 'An API key is needed'],
  forbidden: [403, 'This API key may not do that'],
  foreign_origin: [403, 'A page of another origin may not do that'],
  not_found: [404, 'There is no such thing'],
  no_result: [404, 'There is no result yet'],
  method_not_allowed: [405, 'That method is not known here'],
  slow_body: [408, 'The body came too slowly'],
  wrong_state: [409, 'It is in another state'],
  job_id_taken: [409, 'That JobId belongs to another job'],
  endpoint_paused: [409, 'The endpoint is paused'],
  too_many_endpoints: [409, 'A client may not have more endpoints'],
  request_dropped: [409, 'This Idempotency-Key was used, and the record of its request is dropped'],
  too_large: [413, 'The body is too large'],
  unsupported_media_type: [415, 'The body is not JSON'],
  idempotency_mismatch: [422, 'This Idempotency-Key was used with another body'],
  unsupported_in_region: [422, 'The region does not offer that'],
  too_many_requests: [429, 'That is more than is allowed'],
  internal: [500, 'Something went wrong here'],
  unavailable: [503, 'A store is away for the moment'],
} as const satisfies Record<string, readonly [number, string]>;

export type ProblemCode = keyof typeof titles;

/** An answer that says no, as application/problem+json (RFC 9457) with a stable `code`. */
export class Problem extends HttpException {
  readonly body: object;

  constructor(
    readonly code: ProblemCode,
    readonly detail: string,
    readonly more: { errors?: FieldError[]; states?: string[] } = {},
    /** When it makes sense to try again. */
    readonly retryAfterS?: number,
  ) {
    const [status, title] = titles[code];
    const body = { type: `urn:vodai:problem:${code}`, title, status, code, detail, ...more };
    super(body, status);
    this.body = body;
  }
}

/** Bounded: what is wrong is named as it came, and a hostile body must not buy a huge answer. */
export function invalid(all: FieldError[]): Problem {
  const errors = all.slice(0, 20).map(({ path, message }) => ({ path: shortened(path), message: shortened(message) }));
  const detail = errors.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; ');
  return new Problem('invalid_request', detail, { errors });
}

/** Nothing was done: the same call may be made again when `Retry-After` has passed. */
export function tooMany(detail: string, retryAfterS: number): Problem {
  return new Problem('too_many_requests', detail, {}, retryAfterS);
}

function shortened(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/** Seconds after which a client may try again: a store that restarts is back within a few. */
const RETRY_AFTER_S = 2;

/** Every answer that is not a success leaves through here, so that all of them look the same. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const { method, url, id, caller } = request;
    const problem = toProblem(error);
    // Named here: what the router or the parser has refused never came into the context of a request.
    if (problem.getStatus() >= 500) {
      const path = url.split('?')[0];
      this.logger.error({ err: error, method, path, httpRequestId: id, client: caller?.name }, problem.code);
    }
    void reply.header('request-id', id);
    const retryAfterS = problem.retryAfterS ?? (problem.code === 'unavailable' ? RETRY_AFTER_S : undefined);
    if (retryAfterS !== undefined) void reply.header('retry-after', retryAfterS);
    if (problem.code === 'unauthorized') void reply.header('www-authenticate', 'Bearer');
    void reply
      .status(problem.getStatus())
      .type('application/problem+json')
      .send({ ...problem.body, requestId: id });
  }
}

function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (isUnavailable(error))
    return new Problem(
      'unavailable',
      'the database does not answer, or takes nothing at the moment; try again, with the same Idempotency-Key if there was one',
    );
  const status =
    error instanceof HttpException ? error.getStatus() : (error as { statusCode?: unknown } | null)?.statusCode;
  const message = error instanceof Error ? error.message : '';
  switch (status) {
    case 400:
      return invalid([{ path: '', message: message || 'expected a JSON body' }]);
    case 414:
      return invalid([{ path: '', message: 'a part of the path is too long' }]);
    case 403: // of a path that leads out of a folder of files, or is written in another way than its file's
      return new Problem('not_found', 'there is nothing at this path');
    case 404:
      return new Problem('not_found', shortened(message) || 'there is nothing at this path');
    case 405:
      return new Problem('method_not_allowed', message);
    case 408:
      return new Problem('slow_body', message);
    case 413:
      return new Problem('too_large', message);
    case 415:
      return new Problem('unsupported_media_type', 'expected content-type: application/json');
    default:
      return new Problem('internal', 'the cause is in the log of this process');
  }
}
