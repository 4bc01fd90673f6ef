import { refusalOf } from '@app/origin';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { regionOfHost } from './regions';

/** Whoever can reset it and say where its signed events go is a program on this machine, or in its network: no page is. */
export function refuseOtherOrigins(app: FastifyInstance, listensOn: () => string): void {
  app.addHook('onRequest', (request, reply, done) => {
    const why = refusalOf(askedOf(request), { listensOn: listensOn(), servesPages: false });
    if (why === null) return done();
    void reply.code(403).send({ code: 'foreign_origin', message: why });
  });
}

/** VOD's own names are ours: nobody else can make them point at this machine. */
function askedOf({ method, headers }: FastifyRequest) {
  return { method, headers: regionOfHost(headers.host) === undefined ? headers : { ...headers, host: 'localhost' } };
}
