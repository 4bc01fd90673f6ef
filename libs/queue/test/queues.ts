import { randomUUID } from 'node:crypto';
import { Signals } from '@app/observability';
import { eventually } from '@app/testing';
import type { Payload } from '../src/catalog';
import { Queues, type Processor, type QueuesOptions } from '../src/queues';
import type { QueueStoreOptions } from '../src/store';

const REGIONS = ['cn-shanghai', 'ap-southeast-1'] as const;
export const [HOME, ABROAD] = REGIONS;

let opened: Queues[] = [];

/** For afterEach. */
export async function closeQueues(): Promise<void> {
  await Promise.all(opened.map((queues) => queues.close()));
  opened = [];
}

export function open(store: QueueStoreOptions, more: Partial<QueuesOptions> = {}): Queues {
  const onFailure = () => undefined;
  const installation = 'test';
  const signals = new Signals();
  const queues = new Queues({ store, installation, regions: REGIONS, signals, onFailure, ...more });
  opened.push(queues);
  return queues;
}

export const deaf = { onTrouble: () => undefined, onReady: () => undefined, onEviction: () => undefined };

const doNothing = () => Promise.resolve();

type Work = { [P in Processor as P['queue']]?: P['process'] };

/** A processor for each queue: those that a test names, and the others do nothing. */
export function complete({ submit = doNothing, collect = doNothing, recover = doNothing }: Work): Processor[] {
  return [
    { queue: 'submit', process: submit },
    { queue: 'collect', process: collect },
    { queue: 'recover', process: recover },
  ];
}

export const answers = (queues: Queues) =>
  eventually('the queue store answers', () =>
    queues.assertWorks().then(
      () => true,
      () => false,
    ),
  );

export const requestOf = (payload: Payload<'submit'>): string => ('requestId' in payload ? payload.requestId : 'next');

export const requests = (count: number): { requestId: string }[] =>
  Array.from({ length: count }, () => ({ requestId: randomUUID() }));

/** A promise that the test keeps, to hold a processor where it is. */
export function promise(): { kept: Promise<void>; keep: () => void } {
  let keep = () => {};
  const kept = new Promise<void>((resolve) => (keep = resolve));
  return { kept, keep };
}
