import { refusalOf } from '@app/origin';
import type { FastifyInstance } from 'fastify';

/** Whoever can reset it and say where its signed events go is a program on this machine, or in its network: no page is. */
export function refuseOtherOrigins(app: FastifyInstance, listensOn: () => string): void {
  app.addHook('onRequest', (request, reply, done) => {
    const { method, headers, url, originalUrl } = request;
    // What was led to the queues came for a name that nobody but Alibaba Cloud can make point here, and reaches signed calls only.
    const asked = url === originalUrl ? request : { method, headers: { ...headers, host: undefined } };
    const why = refusalOf(asked, { listensOn: listensOn(), servesPages: false });
    if (why === null) return done();
    void reply.code(403).send({ code: 'foreign_origin', message: why });
  });
}
