import { eventQueues, type ConfigFor } from '@app/config';
import { Consume, realClock, Receive, type failpoints } from '@app/lifecycle';
import { Loop } from '@app/loop';
import type { Logger } from '@app/observability';
import { EventStore } from '@app/persistence';
import type { OpenProcess } from '@app/process';
import { EventQueue } from '@app/vod';

/** The longest pause that a consumer asks for. */
const POLL_MS = 60_000;

/** A queue that can't be read for this long is worth a look: by then it is more than a restart of something on the way. */
const STUCK_MS = 60_000;

interface Consumers {
  /** Throws when events have not been taken from a queue for a while. */
  assertTaken(): Promise<void>;
  /** Ends the polls; what was taken is kept and deleted first. */
  stop(): Promise<void>;
}

/** Takes VOD's events from the queues that are set, each by itself; null when none is. */
export function consumeEventQueues(
  config: ConfigFor<'worker'>,
  { db, signals }: Pick<OpenProcess, 'db' | 'signals'>,
  { arm, logger, onError }: { arm: ReturnType<typeof failpoints>; logger: Logger; onError: (error: unknown) => void },
): Consumers | null {
  const addresses = eventQueues(config);
  if (addresses.size === 0) return null;
  const { timeoutMs, credentials, proxy } = config.vod;
  const receive = new Receive(new EventStore(db), signals);
  const consumers = [...addresses].map(([region, address]) => {
    const queue = new EventQueue({ ...address, timeoutMs, credentials, proxies: proxy });
    logger.info({ region, queue: address.queue, proxy: queue.proxy ?? undefined }, 'events are taken from a queue');
    const consume = new Consume(arm('consume', { queue, receive, signals, ...realClock }), region);
    const stopping = new AbortController();
    const loop = new Loop(() => consume.run(stopping.signal), { pollMs: POLL_MS, onError });
    loop.start();
    const stop = async () => {
      stopping.abort();
      await loop.stop();
      queue.close();
    };
    return { consume, stop };
  });
  return {
    assertTaken: async () => {
      const stuck = consumers.flatMap(({ consume }) => consume.stuckFor(STUCK_MS) ?? []);
      if (stuck.length > 0) throw new Error(stuck.join('; '));
    },
    stop: async () => {
      await Promise.all(consumers.map(({ stop }) => stop()));
    },
  };
}
