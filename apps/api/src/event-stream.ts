import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { formatPosition, type News, type Position } from '@app/persistence';
import type { Batch } from './change-feed';
import type { StreamFilter } from './stream-filter';
import { historyView, jobView } from './views';

/** Below the time-outs that proxies have for a silent connection (nginx: 60 s), and soon enough to notice a dead one. */
const HEARTBEAT_MS = 15_000;

/** Unread bytes with which a listener is taken for gone. It comes back, and has missed nothing. */
const UNREAD_MAX = 1024 * 1024;

/** A listener that catches up and reads nothing for so long is gone as well. */
const STALLED_MS = 30_000;

/** The longest pause of a client after a break. Browsers take some seconds by themselves. */
const RETRY_MS = 1_000;

/** One client's server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html */
export class EventStream {
  private readonly heartbeat = setInterval(() => this.write(Buffer.from(this.stillHere())), HEARTBEAT_MS);
  /** Set once the client has had all that came before. */
  whereItIs: (() => Position) | null = null;

  constructor(
    private readonly response: ServerResponse,
    requestId: string,
    onClose: () => void,
  ) {
    response.once('close', () => {
      clearInterval(this.heartbeat);
      onClose();
    });
    response.writeHead(200, {
      'request-id': requestId,
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no', // nginx would keep events back until it has a bufferful
      connection: 'close', // there is nothing to come after it
    });
  }

  get isOpen(): boolean {
    return !this.response.destroyed && !this.response.writableEnded;
  }

  /** The first event: from here on nothing will be missed. */
  ready(position: Position): void {
    this.write(Buffer.from(`retry: ${RETRY_MS}\n${event('ready', position, '{}')}`));
  }

  /** For whoever follows: what cannot be written at once is kept, up to a limit. */
  write(text: Buffer): void {
    if (!this.isOpen || text.length === 0) return;
    // guard: unread-is-cut-off
    if (this.response.writableLength > UNREAD_MAX) this.response.destroy();
    else this.response.write(text);
  }

  /** For whoever catches up: resolves when the client has room for more. */
  async writeInStep(text: string): Promise<void> {
    if (!this.isOpen || text === '' || this.response.write(text)) return;
    const stalled = setTimeout(() => this.response.destroy(), STALLED_MS);
    const gone = new AbortController();
    const onClose = () => gone.abort();
    this.response.once('close', onClose);
    await once(this.response, 'drain', { signal: gone.signal }).catch(() => undefined);
    this.response.off('close', onClose);
    clearTimeout(stalled);
  }

  end(): void {
    this.response.end();
  }

  /** With its position: a client whose filter lets nothing through would come back with one of hours ago. */
  private stillHere(): string {
    const position = this.whereItIs?.();
    return `: still here\n${position ? event('position', position, '{}') : '\n'}`;
  }
}

function event(name: string, position: Position, data: string): string {
  return `event: ${name}\nid: ${formatPosition(position)}\ndata: ${data}\n\n`;
}

const words = new WeakMap<News, string>();
const texts = new WeakMap<Batch, Map<string, Buffer>>();

/** A change as an event. Put into words once, however many listen. */
function wordsOf(news: News): string {
  const known = words.get(news);
  if (known !== undefined) return known;
  const { line, job, position } = news;
  const text = event('job', position, JSON.stringify({ change: historyView(line), job: jobView(job) }));
  words.set(news, text);
  return text;
}

/** What a filter lets through of a batch. Put together once, however many have that filter. */
export function textOf(batch: Batch, filter: StreamFilter): Buffer {
  const known = texts.get(batch) ?? new Map<string, Buffer>();
  texts.set(batch, known);
  let text = known.get(filter.key);
  if (!text) {
    text = Buffer.from(textOfAll(batch.news, filter));
    known.set(filter.key, text);
  }
  return text;
}

export function textOfAll(news: readonly News[], filter: StreamFilter): string {
  return news
    .filter((each) => filter.lets(each))
    .map(wordsOf)
    .join('');
}
