import http from 'node:http';
import net, { type AddressInfo } from 'node:net';

export interface TestProxy {
  url: string;
  /** What it was asked for: `CONNECT host:port` or `POST http://host/path`, each with the login that came along. */
  asked: { what: string; login: string | null }[];
  /** Opened to it since the start, and those that are open. */
  connections: () => number;
  open: () => number;
  close: () => Promise<void>;
}

interface ProxyOptions {
  /** Every host leads here. */
  to: string;
  /** Refuses everything with this status. */
  refuse?: number;
  /** Takes the connection and says nothing. */
  mute?: boolean;
  /** Ends a tunnel at once after it was promised. */
  cutTunnels?: boolean;
}

/** A proxy on a free port of 127.0.0.1: tunnels, and requests that it passes on. */
export async function startProxy({ to, refuse, mute = false, cutTunnels = false }: ProxyOptions): Promise<TestProxy> {
  const asked: TestProxy['asked'] = [];
  const target = new URL(to);
  const sockets = new Set<net.Socket>();
  const note = (what: string, { headers }: http.IncomingMessage) => {
    const [, login = ''] = /^Basic (.*)$/.exec(headers['proxy-authorization'] ?? '') ?? [];
    asked.push({ what, login: login === '' ? null : Buffer.from(login, 'base64').toString() });
  };
  const onwards = new http.Agent({ keepAlive: true });
  const server = http.createServer((request, response) => {
    note(`${request.method} ${request.url}`, request);
    if (mute) return;
    if (refuse !== undefined) return void response.writeHead(refuse).end('<html>not through here</html>');
    const { 'proxy-authorization': _login, 'proxy-connection': _connection, ...headers } = request.headers;
    const { pathname, search } = new URL(request.url ?? '');
    const onward = http.request(
      target,
      // By its own name: the emulator takes no other where it is on loopback.
      { agent: onwards, method: request.method, path: pathname + search, headers: { ...headers, host: target.host } },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  server.on('connect', (request: http.IncomingMessage, socket: net.Socket) => {
    note(`CONNECT ${request.url}`, request);
    socket.on('error', () => undefined);
    // Nobody else reads it from here on, and so nobody else would see that the other end has gone.
    if (mute) return void socket.on('end', () => socket.destroy()).resume();
    if (refuse !== undefined) return void socket.end(`HTTP/1.1 ${refuse} No\r\ncontent-length: 2\r\n\r\nno`);
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    if (cutTunnels) return void socket.destroy();
    const onward = net.connect(Number(target.port), target.hostname);
    sockets.add(onward);
    onward.on('error', () => socket.destroy());
    socket.on('close', () => onward.destroy());
    onward.on('close', () => socket.destroy());
    onward.pipe(socket).pipe(onward);
  });
  let connections = 0;
  let open = 0;
  server.on('connection', (socket: net.Socket) => {
    sockets.add(socket);
    connections += 1;
    open += 1;
    socket.on('close', () => (open -= 1));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    connections: () => connections,
    open: () => open,
    close: async () => {
      onwards.destroy();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
