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

/** Names of VOD and of SMQ are ours: nobody else can make them point at this machine. Those of SMQ only lead to its queues. */
function askedOf({ method, headers, url, originalUrl }: FastifyRequest) {
  const isOurs = regionOfHost(headers.host) !== undefined || url !== originalUrl;
  return { method, headers: isOurs ? { ...headers, host: 'localhost' } : headers };
}
