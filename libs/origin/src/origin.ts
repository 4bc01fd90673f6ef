import type { IncomingHttpHeaders } from 'node:http';

/** What of a request says where it comes from. */
export interface Asked {
  method: string;
  headers: IncomingHttpHeaders;
}

/** Where it was received. */
interface Door {
  /** The address that is listened on, as in HOST. */
  listensOn: string;
  /** Whether pages are served here that call it. If not, whatever a page sends is another's. */
  servesPages: boolean;
}

/**
 * Why a browser's request is not served, null when it is. Any page on the internet can have the browser call this machine: by
 * its address, and by a name of the page's own that was made to point at it (DNS rebinding). The first shows in
 * `Sec-Fetch-Site` and `Origin`, the second in `Host`: a page can set none of them. Programs send only `Host`.
 */
export function refusalOf(request: Asked, { listensOn, servesPages }: Door): string | null {
  const { host } = request.headers;
  // guard: host-of-loopback
  if (isLoopback(listensOn) && host !== undefined && !isLoopback(nameIn(host))) {
    return `expected the Host localhost, 127.0.0.1 or [::1], got "${host.slice(0, 100)}"`;
  }
  if (isNavigation(request)) return null;
  const source = sourceOf(request);
  // guard: pages-of-another-origin
  if (source === 'another page') {
    return `expected a call of this origin, got one of ${(request.headers.origin ?? 'another').slice(0, 100)}`;
  }
  // guard: no-page-of-ours
  if (!servesPages && source !== 'a program' && !isSafe(request)) {
    return 'expected a program rather than a browser: no page of ours calls this';
  }
  return null;
}

/**
 * Whether the browser sent it for a page of this very origin. A cookie says less: it goes to every port of a host, from
 * the pages of every port.
 */
export function cameFromOwnPage(request: Asked): boolean {
  const source = sourceOf(request);
  return source === 'our page' || (source !== 'another page' && isSafe(request));
}

type Source = 'our page' | 'another page' | 'the address bar' | 'a program';

function sourceOf({ headers }: Asked): Source {
  switch (headers['sec-fetch-site']) {
    case 'same-origin':
      return 'our page';
    case 'none':
      return 'the address bar';
    // Browsers before 2023, and those that reach us by http under a name.
    case undefined:
      if (headers.origin === undefined) return 'a program';
      return isSameAddress(headers.origin, `http://${headers.host}`) ? 'our page' : 'another page';
    // Also same-site: to a browser all ports of a host are one site.
    default:
      return 'another page';
  }
}

/** A link that somebody follows: what comes is shown to them, and nothing of it to the page that has the link. */
function isNavigation(request: Asked): boolean {
  const { 'sec-fetch-mode': mode, 'sec-fetch-dest': dest } = request.headers;
  return isSafe(request) && mode === 'navigate' && dest === 'document';
}

function isSafe({ method }: Asked): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** By host and port: TLS may end before us. Pages in a sandbox or from a file have the origin "null". */
function isSameAddress(origin: string, ours: string): boolean {
  return URL.canParse(origin) && URL.canParse(ours) && new URL(origin).host === new URL(ours).host;
}

/** An address or a name that nobody can give to another machine; the names are those of RFC 6761. */
function isLoopback(name: string): boolean {
  return /^localhost$|.\.localhost$|^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name) || name === '::1';
}

/** The name in a Host header, without its port; brackets are an IPv6 address's. */
function nameIn(host: string): string {
  return /^(?:\[([^\]]+)\]|([^:]+))(?::\d+)?$/.exec(host)?.slice(1).find(Boolean)?.toLowerCase() ?? '';
}
