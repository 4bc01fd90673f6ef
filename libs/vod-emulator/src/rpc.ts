import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { type Call, type SignedByHeaders, formatOf } from './call';
import { type Refusal, refusals } from './refusals';
import { regionOfHost } from './regions';
import { xmlOf } from './xml';

export interface Answer {
  status: number;
  /** An object leaves in the format that the call wants, a text as it is. */
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
  /** The region of a request whose path and host name none. */
  defaultRegion: string;
  requestId: () => string;
  answer: (call: Call) => Answer | Promise<Answer>;
}

const JSON_TEXT = 'application/json;charset=utf-8';
const XML_TEXT = 'text/xml;charset=utf-8';

/** VOD's face: `/`, or `/{region}` where one port stands for the hosts of several regions. */
export function rpcRoutes(service: RpcService): FastifyPluginAsync {
  const callOf = (request: FastifyRequest): Call => {
    const named = (request.params as { region?: string }).region ?? regionOfHost(request.headers.host);
    const region = named ?? service.defaultRegion;
    const signedByHeaders = signedParts(request);
    const parameters = parametersOf(request, signedByHeaders);
    return { method: request.method, region, parameters, ...(signedByHeaders && { signedByHeaders }) };
  };

  const serve = (request: FastifyRequest, reply: FastifyReply) => {
    const call = callOf(request);
    const answer = service.answer(call);
    return answer instanceof Promise ? answer.then((late) => respond(reply, late, call)) : respond(reply, answer, call);
  };
  const refuseMethod = (request: FastifyRequest, reply: FastifyReply) => {
    const call = callOf(request);
    return respond(reply, refusal(refusals.unsupportedMethod(), service.requestId(), call.region), call);
  };

  return async (app) => {
    // Parameters come from the query and from a form; a body of any other kind is only looked at for its signature.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
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
function respond(reply: FastifyReply, answer: Answer, call: Call): FastifyReply | Promise<FastifyReply> {
  const { whenSent, heldBy } = answer;
  // 'close' follows the last byte, and comes without it when the client has gone away: perhaps it has been already.
  if (whenSent && reply.raw.destroyed) whenSent();
  else if (whenSent) reply.raw.once('close', whenSent);
  const whole = inItsFormat(answer, call);
  return heldBy ? heldBy.then(() => send(reply, whole)) : send(reply, whole);
}

function inItsFormat(answer: Answer, call: Call): Answer {
  const { status, body } = answer;
  if (typeof body === 'string' || formatOf(call) === 'JSON') return answer;
  const root = status >= 400 ? 'Error' : `${call.parameters.get('Action') ?? ''}Response`;
  return { ...answer, body: xmlOf(root, body), contentType: XML_TEXT };
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

function parametersOf(request: FastifyRequest, signed: SignedByHeaders | undefined): Map<string, string> {
  const parameters = new Map(queryOf(request));
  const isForm = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded');
  if (isForm && Buffer.isBuffer(request.body)) {
    for (const [name, value] of new URLSearchParams(request.body.toString())) parameters.set(name, value);
  }
  if (signed) {
    const { headers } = signed;
    for (const [name, header] of [
      ['Action', 'x-acs-action'],
      ['Version', 'x-acs-version'],
    ] as const) {
      parameters.set(name, headers.get(header) ?? '');
    }
    // Which format such a call gets by default is in no page. VOD's own client accepts JSON and sends no Format.
    if (!parameters.has('Format')) parameters.set('Format', headers.get('accept')?.includes('xml') ? 'XML' : 'JSON');
  }
  return parameters;
}

function signedParts(request: FastifyRequest): SignedByHeaders | undefined {
  const { authorization } = request.headers;
  if (!authorization?.startsWith('ACS3-')) return undefined;
  const [path = '/'] = (request.raw.url ?? '').split('?', 1);
  const headers = Object.entries(request.headers).map(([name, value]) => [name, [value].flat().join(',')] as const);
  return {
    authorization,
    path,
    query: queryOf(request),
    headers: new Map(headers),
    body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
  };
}

function queryOf(request: FastifyRequest): [string, string][] {
  const [, query = ''] = (request.raw.url ?? '').split('?', 2);
  return [...new URLSearchParams(query)];
}
