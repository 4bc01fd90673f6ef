import { whileAnswering } from '@app/observability';
import type { FastifyInstance } from 'fastify';
import { v7 as uuidv7 } from 'uuid';

/** What a caller may call its request: it goes into headers and log lines as it is. */
const SANE = /^[\w.:/+=@-]{1,128}$/;

/** Every answer carries `Request-Id`: the caller's own when it sent one, or a new one. */
export function nameRequests(fastify: FastifyInstance): void {
  fastify.setGenReqId(({ headers }) => {
    const asked = headers['request-id'];
    return typeof asked === 'string' && SANE.test(asked) ? asked : uuidv7();
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('request-id', request.id);
    done();
  });
  // Not earlier: a body is read in the context of its connection, and what comes after it would be as well.
  fastify.addHook('preHandler', (request, reply, done) => whileAnswering(request.id, reply.raw, done));
}
