import http from 'node:http';
import { apiSecret } from './http';

/**
 * A process of its own that listens to the stream so many times, and breaks off and comes back when it is told to: what it
 * costs must not count for the api. It is asked by messages, see stream.ts.
 */

export type Order =
  | { order: 'listen'; apiUrl: string; listeners: number }
  /** Each breaks off once in so long on average; 0 is never. */
  | { order: 'break'; everyMs: number }
  /** Forgets the delays and the breaks so far. */
  | { order: 'begin' }
  | { order: 'tell'; changes: string[] };

export interface Told {
  /** Of all listeners together: changes that did not come, and those that came more than once. */
  missed: number;
  doubled: number;
  received: number;
  breaks: number;
  delayP50: number;
  delayP95: number;
}

/** Changes are known by a number, as there are many listeners and each has to remember all of them. */
const numbers = new Map<string, number>();
/** By delay in milliseconds. */
let delays = new Uint32Array(60_000);
let breaks = 0;
let received = 0;

class Listener {
  /** How often each change came. */
  counts = new Uint8Array(1024);
  private lastEventId = '';
  private text = '';
  private response: http.IncomingMessage | null = null;

  constructor(private readonly url: string) {}

  /** Resolves when it is ready for the first time. */
  listen(): Promise<void> {
    return new Promise((resolve) => this.connect(resolve));
  }

  breakOff(): void {
    breaks += 1;
    this.response?.destroy();
  }

  private connect(onReady?: () => void): void {
    const again = () => {
      this.response = null;
      setTimeout(() => this.connect(onReady), 20 + Math.random() * 100);
    };
    const headers = {
      authorization: `Bearer ${apiSecret}`,
      ...(this.lastEventId === '' ? {} : { 'last-event-id': this.lastEventId }),
    };
    const request = http.get(this.url, { headers, agent: false }, (response) => {
      if (response.statusCode !== 200) throw new Error(`GET ${this.url}: ${response.statusCode}`);
      this.response = response;
      this.text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        this.take(part);
        if (this.lastEventId !== '') onReady?.();
      });
      response.on('error', () => undefined); // it closes as well
      response.on('close', again);
    });
    request.on('error', () => {
      if (!this.response) again();
    });
  }

  private take(part: string): void {
    const now = Date.now();
    const blocks = (this.text + part).split('\n\n');
    this.text = blocks.pop() ?? '';
    for (const block of blocks) {
      const id = between(block, '\nid: ', '\n');
      if (id !== '') this.lastEventId = id;
      if (!block.startsWith('event: job\n')) continue;
      received += 1;
      this.count(numberOf(`${between(block, '"job":{"id":"', '"')} ${between(block, '"version":', ',')}`));
      const delay = Math.max(0, now - Date.parse(between(block, '"at":"', '"')));
      const slot = Math.min(delay, delays.length - 1);
      delays[slot] = (delays[slot] ?? 0) + 1;
    }
  }

  private count(change: number): void {
    if (change >= this.counts.length) {
      const larger = new Uint8Array(this.counts.length * 2);
      larger.set(this.counts);
      this.counts = larger;
    }
    this.counts[change] = (this.counts[change] ?? 0) + 1;
  }
}

/** Parsing every event 500 times would cost more than all that is measured. */
function between(text: string, before: string, after: string): string {
  const start = text.indexOf(before);
  return start < 0 ? '' : text.slice(start + before.length, text.indexOf(after, start + before.length));
}

function numberOf(change: string): number {
  const known = numbers.get(change) ?? numbers.size;
  numbers.set(change, known);
  return known;
}

function percentile(share: number): number {
  const all = delays.reduce((sum, count) => sum + count, 0);
  let seen = 0;
  return delays.findIndex((count) => (seen += count) >= all * share && seen > 0);
}

const listeners: Listener[] = [];
let breaking: NodeJS.Timeout | undefined;

async function obey(order: Order): Promise<Told | null> {
  switch (order.order) {
    case 'listen':
      for (let i = 0; i < order.listeners; i += 1) listeners.push(new Listener(`${order.apiUrl}/v1/stream`));
      await Promise.all(listeners.map((listener) => listener.listen()));
      return null;
    case 'break':
      clearInterval(breaking);
      if (order.everyMs > 0) {
        const pick = () => listeners[Math.floor(Math.random() * listeners.length)]?.breakOff();
        breaking = setInterval(pick, order.everyMs / listeners.length);
      }
      return null;
    case 'begin':
      delays = new Uint32Array(delays.length);
      breaks = received = 0;
      return null;
    case 'tell': {
      const wanted = order.changes.map(numberOf);
      const of = (isSo: (count: number) => boolean) =>
        listeners.reduce((sum, { counts }) => sum + wanted.filter((change) => isSo(counts[change] ?? 0)).length, 0);
      return {
        missed: of((count) => count === 0),
        doubled: of((count) => count > 1),
        received,
        breaks,
        delayP50: percentile(0.5),
        delayP95: percentile(0.95),
      };
    }
  }
}

process.on('message', (order: Order) => void obey(order).then((told) => process.send?.(told)));
