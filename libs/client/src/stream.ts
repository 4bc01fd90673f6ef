import type { StreamedChange } from '@app/contract';
import { createEventSource } from 'eventsource-client';
import { ApiError, Unreachable } from './errors';
import { pause } from './pause';

export interface StreamOptions {
  /** `id` is the position after this change: with it as `lastEventId` a later stream goes on from here. */
  onChange: (change: StreamedChange, id: string) => void;
  /** Connected, at first or again: from here on nothing is missed. */
  onReady?: (id: string) => void;
  /** The connection broke or was not made; the next try comes after `retryInMs`. */
  onTrouble?: (error: Error, retryInMs: number) => void;
  lastEventId?: string | undefined;
  signal?: AbortSignal | undefined;
  /** The first pause after trouble, doubled up to the longest. */
  pauses?: { firstMs: number; longestMs: number };
}

const PAUSES = { firstMs: 1_000, longestMs: 10_000 };

/** What `fetch` takes, with headers that can be added to. */
export type Init = Omit<RequestInit, 'headers'> & { headers?: Record<string, string> };

/** The API says something every 15 s. A connection that is silent for longer is a cable that nobody told us was pulled. */
const SILENT_MS = 45_000;

/** No later try changes these answers. */
const FINAL = [400, 401, 403];

type End = 'aborted' | { trouble: Error } | { final: unknown };

/** One connection after the other until it is aborted, each going on where the last one ended. */
export async function followChanges(
  open: (init: Init) => Promise<Response>,
  { lastEventId, signal = new AbortController().signal, pauses = PAUSES, ...listeners }: StreamOptions,
): Promise<void> {
  let position = lastEventId;
  let pauseMs = pauses.firstMs;
  while (!signal.aborted) {
    const end = await connection(open, position, signal, {
      onChange: (change, id) => listeners.onChange(change, id),
      onReady: (id) => {
        pauseMs = pauses.firstMs;
        listeners.onReady?.(id);
      },
      onPosition: (id) => (position = id),
    });
    if (end === 'aborted') return;
    if ('final' in end) throw end.final;
    // Spread out: all listeners of an api that restarts lose it in the same moment.
    const wantedMs = (end.trouble instanceof ApiError && end.trouble.retryAfterMs) || 0;
    const retryInMs = Math.round(Math.max(pauseMs, wantedMs) * (1 + Math.random() / 4));
    pauseMs = Math.min(pauseMs * 2, pauses.longestMs);
    listeners.onTrouble?.(end.trouble, retryInMs);
    if (!signal.aborted) await pause(retryInMs, signal);
  }
}

interface Listeners extends Pick<StreamOptions, 'onChange'> {
  onReady: (id: string) => void;
  onPosition: (id: string) => void;
}

/** One connection. It is eventsource-client's, which reads the protocol; when to come back is decided by the caller. */
function connection(
  open: (init: Init) => Promise<Response>,
  lastEventId: string | undefined,
  signal: AbortSignal,
  { onChange, onReady, onPosition }: Listeners,
): Promise<End> {
  return new Promise((resolve) => {
    let trouble: Error = new Unreachable('the stream ended');
    let silence: ReturnType<typeof setTimeout> | undefined;
    const end = (how: End) => {
      clearTimeout(silence);
      signal.removeEventListener('abort', onAbort);
      source.close();
      resolve(how);
    };
    const onAbort = () => end('aborted');
    const alive = () => {
      clearTimeout(silence);
      silence = setTimeout(() => end({ trouble: new Unreachable('the stream fell silent') }), SILENT_MS);
    };
    signal.addEventListener('abort', onAbort);

    const source = createEventSource({
      url: 'of the client', // `open` knows it
      ...(lastEventId !== undefined && { initialLastEventId: lastEventId }),
      fetch: async (_url, init = {}) => {
        try {
          const response = await open(init);
          alive();
          return response;
        } catch (error) {
          if (error instanceof ApiError && FINAL.includes(error.status)) end({ final: error });
          else if (error instanceof Error) trouble = error;
          throw error;
        }
      },
      onComment: alive,
      onMessage: ({ event, id = '', data }) => {
        alive();
        try {
          if (event === 'ready') onReady(id);
          if (event === 'job') onChange(JSON.parse(data) as StreamedChange, id);
          onPosition(id);
        } catch (error) {
          // Thrown on, it would count as a broken connection, and the change as seen.
          end({ final: error });
        }
      },
      onScheduleReconnect: () => end({ trouble }),
    });
    alive();
  });
}
