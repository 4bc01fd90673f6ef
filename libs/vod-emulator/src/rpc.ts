import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { Call } from './gateway';
import { type Refusal, refusals } from './refusals';

export interface Answer {
  status: number;
  /** An object leaves as JSON, a text as it is. */
  body: object | string;
  contentType?: string;
  /** Called when the answer has left, or can't leave any more because the client is gone. */
  whenSent?: () => void;
  /** The answer waits here until this is settled. */
  heldBy?: Promise<unknown>;
  /** How much of it leaves: all, the head and half of the text, or nothing but the end of the connection. */
  way?: 'whole' | 'half' | 'drop' | 'reset';
}

export interface RpcService {
  /** The region of a request whose path names none. */
  defaultRegion: string;
  requestId: () => string;
  answer: (call: Call) => Answer | Promise<Answer>;
}

const JSON_TEXT = 'application/json;charset=utf-8';

/** VOD's face: `/`, or `/{region}` where one port stands for the hosts of several regions. */
export function rpcRoutes(service: RpcService): FastifyPluginAsync {
  const regionOf = (request: FastifyRequest) => (request.params as { region?: string }).region ?? service.defaultRegion;

  const serve = (request: FastifyRequest, reply: FastifyReply) => {
    const call = { method: request.method, region: regionOf(request), parameters: parametersOf(request) };
    const answer = service.answer(call);
    return answer instanceof Promise ? answer.then((late) => respond(reply, late)) : respond(reply, answer);
  };
  const refuseMethod = (request: FastifyRequest, reply: FastifyReply) =>
    respond(reply, refusal(refusals.unsupportedMethod(), service.requestId(), regionOf(request)));

  return async (app) => {
    // Parameters come from the query and from a form; a body of any other kind is not looked at.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
    for (const url of ['/', '/:region', '/:region/']) {
      app.route({ method: ['GET', 'POST'], url, handler: serve });
      app.route({ method: ['PUT', 'PATCH', 'DELETE'], url, handler: refuseMethod });
    }
  };
}

export function refusal({ status, code, message }: Refusal, requestId: string, region: string): Answer {
  const body = {
    RequestId: requestId,
    HostId: `vod.${region}.aliyuncs.com`,
    Code: code,
    Message: message,
    Recommend: `https://error-center.aliyun.com/status/search?Keyword=${code}&source=PopGw`,
  };
  return { status, body };
}

/** Every answer leaves here, when its operation was executed or refused already. */
function respond(reply: FastifyReply, answer: Answer): FastifyReply | Promise<FastifyReply> {
  const { whenSent, heldBy } = answer;
  // 'close' follows the last byte, and comes without it when the client has gone away: perhaps it has been already.
  if (whenSent && reply.raw.destroyed) whenSent();
  else if (whenSent) reply.raw.once('close', whenSent);
  return heldBy ? heldBy.then(() => send(reply, answer)) : send(reply, answer);
}

export function send(reply: FastifyReply, { status, body, contentType = JSON_TEXT, way = 'whole' }: Answer): FastifyReply {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  if (way === 'whole') return reply.code(status).header('Content-Type', contentType).send(text);

  const { raw } = reply.hijack();
  switch (way) {
    case 'half': {
      const bytes = Buffer.from(text);
      raw.writeHead(status, { 'Content-Type': contentType, 'Content-Length': bytes.length });
      raw.write(bytes.subarray(0, bytes.length / 2), () => raw.destroy());
      break;
    }
    case 'drop':
      raw.destroy();
      break;
    case 'reset':
      raw.socket?.resetAndDestroy();
      break;
  }
  return reply;
}

function parametersOf(request: FastifyRequest): Map<string, string> {
  const [, query = ''] = (request.raw.url ?? '').split('?', 2);
  const parameters = new Map(new URLSearchParams(query));
  const isForm = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded');
  if (isForm && typeof request.body === 'string') {
    for (const [name, value] of new URLSearchParams(request.body)) parameters.set(name, value);
  }
  return parameters;
}
