import http from 'node:http';
import { eventually } from '@app/testing';

export interface ServerEvent {
  event: string;
  id: string | null;
  // Read as a client would: without a schema.
  data: any;
}

/** A client of the stream that keeps everything it was sent. It does not come back by itself. */
export class EventReader {
  readonly events: ServerEvent[] = [];
  readonly comments: string[] = [];
  /** When each of the events came, on the clock of `performance`. */
  private readonly came: number[] = [];
  ended = false;
  private text = '';

  private constructor(
    private readonly response: http.IncomingMessage,
    readonly status: number,
  ) {
    response.setEncoding('utf8');
    response.on('data', (part: string) => this.take(part));
    response.on('close', () => (this.ended = true));
    response.on('error', () => (this.ended = true));
  }

  static open(url: string, key: string, lastEventId?: string): Promise<EventReader> {
    const headers = {
      authorization: `Bearer ${key}`,
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    };
    return new Promise((resolve, reject) => {
      const request = http.get(url, { headers, agent: false }, (response) =>
        resolve(new EventReader(response, response.statusCode ?? 0)),
      );
      request.on('error', reject);
    });
  }

  get headers(): http.IncomingHttpHeaders {
    return this.response.headers;
  }

  get jobs(): ServerEvent[] {
    return this.events.filter(({ event }) => event === 'job');
  }

  /** `media version`, of each change in the order in which it came. */
  get told(): string[] {
    return this.jobs.map(({ data }) => `${data.job.mediaId} ${data.change.version}`);
  }

  /** When the first change came, or the one that `told` names. */
  cameAt(told?: string): number {
    const at = this.events.findIndex(
      ({ event, data }) => event === 'job' && (!told || `${data.job.mediaId} ${data.change.version}` === told),
    );
    return this.came[at] ?? Infinity;
  }

  get lastId(): string {
    return this.events.at(-1)?.id ?? '';
  }

  until(what: string, isSo: (reader: EventReader) => boolean): Promise<unknown> {
    return eventually(what, () => isSo(this) && this);
  }

  /** Stops reading, as a client does whose machine sleeps. */
  pause(): void {
    this.response.pause();
  }

  resume(): void {
    this.response.resume();
  }

  close(): void {
    this.response.destroy();
  }

  private take(part: string): void {
    const blocks = (this.text + part).split('\n\n');
    this.text = blocks.pop() ?? '';
    for (const block of blocks) {
      const lines = block.split('\n');
      this.comments.push(...lines.filter((line) => line.startsWith(':')));
      const field = (name: string) =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? null;
      const data = field('data');
      if (data === null) continue;
      this.events.push({ event: field('event') ?? 'message', id: field('id'), data: JSON.parse(data) });
      this.came.push(performance.now());
    }
  }
}
