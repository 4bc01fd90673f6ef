import type { FastifyReply } from 'fastify';
import type { z } from 'zod';

/** What is wrong with a control call, and what it may have. */
export function refuse(reply: FastifyReply, error: z.ZodError, schema: z.ZodObject): FastifyReply {
  return reply.code(400).send({
    code: 'invalid_request',
    errors: error.issues.map(({ path, message }) => ({ path: path.join('.'), message })),
    known: Object.keys(schema.shape),
  });
}
