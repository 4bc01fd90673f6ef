import http from 'node:http';
import net from 'node:net';
import type { AddressInfo } from 'node:net';

export interface Received {
  method: string;
  url: string;
  contentType: string | undefined;
  body: string;
  params: Record<string, string>;
}

export interface Loopback {
  url: string;
  received: Received[];
  /** Sockets opened since the start. */
  connections: () => number;
}

const running = new Set<{ server: net.Server; dropConnections: () => void }>();

/** For `afterEach`: closes every server of this file, also those of a test that failed halfway. */
export async function closeServers(): Promise<void> {
  const closed = [...running].map(({ server, dropConnections }) => {
    dropConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  running.clear();
  await Promise.all(closed);
}

/** An HTTP server on a free port of 127.0.0.1 that keeps what it was sent. */
export async function serveHttp(
  answer: (response: http.ServerResponse, received: Received) => void | Promise<void>,
): Promise<Loopback> {
  const received: Received[] = [];
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const { method = '', url = '' } = request;
      const params = Object.fromEntries(new URLSearchParams(body || url.slice(url.indexOf('?') + 1)));
      const entry = { method, url, contentType: request.headers['content-type'], body, params };
      received.push(entry);
      void answer(response, entry);
    });
  });
  return { received, ...(await listen(server, () => server.closeAllConnections())) };
}

export function answerJson(value: unknown, status = 200): (response: http.ServerResponse) => void {
  return answerText(JSON.stringify(value), status);
}

export function answerText(text: string, status = 200): (response: http.ServerResponse) => void {
  return (response) => void response.writeHead(status).end(text);
}

/** A bare TCP server on a free port of 127.0.0.1. */
export async function serveTcp(accept: (socket: net.Socket) => void): Promise<Omit<Loopback, 'received'>> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    accept(socket);
  });
  return listen(server, () => sockets.forEach((socket) => socket.destroy()));
}

/** A URL of 127.0.0.1 where nobody listens. */
export async function deadUrl(): Promise<string> {
  const server = net.createServer();
  const url = await listenOn(server);
  await new Promise((resolve) => server.close(resolve));
  return url;
}

async function listen(server: net.Server, dropConnections: () => void): Promise<Omit<Loopback, 'received'>> {
  running.add({ server, dropConnections });
  let connections = 0;
  server.on('connection', () => (connections += 1));
  return { url: await listenOn(server), connections: () => connections };
}

async function listenOn(server: net.Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
