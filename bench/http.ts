import http from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

/** The one key that the api is started with. */
export const apiSecret = 'bench-operator-secret';

interface Answer {
  status: number;
  text: string;
}

const plain = new http.Agent({ keepAlive: true });

export async function getJson<T>(url: string): Promise<T> {
  const { status, text } = await send(plain, 'GET', url);
  if (status !== 200) throw new Error(`GET ${url}: ${status} ${text}`);
  return JSON.parse(text) as T;
}

export async function sendJson<T>(method: string, url: string, body: unknown): Promise<T> {
  const { status, text } = await send(plain, method, url, JSON.stringify(body));
  if (status < 200 || status > 299) throw new Error(`${method} ${url}: ${status} ${text}`);
  return JSON.parse(text) as T;
}

/** Clients that hold a connection each and ask again when they are answered. Answers the seconds that it took. */
export async function enqueueAll(apiUrl: string, mediaIds: string[], connections: number): Promise<number> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections });
  const left = mediaIds.values();
  const started = performance.now();
  const client = async () => {
    for (const mediaId of left) await enqueue(agent, apiUrl, mediaId);
  };
  try {
    await Promise.all(Array.from({ length: connections }, client));
    return (performance.now() - started) / 1000;
  } finally {
    agent.destroy();
  }
}

/** An open loop: requests leave by the clock, whether the ones before are answered or not. */
export async function enqueueSteadily(apiUrl: string, mediaIds: Iterable<string>, perSecond: number): Promise<void> {
  const agent = new http.Agent({ keepAlive: true });
  const started = performance.now();
  const underWay = new Set<Promise<void>>();
  const failures: unknown[] = [];
  let asked = 0;
  try {
    for (const mediaId of mediaIds) {
      const waitMs = started + (asked * 1000) / perSecond - performance.now();
      if (waitMs > 0) await pause(waitMs);
      // An hour of them is too many to keep, and nobody would listen to one that fails before the end.
      if (failures.length > 0) break;
      const answer: Promise<void> = enqueue(agent, apiUrl, mediaId)
        .catch((error: unknown) => void failures.push(error))
        .finally(() => underWay.delete(answer));
      underWay.add(answer);
      asked += 1;
    }
    await Promise.all(underWay);
    if (failures.length > 0) throw new Error('a request failed', { cause: failures[0] });
  } finally {
    agent.destroy();
  }
}

async function enqueue(agent: http.Agent, apiUrl: string, mediaId: string): Promise<void> {
  const { status, text } = await send(
    agent,
    'POST',
    `${apiUrl}/v1/jobs`,
    JSON.stringify({ mediaId, types: ['AIVideoTag'] }),
  );
  if (status !== 202) throw new Error(`POST /v1/jobs: ${status} ${text}`);
}

function send(agent: http.Agent, method: string, url: string, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${apiSecret}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    };
    const request = http.request(url, { method, agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}
