import http from 'node:http';
import https from 'node:https';
import { signCallback } from './signature';
import type { Delivery, HttpTarget, OutgoingEvent } from './transport';

export interface HttpTransportOptions {
  clock: () => number;
  maxSockets: number;
  /** VOD waits 5 s for an answer (docs/vod.md, "Retries"). */
  timeoutMs?: number | undefined;
}

/** Posts events to URLs. */
export class HttpTransport {
  readonly #agents: Record<'http:' | 'https:', http.Agent>;

  constructor(private readonly options: HttpTransportOptions) {
    const { maxSockets } = options;
    this.#agents = {
      'http:': new http.Agent({ keepAlive: true, maxSockets }),
      'https:': new https.Agent({ keepAlive: true, maxSockets }),
    };
  }

  post({ body, signing }: OutgoingEvent, { url, key, signedUrl = url }: HttpTarget): Promise<Delivery> {
    // The signature covers the text of the URL as it was set, not what a URL parser makes of it.
    const signed = { url: signedUrl, key, ageMs: 0, ...signing };
    const headers = {
      'Content-Type': 'application/json',
      'Content-Length': body.length,
      ...signatureHeaders(signed, this.options.clock()),
    };
    return new Promise((resolve) => {
      const target = new URL(url);
      const secure = target.protocol === 'https:';
      const agent = this.#agents[secure ? 'https:' : 'http:'];
      const request = (secure ? https : http).request(target, { method: 'POST', headers, agent });
      const fail = (error: string) => {
        clearTimeout(timer);
        resolve({ delivered: false, error });
      };
      const timer = setTimeout(() => {
        fail('timeout');
        request.destroy();
      }, this.options.timeoutMs ?? 5000);
      const failed = (error: NodeJS.ErrnoException) => fail(error.code ?? error.name);
      request.on('error', failed);
      request.on('response', (response) => {
        const status = response.statusCode ?? 0;
        response.resume();
        response.on('error', failed);
        response.on('end', () => {
          clearTimeout(timer);
          // 201, 204 and redirects are failures (docs/vod.md, "Retries").
          resolve({ delivered: status === 200, status });
        });
      });
      request.end(body);
    });
  }

  stop(): void {
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }
}

function signatureHeaders(
  { url, key, ageMs }: { url: string; key: string | undefined; ageMs: number },
  nowMs: number,
): Record<string, string> {
  if (key === undefined) return {};
  const timestamp = String(Math.floor((nowMs - ageMs) / 1000));
  return { 'X-VOD-TIMESTAMP': timestamp, 'X-VOD-SIGNATURE': signCallback(url, timestamp, key) };
}
