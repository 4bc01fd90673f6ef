import type http from 'node:http';
import { isIP, type Socket } from 'node:net';
import type { Proxies } from '@app/config';
import { HttpProxyAgent } from 'http-proxy-agent';
import { HttpsProxyAgent } from 'https-proxy-agent';

/** No connection to VOD came about, so no byte of the request has left for it. The reason is short and holds no URL. */
export class ProxyError extends Error {
  constructor(readonly reason: string) {
    super(reason);
  }
}

/** The URL of the proxy that leads to this endpoint; null when it is called without one. */
export function proxyFor(endpoint: string, { https, http, none = '' }: Proxies): string | null {
  const { protocol, hostname, port } = new URL(endpoint);
  const proxy = protocol === 'https:' ? https : http;
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (proxy === undefined || isLoopback(host)) return null;
  const at = port || (protocol === 'https:' ? '443' : '80');
  return none.split(/[\s,]+/).some((entry) => isExempt(entry.toLowerCase(), host, at)) ? null : proxy;
}

/** For people and logs: without user and password. */
export function originOf(proxy: string): string {
  return new URL(proxy).origin;
}

/** As Go and curl have it: a proxy elsewhere cannot mean our own machine. */
function isLoopback(host: string): boolean {
  return (
    host === 'localhost' ||
    host.endsWith('.localhost') ||
    host === '::1' ||
    (isIP(host) === 4 && host.startsWith('127.'))
  );
}

/** A name stands for itself and everything below it, with or without `.` or `*.` before it. */
function isExempt(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  // An IPv6 address without brackets has no port: the last part of fd00::5 only looks like one.
  const named = isIP(entry) === 6 ? [entry, entry] : /^(?:\*?\.)?\[?([^[\]]+?)\]?(?::(\d+))?$/.exec(entry);
  const [, name = '', onlyPort] = named ?? [];
  const isNamed = name !== '' && (host === name || (isIP(host) === 0 && host.endsWith(`.${name}`)));
  return isNamed && (onlyPort === undefined || onlyPort === port);
}

interface AgentOptions {
  secure: boolean;
  idleMs: number;
  timeoutMs: number;
}

/**
 * Connections to the endpoint through the proxy: a tunnel (CONNECT) for https. For http the proxy gets the whole request,
 * and so may have passed it on whatever it answers.
 */
export function proxyAgent(proxy: string, { secure, idleMs, timeoutMs }: AgentOptions): http.Agent {
  // The packages print the URL that they are given when DEBUG is set: the password goes beside it.
  const { origin, username, password } = new URL(proxy);
  const login = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
  const headers: Record<string, string> = username || password ? { 'Proxy-Authorization': `Basic ${login}` } : {};
  const options = { keepAlive: true, timeout: idleMs, headers };
  const agent = secure ? new HttpsProxyAgent(origin, options) : new HttpProxyAgent(origin, options);
  // The packages forget these, file a connection under two names, and so never use it again.
  Object.assign(agent.options, { timeout: idleMs, secureEndpoint: secure });

  type Connect = (request: http.ClientRequest, options: object) => Promise<Socket>;
  const connect = agent.connect.bind(agent) as Connect;
  const dial: Connect = async (request, to) => {
    const patience = new AbortController();
    const tooLong = new Promise<never>((_, reject) => {
      patience.signal.addEventListener('abort', () => reject(patience.signal.reason as Error));
    });
    const timer = setTimeout(() => {
      patience.abort(new ProxyError(`the proxy does not answer within ${timeoutMs} ms`));
    }, timeoutMs);
    let answered = 200;
    request.once('proxyConnect', ({ statusCode }: { statusCode: number }) => (answered = statusCode));
    // Both packages open their socket before their first await, so each gets the signal that was set for it.
    Object.assign(agent.connectOpts, { signal: patience.signal });
    try {
      const socket = await Promise.race([connect(request, to), tooLong]);
      if (answered === 200) return socket;
      // The package would hand the proxy's refusal on as if it were VOD's answer.
      socket.destroy();
      throw new ProxyError(`the proxy refuses the way to VOD: HTTP ${answered}`);
    } catch (error) {
      throw error instanceof ProxyError ? error : unreachable(error);
    } finally {
      clearTimeout(timer);
    }
  };
  return Object.assign(agent, { connect: dial });
}

function unreachable(error: unknown): ProxyError {
  const { code } = error as NodeJS.ErrnoException;
  return new ProxyError(
    `the proxy cannot be reached: ${code !== undefined && /^[A-Z0-9_]{2,60}$/.test(code) ? code : 'it hung up'}`,
  );
}
