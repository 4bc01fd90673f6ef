import http from 'node:http';
import https from 'node:https';
import RPCClient from '@alicloud/pop-core';
import type { Proxies } from '@app/config';
import { type AccessKey, type CredentialsProvider, NoCredentialsError } from './credentials';
import { faultOf, requestIdOf } from './fault';
import { type Fields, fieldsOf, textOf } from './fields';
import type { Fault } from './outcome';
import { proxyAgent, ProxyError, proxyFor } from './proxy';

export type Answer = { ok: true; body: Fields; requestId: string | null } | { ok: false; fault: Fault };

export interface RpcParams {
  /** Ours rather than pop-core's, so that a call can be repeated as it was, and the value kept out of messages. */
  SignatureNonce: string;
  [name: string]: string;
}

/** What pop-core's typings leave out: the credentials provider and the verbose answer. */
type Verbose = new (
  config: {
    endpoint: string;
    apiVersion: string;
    credentialsProvider: CredentialsProvider;
    codes: (string | number)[];
  },
  verbose: true,
) => {
  request(action: string, params: RpcParams, options: object): Promise<[unknown, { response: { statusCode: number } }]>;
};
const PopCore = RPCClient as unknown as Verbose;

/**
 * An idle connection is closed by us after this time, before the far end does: the request that meets a connection being
 * closed is reset, and for SubmitAIJob that is an unknown outcome. Node's own servers close after 5 s, others later.
 */
const idleMs = 2000;

/** Signed calls to VOD in one region, through pop-core. Never repeats a call by itself. */
export class Rpc {
  readonly proxy: string | null;
  /** How far VOD's clock was ahead of ours when it answered last, to the second; null before it has. */
  clockAheadMs: number | null = null;
  private readonly client: InstanceType<Verbose>;
  private readonly agent: http.Agent;
  private readonly beforeConnection = new WeakSet<object>();
  private key: AccessKey | null = null;

  constructor(
    endpoint: string,
    private readonly timeoutMs: number,
    private readonly credentials: CredentialsProvider,
    proxies: Proxies = {},
  ) {
    const secure = endpoint.startsWith('https:');
    const agentOptions = { keepAlive: true, timeout: idleMs };
    const proxy = proxyFor(endpoint, proxies);
    this.proxy = proxy;
    if (proxy) this.agent = proxyAgent(proxy, { secure, idleMs, timeoutMs });
    else this.agent = secure ? new https.Agent(agentOptions) : new http.Agent(agentOptions);
    // A connection to a proxy that passes requests on stands before it is handed out.
    if (!proxy || secure)
      noteFailedConnections(this.agent, secure ? 'secureConnect' : 'connect', this.beforeConnection);
    this.client = new PopCore(
      {
        endpoint,
        apiVersion: '2017-03-21',
        credentialsProvider: { getCredentials: async () => (this.key = await this.credentials.getCredentials()) },
        // pop-core throws for every Code it doesn't know as a success; VOD prints "0" for success inside its jobs.
        codes: ['0'],
      },
      true,
    );
  }

  async call(action: string, params: RpcParams): Promise<Answer> {
    const begunAt = Date.now();
    try {
      const [body, { response }] = await this.client.request(action, params, {
        // Upper case matters: with 'post' the signed parameters go into the URL.
        method: 'POST',
        timeout: this.timeoutMs,
        agent: this.agent,
      });
      this.noteClock(response, begunAt);
      return answerOf(body, response.statusCode);
    } catch (error) {
      this.noteClock(fieldsOf(fieldsOf(error)?.['entry'])?.['response'], begunAt);
      const sent = !isBeforeAny(error) && !this.beforeConnection.has(Object(error));
      return { ok: false, fault: faultOf(error, sent, this.timeoutMs, this.secrets(params)) };
    }
  }

  /** Closes the connections; a call under way ends as one whose connection was lost. */
  close(): void {
    this.agent.destroy();
  }

  /** Its header has whole seconds: what it says is on average half a second past, and was written amid the call. */
  private noteClock(response: unknown, begunAt: number): void {
    const date = textOf(fieldsOf(fieldsOf(response)?.['headers'])?.['date']);
    const vodsMs = date === null ? NaN : Date.parse(date) + 500;
    if (!Number.isNaN(vodsMs)) this.clockAheadMs = Math.round(vodsMs - (begunAt + Date.now()) / 2);
  }

  private secrets(params: RpcParams): string[] {
    const { accessKeyId = '', accessKeySecret = '', securityToken = '' } = this.key ?? {};
    return [accessKeySecret, securityToken, accessKeyId, params.SignatureNonce, params['AuthKey'] ?? ''];
  }
}

function isBeforeAny(error: unknown): boolean {
  return error instanceof NoCredentialsError || error instanceof ProxyError;
}

/** pop-core doesn't look at the HTTP status when the body has no Code. */
function answerOf(body: unknown, httpStatus: number): Answer {
  const fields = fieldsOf(plain(body));
  const requestId = fields === null ? null : requestIdOf(fields);
  if (fields === null || httpStatus < 200 || httpStatus > 299) {
    const what = fields === null ? 'an answer that is not an object' : 'no error code';
    return { ok: false, fault: { kind: 'no_usable_answer', cause: `HTTP ${httpStatus} with ${what}`, requestId } };
  }
  return { ok: true, body: fields, requestId };
}

/** pop-core's objects have no prototype and its long numbers are BigNumbers: these become text, digit for digit. */
function plain(body: unknown): unknown {
  return JSON.parse(JSON.stringify(body));
}

/**
 * Remembers every error that came before its connection stood: of such a request no byte has left. The codes alone don't
 * tell, as EHOSTUNREACH, ECONNRESET and TLS errors can come at any time.
 */
function noteFailedConnections(agent: http.Agent, established: string, failures: WeakSet<object>): void {
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback) => {
    const socket = connect(options, callback);
    const note = (error: Error) => failures.add(error);
    socket?.on('error', note).once(established, () => socket.off('error', note));
    return socket;
  };
}
