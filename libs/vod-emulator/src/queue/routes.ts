import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { send } from '../rpc';
import { QUEUES_PATH } from './hosts';
import { type QueueAnswer, XML } from './queue-answer';
import type { QueueCall } from './queue-call';
import { queueControl } from './queue-control';
import type { QueueServer } from './queue-server';

/** Room for 64 KiB of messages in which every character is escaped, and for what stands around them. */
const LARGEST_BODY = 8 * 1024 * 1024;

/** All that the queues add to the emulator's port. */
export function queueSurface(server: () => QueueServer): FastifyPluginAsync {
  return async (app) => {
    app.register(
      queueRoutes((call) => server().answer(call)),
      { prefix: QUEUES_PATH },
    );
    app.register(
      queueControl(() => server().queues),
      { prefix: '/_emulator/queues' },
    );
  };
}

/** SMQ's face: `/{region}/queues/…` behind QUEUES_PATH. */
function queueRoutes(answer: (call: QueueCall) => Promise<QueueAnswer>): FastifyPluginAsync {
  const serve = async (request: FastifyRequest, reply: FastifyReply) => {
    const { region } = request.params as { region: string };
    const { url, originalUrl, headers, method } = request;
    const path = `${QUEUES_PATH}/${region}`;
    const called: QueueCall = {
      method,
      region,
      // Behind one of SMQ's own hosts the path was put there by leadToQueues, not by the client.
      endpoint: `http://${headers.host ?? 'localhost'}${url === originalUrl ? path : ''}`,
      resource: url.slice(path.length),
      wholeResource: url,
      headers,
      body: typeof request.body === 'string' ? request.body : '',
      whenGone: (act) => void (reply.raw.destroyed ? act() : reply.raw.once('close', act)),
    };
    const { headers: more, ...answered } = { contentType: XML, ...(await answer(called)) };
    return send(reply.headers({ 'x-mns-version': '2015-06-06', ...more }), answered);
  };

  return async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'string', bodyLimit: LARGEST_BODY }, (_request, body, done) =>
      done(null, body),
    );
    for (const url of ['/:region', '/:region/*']) {
      app.route({ method: ['GET', 'POST', 'PUT', 'DELETE'], url, handler: serve });
    }
  };
}
