import { AsyncLocalStorage } from 'node:async_hooks';
import type { ServerResponse } from 'node:http';

/** `requestId` in our lines is that of a submitted request, so the one of an HTTP request has another name. */
interface RequestInHand {
  httpRequestId?: string;
}

const inHand = new AsyncLocalStorage<RequestInHand>();

/**
 * What `work` logs carries the request's id, until it is answered: what it has opened, a connection of the pool for example,
 * goes on without it.
 */
export function whileAnswering(httpRequestId: string, response: ServerResponse, work: () => void): void {
  const request: RequestInHand = { httpRequestId };
  response.once('close', () => delete request.httpRequestId);
  inHand.run(request, work);
}

/** Fields for a log line; always another object, because pino writes the line's own fields into it. */
export function requestInHand(): RequestInHand {
  return { ...inHand.getStore() };
}
