import type { Socket } from 'node:net';
import { STATUS_CODES, type ServerResponse } from 'node:http';
import { codeOf } from './errors';

/**
 * What every answer of every process carries, unless its route says otherwise: it isn't kept by anybody, isn't taken for another
 * type than it says, isn't shown within another page, and runs nothing.
 */
const headers = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

/** On the response itself: an answer that is written past the framework, a stream for example, has them too. */
export function setAnswerHeaders(response: ServerResponse): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
}

/** Answers what the parser refuses before there is a request: a broken or too long head, or one that took too long to come. */
export function answerBrokenHead(error: unknown, socket: Socket): void {
  if (codeOf(error) === 'ECONNRESET' || socket.destroyed) return;
  if (!socket.writable) return void socket.destroy();
  const status = statusOf(codeOf(error));
  const reason = STATUS_CODES[status] ?? '';
  const body = JSON.stringify({ statusCode: status, message: reason });
  const fields = { ...headers, 'content-type': 'application/json', 'content-length': body.length, connection: 'close' };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
  socket.write([`HTTP/1.1 ${status} ${reason}`, ...lines, '', body].join('\r\n'));
  socket.destroySoon();
}

function statusOf(code: string | undefined): number {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 408;
    case 'HPE_HEADER_OVERFLOW':
      return 431;
    default:
      return 400;
  }
}
