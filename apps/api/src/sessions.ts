import { createHash, randomBytes } from 'node:crypto';
import { cameFromOwnPage } from '@app/origin';
import type { FastifyRequest } from 'fastify';
import type { Caller } from './callers/api-keys';
import { Problem } from './problems';

/** Whoever starts an instance and goes for a coffee can still follow the link; what is left of it in a terminal opens nothing. */
const LINK_MS = 15 * 60_000;

/** Each link opens one session, and only who has a key gets links: more than these nobody follows. */
const LINKS = 20;
const SESSIONS = 100;

type Asking = Pick<FastifyRequest, 'method' | 'headers' | 'socket'>;

/**
 * How browsers are signed in to a local instance: by a link that opens one session, once, for a cookie. All of it is
 * in the memory of this process, and ends with it.
 */
export class Sessions {
  /** By the digest of what is in the link and in the cookie: what lies here opens nothing. */
  private readonly links = new Map<string, { caller: Caller; until: number }>();
  private readonly sessions = new Map<string, Caller>();

  /** What stands in a link that signs in as `caller`. */
  offer(caller: Caller, nowMs: number): string {
    const token = newSecret();
    add(this.links, LINKS, digestOf(token), { caller, until: nowMs + LINK_MS });
    return token;
  }

  /** Opens the session of a link and answers what goes into the cookie; null when the link was followed before, or is too old. */
  open(token: string, nowMs: number): string | null {
    const digest = digestOf(token);
    const link = this.links.get(digest);
    this.links.delete(digest); // guard: link-works-once
    if (!link || link.until < nowMs) return null; // guard: link-in-time
    const secret = newSecret();
    add(this.sessions, SESSIONS, digestOf(secret), link.caller);
    return secret;
  }

  /**
   * Who sends the cookie of a session; null when nobody does, or a key comes with it: that says who one wants to be. The browser
   * sends the cookie for the pages of other ports too, so by itself it changes nothing.
   */
  callerOf(request: Asking): Caller | null {
    if (request.headers.authorization !== undefined) return null;
    const caller = this.sessions.get(this.digestIn(request) ?? '') ?? null;
    // guard: session-of-own-page
    if (caller && !cameFromOwnPage(request)) {
      throw new Problem('foreign_origin', 'a session is for the pages of this origin; expected an API key');
    }
    return caller;
  }

  isOpenFor(request: Asking): boolean {
    return this.digestIn(request) !== undefined;
  }

  end(request: Asking): void {
    this.sessions.delete(this.digestIn(request) ?? '');
  }

  /** Any of the cookies of this name: one that another port has set does not hide ours. */
  private digestIn({ headers, socket }: Asking): string | undefined {
    const start = `${cookieName(socket.localPort)}=`;
    return (headers.cookie ?? '')
      .split(';')
      .map((cookie) => cookie.trim())
      .filter((cookie) => cookie.startsWith(start))
      .map((cookie) => digestOf(cookie.slice(start.length)))
      .find((digest) => this.sessions.has(digest));
  }
}

/** Beside the dashboard, wherever that is. */
export function signInPath(token: string): string {
  return `session?token=${token}`;
}

/** Without a date: the browser forgets it at its own end, and this process at its. */
export function sessionCookie(port: number | undefined, secret: string): string {
  return `${cookieName(port)}=${secret}; Path=/; HttpOnly; SameSite=Strict`;
}

export function endedCookie(port: number | undefined): string {
  return `${sessionCookie(port, '')}; Max-Age=0`;
}

/** Cookies know no ports: two instances on one machine must not overwrite each other's. */
function cookieName(port: number | undefined): string {
  return `vodai_session_${port}`;
}

function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

/** The oldest goes when there are too many. */
function add<T>(to: Map<string, T>, limit: number, key: string, value: T): void {
  to.set(key, value);
  for (const oldest of to.keys()) {
    if (to.size <= limit) return;
    to.delete(oldest);
  }
}
