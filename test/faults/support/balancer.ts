import { Agent, createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** No connection is kept to the processes behind: a kept one that dies looks like an answer that was lost. */
const agent = new Agent({ keepAlive: false });

/**
 * What stands before several processes in real life: round robin over those that are in rotation. One that refuses the
 * connection has done nothing, so the next one is asked. One that ends in the middle may have done its work: only a call
 * that says itself that it may be repeated goes to the next one.
 */
export class Balancer {
  /** Every status that was answered, and how often; `cut` is a connection that ended without one. */
  readonly answers: Record<string, number> = {};
  private readonly backends: string[] = [];
  private turn = 0;

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(): Promise<Balancer> {
    const server = createServer((incoming, response) => void balancer.serve(incoming, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const balancer = new Balancer(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    return balancer;
  }

  add(backend: string): void {
    this.backends.push(backend);
  }

  remove(backend: string): void {
    const at = this.backends.indexOf(backend);
    if (at >= 0) this.backends.splice(at, 1);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
    } catch {
      return; // whoever called has hung up
    }
    const body = Buffer.concat(chunks);
    const mayRepeat = incoming.method === 'GET' || incoming.headers['idempotency-key'] !== undefined;
    this.turn += 1;
    const asked = this.backends.map((_, i) => this.backends[(this.turn + i) % this.backends.length] as string);
    for (const backend of asked) {
      const outcome = await passOn(backend, incoming, body, response);
      if (outcome === 'answered') return this.count(response.statusCode);
      if (outcome === 'cut' && !mayRepeat) return this.refuse(response, 502);
      if (response.headersSent) {
        response.destroy();
        return this.count('cut');
      }
    }
    this.refuse(response, 503);
  }

  private refuse(response: ServerResponse, status: number): void {
    response.writeHead(status).end();
    this.count(status);
  }

  private count(answer: number | string): void {
    this.answers[answer] = (this.answers[answer] ?? 0) + 1;
  }
}

function passOn(
  backend: string,
  { method, url, headers }: IncomingMessage,
  body: Buffer,
  response: ServerResponse,
): Promise<'answered' | 'refused' | 'cut'> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED' ? 'refused' : 'cut');
    const outgoing = request(`${backend}${url}`, { method, headers, agent }, (answer) => {
      const { connection: _hop, ...kept } = answer.headers;
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', failed);
      answer.on('end', () => {
        response.writeHead(answer.statusCode ?? 502, kept).end(Buffer.concat(chunks));
        resolve('answered');
      });
    });
    outgoing.on('error', failed);
    outgoing.end(body);
  });
}
