import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

export interface Received {
  /** The `webhook-id`. */
  id: string;
  headers: IncomingHttpHeaders;
  body: string;
  message: {
    type: string;
    timestamp: string;
    data: { job?: Record<string, unknown>; result?: unknown; resultUrl?: string };
  };
}

type Answer = (response: ServerResponse, received: Received, nth: number) => void;

/** Whoever wants to be told, as a client would write it: a server that answers 204, or what a test says. */
export class Receiver {
  readonly received: Received[] = [];
  answer: Answer = (response) => response.writeHead(204).end();

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(answer?: Answer): Promise<Receiver> {
    const server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () => {
        const { headers } = request;
        const received = { id: String(headers['webhook-id']), headers, body, message: JSON.parse(body) };
        receiver.received.push(received);
        receiver.answer(response, received, receiver.received.length);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const receiver = new Receiver(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}/path-canary`);
    if (answer) receiver.answer = answer;
    return receiver;
  }

  get ids(): string[] {
    return this.received.map(({ id }) => id);
  }

  /** Throws unless all of it is signed with this secret. */
  verifyAll(secret: string): void {
    const webhook = new Webhook(secret);
    for (const { body, headers } of this.received) webhook.verify(body, headers as Record<string, string>);
  }

  close(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => {
      this.server.close(() => resolve());
    });
  }
}
