import { RequestTimeoutException } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { closeAfterAnswer, isUnfinished } from './last-answer';

/** How slowly a body may come. */
export interface BodyDeadline {
  /** All of it. */
  wholeMs: number;
  /** In this time at least `windowBytes` of it, each time. */
  windowMs: number;
  windowBytes: number;
}

/**
 * 500 bytes a second is what Apache's mod_reqtimeout asks for. Over four seconds, because a packet that is lost twice comes a second
 * or three later; VOD itself gives up after five.
 */
export const BODY_DEADLINE: BodyDeadline = { wholeMs: 10_000, windowMs: 4_000, windowBytes: 2_000 };

/**
 * How many looks at the bodies make up a window. A body comes between two of them, so that so many looks are over before a whole
 * window is: it is judged at the next one.
 */
const LOOKS = 4;

interface Body {
  reply: FastifyReply;
  looks: number;
  /** What the connection had brought at the beginning of each look of the window. */
  brought: number[];
}

/**
 * Refuses bodies that come too slowly, also of requests that nobody reads the body of, and closes the connection after any answer
 * that comes before the end of its request's body. Time is counted in looks: a process that was kept from running doesn't blame
 * those who sent meanwhile.
 */
export function limitBodies(fastify: FastifyInstance, deadline: BodyDeadline): void {
  const { wholeMs, windowMs, windowBytes } = deadline;
  const lookMs = windowMs / LOOKS;
  const mostLooks = Math.ceil(wholeMs / lookMs);
  const bodies = new Map<FastifyRequest, Body>();

  const isSlow = (request: FastifyRequest, body: Body): boolean => {
    body.looks += 1;
    if (body.looks > mostLooks) return true;
    const { bytesRead } = request.raw.socket;
    const before = body.brought.length <= LOOKS ? undefined : body.brought.shift();
    body.brought.push(bytesRead);
    return before !== undefined && bytesRead - before < windowBytes;
  };
  const look = () => {
    for (const [request, body] of bodies) {
      if (!isUnfinished(request.raw)) bodies.delete(request);
      else if (isSlow(request, body)) refuse(request, body);
    }
  };
  const refuse = (request: FastifyRequest, { reply }: Body) => {
    bodies.delete(request);
    // guard: slow-body-refused
    if (reply.sent || reply.raw.headersSent) request.raw.socket.destroy();
    else void reply.send(new RequestTimeoutException(tooSlowly(deadline)));
  };
  const looking = setInterval(look, lookMs).unref();

  fastify.addHook('onRequest', (request, reply, done) => {
    if (isUnfinished(request.raw)) {
      bodies.set(request, { reply, looks: 0, brought: [request.raw.socket.bytesRead] });
      reply.raw.once('close', () => bodies.delete(request));
    }
    done();
  });
  fastify.addHook('onSend', (request, reply, payload, done) => {
    lastAnswer(request, reply);
    done(null, payload);
  });
  fastify.addHook('onClose', (_instance, done) => {
    clearInterval(looking);
    done();
  });
}

function tooSlowly({ wholeMs, windowMs, windowBytes }: BodyDeadline): string {
  return `the body came too slowly: expected all of it within ${wholeMs / 1000} s, and ${windowBytes} bytes each ${windowMs / 1000} s`;
}

/** For whatever is answered past the hooks. */
export function lastAnswer({ raw }: FastifyRequest, reply: FastifyReply): void {
  if (!isUnfinished(raw)) return;
  void reply.header('connection', 'close');
  closeAfterAnswer(raw); // guard: refused-body-unread
}
