import { createServer, request, Agent, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request on its way through a relay. */
export interface Passing {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface Passed {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** Answers instead of the far end; null cuts the connection. */
export type Relaying = (passing: Passing, passOn: (to: string) => Promise<Passed>) => Promise<Passed | null>;

/** An HTTP server between two of the product's parts: a load balancer, a doubling network, a slow or broken proxy. */
export class Relay {
  private readonly agent = new Agent({ keepAlive: true });
  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(relaying: Relaying): Promise<Relay> {
    const server = createServer((incoming, response) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        const { method = 'GET', url = '/', headers } = incoming;
        const passing = { method, path: url, headers, body: Buffer.concat(chunks) };
        relaying(passing, (to) => relay.send(to, passing)).then(
          (passed) => {
            if (passed === null) return void response.destroy();
            const { 'transfer-encoding': _chunked, 'content-length': _length, ...rest } = passed.headers;
            response.writeHead(passed.status, { ...rest, 'content-length': passed.body.length }).end(passed.body);
          },
          () => response.destroy(),
        );
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const relay = new Relay(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    return relay;
  }

  async close(): Promise<void> {
    this.agent.destroy();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private send(to: string, { method, path, headers, body }: Passing): Promise<Passed> {
    return new Promise((resolve, reject) => {
      const outgoing = request(`${to}${path}`, { method, headers, agent: this.agent }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) }),
        );
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }
}
