import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { refuse } from '../control-answers';
import { ATTRIBUTES, type QueueAttributes, isQueueName } from './attributes';
import type { HostedQueue } from './hosted-queue';
import type { Message, MessageState } from './message-queue';
import type { Queues } from './queues';
import { isXmlText } from './xml';

// Unsigned, for people and tests on the same machine, as the other control routes are.

const listQuery = z.strictObject({ region: z.string().optional() });
const messagesQuery = z.strictObject({ limit: z.coerce.number().int().min(1).max(1000).default(16) });
const putBody = z.strictObject({
  body: z.string().min(1).max(65_536).refine(isXmlText, 'has characters that XML cannot carry'),
  priority: z.number().int().min(1).max(16).optional(),
  delaySeconds: z.number().int().min(0).max(ATTRIBUTES.DelaySeconds.most).optional(),
});

interface QueueView {
  region: string;
  name: string;
  /** Can be received. */
  active: number;
  /** Were received, and neither deleted nor visible again. */
  inFlight: number;
  delayed: number;
  /** When the oldest of all of them came; null when there is none. */
  oldest: string | null;
  /** Clients that wait for a message right now. */
  polls: number;
  attributes: Readonly<QueueAttributes>;
}

interface MessageView {
  id: string;
  state: MessageState;
  enqueuedAt: string;
  visibleAt: string;
  dequeueCount: number;
  priority: number;
  body: string;
}

interface QueueParams {
  Params: { region: string; name: string };
}

/** Under /_emulator/queues. */
export function queueControl(queues: () => Queues): FastifyPluginAsync {
  const named =
    (act: (queue: HostedQueue, request: FastifyRequest<QueueParams>, reply: FastifyReply) => unknown) =>
    async (request: FastifyRequest<QueueParams>, reply: FastifyReply) => {
      const { region, name } = request.params;
      const queue = queues().find(region, name);
      if (queue) return act(queue, request, reply);
      return reply.code(404).send({ code: 'not_found', message: `No queue ${name} in ${region}.` });
    };

  return async (app) => {
    app.get('/', async (request, reply) => {
      const query = listQuery.safeParse(request.query);
      if (!query.success) return refuse(reply, query.error, listQuery);
      return { items: queues().list(query.data.region).map(queueView) };
    });

    app.put<QueueParams>('/:region/:name', async ({ params: { region, name } }, reply) => {
      const existing = queues().find(region, name);
      if (existing) return queueView(existing);
      if (!queues().regions.includes(region)) {
        return reply.code(404).send({ code: 'not_found', message: `No region ${region}.` });
      }
      if (!isQueueName(name)) {
        return reply.code(400).send({ code: 'invalid_request', message: `${name} is no name of a queue.` });
      }
      return reply.code(201).send(queueView(queues().create(region, name)));
    });

    app.get<QueueParams>(
      '/:region/:name/messages',
      named((queue, request, reply) => {
        const query = messagesQuery.safeParse(request.query);
        if (!query.success) return refuse(reply, query.error, messagesQuery);
        return { items: [...queue.messages()].slice(0, query.data.limit).map(messageView) };
      }),
    );

    app.post<QueueParams>(
      '/:region/:name/messages',
      named((queue, request, reply) => {
        const message = putBody.safeParse(request.body);
        if (!message.success) return refuse(reply, message.error, putBody);
        return reply.code(201).send(messageView(queue.put(message.data.body, message.data)));
      }),
    );

    app.delete<QueueParams>(
      '/:region/:name/messages',
      named((queue) => ({ purged: queue.purge() })),
    );
  };
}

function queueView(queue: HostedQueue): QueueView {
  const { active, inactive, delayed } = queue.counts();
  const [oldest] = queue.messages();
  return {
    region: queue.region,
    name: queue.name,
    active,
    inFlight: inactive,
    delayed,
    oldest: oldest ? inIso(oldest.enqueuedAt) : null,
    polls: queue.polls,
    attributes: queue.attributes,
  };
}

function messageView({ id, state, enqueuedAt, visibleAt, dequeueCount, priority, body }: Message): MessageView {
  return {
    id,
    state,
    enqueuedAt: inIso(enqueuedAt),
    visibleAt: inIso(visibleAt),
    dequeueCount,
    priority,
    body,
  };
}

function inIso(ms: number): string {
  return new Date(ms).toISOString();
}
