import { refusalOf } from '@app/origin';
import type { FastifyInstance } from 'fastify';
import { Problem, type ProblemFilter } from './problems';

/**
 * For an instance that knows browsers by a cookie. Where everybody shows a key there is nothing to refuse, as no browser sends one by
 * itself; and a proxy on the same machine has names of its own.
 */
export function refuseOtherOrigins(fastify: FastifyInstance, listensOn: string, problems: ProblemFilter): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    const refusal = refusalOf(request, { listensOn, servesPages: true });
    if (refusal === null) return done();
    problems.answer(new Problem('foreign_origin', refusal), request, reply);
  });
}
