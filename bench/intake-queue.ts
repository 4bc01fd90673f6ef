import { EventQueue } from '@app/vod';
import type { Part } from './bench';
import { sendJson } from './http';
import { shown } from './report';
import { only as onlyRow } from './rows';
import { say } from './say';
import { until } from './until';

/** How many messages a second come out of the emulator's queue. */
export interface QueueRates {
  /** To one who takes them, sixteen at a time, deletes them and does nothing else. */
  bare: number;
  /** To a worker, which stores each of them, and goes on with what they are about. */
  ours: number;
}

const REGION = 'cn-shanghai';
const QUEUE = 'bench-events';

/** As the bench starts every process with it (product.ts). */
const key = { accessKeyId: 'LTAIbench', accessKeySecret: 'bench-access-key-secret' };

/** @param bodies of as many events as are wanted, each of another job that VOD has */
export async function takeFromQueue(
  { product, sql }: Part,
  bodies: (count: number) => Iterable<string>,
  messages: number,
): Promise<QueueRates> {
  await product.stopOne('worker');
  const endpoint = `${product.vodUrl}/_mns/${REGION}`;
  const control = `${product.vodUrl}/_emulator/queues/${REGION}/${QUEUE}`;
  await sendJson('PUT', control, {});
  await put(control, bodies(messages));
  say(`${messages} messages in the queue: taken and thrown away`);
  const bare = messages / (await throwAway(endpoint));

  await put(control, bodies(messages));
  say(`${messages} messages in the queue: taken by a worker`);
  product.alsoSet({ VOD_MNS_ENDPOINT: endpoint, VOD_MNS_QUEUE: QUEUE });
  await product.restart('worker');
  const taken = async () => {
    const { rows } = await sql.query<{ events: number; seconds: number }>(
      `select count(*)::int as events, extract(epoch from max(received_at) - min(received_at))::float8 as seconds
         from event
        where source = 'queue'`,
    );
    return onlyRow(rows);
  };
  await until('all are taken', async () => (await taken()).events === messages, { everyMs: 50 });
  return { bare, ours: messages / (await taken()).seconds };
}

/** Answers the seconds that it took. */
async function throwAway(endpoint: string): Promise<number> {
  const queue = new EventQueue({ endpoint, queue: QUEUE, timeoutMs: 10_000, credentials: key });
  const stop = new AbortController();
  const started = performance.now();
  let lastMs = 0;
  try {
    for (;;) {
      // Behind the last one it waits: whoever asks then is told to stop.
      const patience = setTimeout(() => stop.abort(), 1_000);
      const received = await queue.receive(stop.signal);
      clearTimeout(patience);
      if (received.outcome !== 'messages') return lastMs / 1000;
      await queue.delete(received.messages.map(({ receipt }) => receipt));
      lastMs = performance.now() - started;
    }
  } finally {
    queue.close();
  }
}

const CONNECTIONS = 32;

async function put(control: string, bodies: Iterable<string>): Promise<void> {
  const left = bodies[Symbol.iterator]();
  const sender = async () => {
    for (let next = left.next(); !next.done; next = left.next()) {
      await sendJson('POST', `${control}/messages`, { body: next.value });
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, sender));
}

export function queueTable({ bare, ours }: QueueRates): string[][] {
  return [
    ['queue of events', 'messages a second', 'of what it can give'],
    ['taken and thrown away', shown(bare), ''],
    ['taken by a worker', shown(ours), shown(ours / bare, 2)],
  ];
}
