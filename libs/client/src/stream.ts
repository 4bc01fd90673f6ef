import type { StreamedChange } from '@app/contract';
import { createParser } from 'eventsource-parser';
import { ApiError, Unreachable } from './errors';
import { authorization, expectOk, send, urlOf, type Connection, type Query } from './http';

export interface StreamOptions {
  /** Each change once, in the order of the commits. `id` is where to resume after it. */
  onChange: (change: StreamedChange, id: string) => void;
  /** The stream is there, for the first time or again: what happens from now on (or from `lastEventId`) is told. */
  onReady?: (() => void) | undefined;
  /** It is lost, and will be tried again. */
  onTrouble?: ((error: unknown) => void) | undefined;
  /** Resumes after this one, without a gap. */
  lastEventId?: string | undefined;
  signal?: AbortSignal | undefined;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 10_000;

/** The API says something every 15 s. A connection that is silent for so long is dead, though nobody has closed it. */
const SILENCE_MS = 45_000;

/**
 * Follows `GET /v1/stream`, and comes back with its position whenever it is lost: no change is missed and none is told twice.
 * Resolves when `signal` aborts; throws ApiError when another try would be answered the same (wrong key, wrong filter).
 */
export async function follow(connection: Connection, filter: Query, options: StreamOptions): Promise<void> {
  const { onTrouble, signal } = options;
  const position = { id: options.lastEventId };
  let pauseMs = FIRST_PAUSE_MS;
  for (;;) {
    try {
      await readOnce(connection, filter, options, position, () => (pauseMs = FIRST_PAUSE_MS));
      onTrouble?.(new Unreachable(connection.baseUrl)); // it ended, which it never does by itself
    } catch (error) {
      if (signal?.aborted) return;
      if (error instanceof ApiError && error.status < 500) throw error;
      onTrouble?.(error);
    }
    await pause(pauseMs, signal);
    if (signal?.aborted) return;
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }
}

async function readOnce(
  { baseUrl, key }: Connection,
  filter: Query,
  { onChange, onReady, signal }: StreamOptions,
  position: { id: string | undefined },
  onAlive: () => void,
): Promise<void> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MS);
  try {
    const response = await send(urlOf(baseUrl, 'v1/stream', filter), {
      headers: { ...authorization(key), ...(position.id === undefined ? {} : { 'last-event-id': position.id }) },
      signal: signal ? AbortSignal.any([signal, silence.signal]) : silence.signal,
    });
    const { body } = await expectOk(response);
    if (!body) throw new Unreachable(baseUrl);
    const decoder = new TextDecoder();
    const parser = createParser({
      onEvent: ({ event, id, data }) => {
        // An event that was told is behind us, whatever its listener makes of it.
        if (id !== undefined) position.id = id;
        if (event === 'ready') {
          onAlive();
          onReady?.();
        } else if (event === 'job' && id !== undefined) {
          onChange(JSON.parse(data) as StreamedChange, id);
        }
      },
    });
    const reader = body.getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
      parser.feed(decoder.decode(next.value, { stream: true }));
    }
  } finally {
    clearTimeout(timer);
  }
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
