import http from 'node:http';
import https from 'node:https';
import type { Proxies } from '@app/config';
import { proxyAgent, ProxyError, proxyFor } from '../proxy';

/** Sixteen messages of 64 KiB, each of their characters as a reference of six. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/** As in rpc.ts: closed by us before the far end does. */
const IDLE_MS = 2_000;

export interface HttpCall {
  method: string;
  /** Behind the path of the endpoint. */
  resource: string;
  headers: Record<string, string>;
  body?: string | undefined;
  /** For all of it. */
  patienceMs: number;
  stop?: AbortSignal | undefined;
}

/** No answer was got to its end. The code and the message are short and hold no URL. */
export class NoAnswerError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Requests to one endpoint, through the proxy that leads there. Node's own client rather than fetch, which takes no agent and so no
 * proxy (docs/decisions/0021-our-own-client-for-the-queue.md).
 */
export class Http {
  readonly proxy: string | null;
  private readonly secure: boolean;
  private readonly agent: http.Agent;

  /** @param endpoint may have a path, which stands before that of each call */
  constructor(
    private readonly endpoint: string,
    connectMs: number,
    proxies: Proxies,
  ) {
    this.secure = endpoint.startsWith('https:');
    this.proxy = proxyFor(endpoint, proxies);
    const options = { keepAlive: true, timeout: IDLE_MS };
    if (this.proxy) {
      this.agent = proxyAgent(this.proxy, { secure: this.secure, idleMs: IDLE_MS, timeoutMs: connectMs });
    } else this.agent = this.secure ? new https.Agent(options) : new http.Agent(options);
  }

  /** @throws NoAnswerError */
  async call({
    method,
    resource,
    headers,
    body,
    patienceMs,
    stop,
  }: HttpCall): Promise<{ status: number; text: string }> {
    const over = new AbortController();
    const give = () => over.abort();
    const timer = setTimeout(give, patienceMs);
    stop?.addEventListener('abort', give);
    if (stop?.aborted) give();
    try {
      // Node gives no length to the body of a DELETE.
      const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
      const options = { method, headers: { ...headers, ...length }, agent: this.agent, signal: over.signal };
      const url = new URL(`${this.endpoint}${resource}`);
      const request = this.secure ? https.request(url, options) : http.request(url, options);
      const response = answerTo(request);
      request.end(body);
      return await read(await response);
    } catch (error) {
      if (stop?.aborted) throw new NoAnswerError('Stopped', 'the process stops');
      if (over.signal.aborted) throw new NoAnswerError('TimedOut', `no answer within ${patienceMs} ms`);
      throw error instanceof NoAnswerError ? error : lost(error);
    } finally {
      clearTimeout(timer);
      stop?.removeEventListener('abort', give);
    }
  }

  /** Closes the connections; a call under way ends as one whose connection was lost. */
  close(): void {
    this.agent.destroy();
  }
}

function answerTo(request: http.ClientRequest): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    request.on('error', reject); // also after the answer has begun: nobody else listens then
  });
}

async function read(response: http.IncomingMessage): Promise<{ status: number; text: string }> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES)
      throw new NoAnswerError('TooLarge', `an answer of more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') };
}

function lost(error: unknown): NoAnswerError {
  if (error instanceof ProxyError) return new NoAnswerError('NoProxy', error.reason);
  const { code } = error as NodeJS.ErrnoException;
  const named = code !== undefined && /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? code : 'NoAnswer';
  return new NoAnswerError(named, 'the call failed');
}
