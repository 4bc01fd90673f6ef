import * as http from 'node:http';
import * as https from 'node:https';
import type { LookupFunction, TcpSocketConnectOpts } from 'node:net';
import type { Networks } from './networks';
import type { Address, Resolve } from './resolve';
import { findTarget, type Target } from './target';

interface Posting {
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** What somebody answered, whatever it was, or why nobody did. */
export type Posted =
  | { outcome: 'answered'; status: number; retryAfter: string | null; head: Buffer }
  | { outcome: Unanswered; error: string };

type Unanswered = 'timed_out' | 'refused' | 'unresolved' | 'forbidden_address' | 'untrusted' | 'broken';

export interface OutboundOptions {
  allow: Networks;
  /** From the first question for the host's address to the last byte of the answer. */
  deadlineMs?: number;
  resolve?: Resolve;
  /** Certificates that are trusted beside those of Node, for tests. */
  ca?: string;
}

const DEADLINE_MS = 10_000;

/** Of an answer so much is read, and its headers may be as long; nobody needs more of it. */
const ANSWER_MAX = 16 * 1024;

/**
 * Calls a URL that somebody else has given, and nothing that this may lead to: its address is one that was looked at, no redirect is
 * followed, and neither silence nor an endless answer takes longer than the deadline.
 */
export class Outbound {
  constructor(private readonly options: OutboundOptions) {}

  /** Never throws. */
  async post({ url, headers, body }: Posting): Promise<Posted> {
    const { allow, resolve, deadlineMs = DEADLINE_MS, ca } = this.options;
    const begun = performance.now();
    const target = await findTarget(url, { allow, ...(resolve && { resolve }), withinMs: deadlineMs });
    if (!target.ok) {
      return { outcome: target.problem === 'unresolved' ? 'unresolved' : 'forbidden_address', error: target.reason };
    }
    const leftMs = Math.max(Math.ceil(deadlineMs - (performance.now() - begun)), 1);
    return send(target, { headers, body, leftMs, deadlineMs, ...(ca !== undefined && { ca }) });
  }
}

/** Of several addresses the next is tried after this. Node's own quarter of a second is less than the way to another continent takes. */
const CONNECT_MS = 2_500;

interface Sending {
  headers: Record<string, string>;
  body: string;
  leftMs: number;
  deadlineMs: number;
  ca?: string;
}

function send({ url, addresses }: Target, { headers, body, leftMs, deadlineMs, ca }: Sending): Promise<Posted> {
  const { request: open } = url.protocol === 'https:' ? https : http;
  const late = AbortSignal.timeout(leftMs);
  return new Promise((resolve) => {
    const options: https.RequestOptions & Pick<TcpSocketConnectOpts, 'autoSelectFamilyAttemptTimeout'> = {
      method: 'POST',
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      lookup: pinnedTo(addresses), // guard: pinned-address
      autoSelectFamilyAttemptTimeout: CONNECT_MS,
      signal: late,
      maxHeaderSize: ANSWER_MAX,
      agent: false, // a connection of its own: none that was made to an address that is not the host's any more
      ...(ca !== undefined && { ca }),
    };
    const request = open(url, options);
    // What happens to the connection after the head of an answer does not take back its status.
    let isAnswered = false;
    const end = (error: Error) => {
      if (!isAnswered) resolve(late.aborted ? timedOut(deadlineMs) : unanswered(error));
    };
    request.on('error', end);
    request.on('close', () => end(new Error('closed')));
    request.on('response', (response) => {
      isAnswered = true;
      void headOf(response).then((head) => {
        request.destroy();
        resolve({
          outcome: 'answered',
          status: response.statusCode ?? 0,
          retryAfter: response.headers['retry-after'] ?? null,
          head,
        });
      });
    });
    request.end(body);
  });
}

/** The name stays in SNI and Host, and nobody is asked for it again. */
function pinnedTo(addresses: Address[]): LookupFunction {
  return (_host, { all }, done) => {
    const [first] = addresses;
    if (all === true) done(null, addresses);
    else done(null, first?.address ?? '', first?.family);
  };
}

/** The beginning of its text, as far as it came. */
async function headOf(response: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= ANSWER_MAX) break; // guard: answer-capped
    }
  } catch {
    // what came is what there is
  }
  return Buffer.concat(chunks).subarray(0, ANSWER_MAX);
}

function timedOut(deadlineMs: number): Posted {
  return { outcome: 'timed_out', error: `no answer within ${deadlineMs / 1000} s` };
}

const noConnection = ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL', 'EHOSTDOWN', 'ENETDOWN'];

/** By its code only: the text of an error has the address in it. */
function unanswered(error: Error): Posted {
  const { code = error.name } = error as NodeJS.ErrnoException;
  if (code === 'ETIMEDOUT') return { outcome: 'timed_out', error: 'no connection in time' };
  if (noConnection.includes(code)) return { outcome: 'refused', error: `no connection (${code})` };
  if (/CERT|SELF_SIGNED|UNABLE_TO|HOSTNAME/.test(code)) {
    return { outcome: 'untrusted', error: `its certificate is not trusted (${code})` };
  }
  return { outcome: 'broken', error: `the connection broke (${code})` };
}
