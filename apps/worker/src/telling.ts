import { setTimeout as pause } from 'node:timers/promises';
import type { JobState } from '@app/domain';
import type { Steps } from '@app/lifecycle';
import { Loop } from '@app/loop';
import { showSeen, type Registry, type Signals } from '@app/observability';
import type { DeliveryStore } from '@app/persistence';

/** Without news, and without any endpoint, Tell says how soon it looks again; this only bounds it. */
const TELL_POLL_MS = 10_000;
/** What happens within it is told together. */
const TELL_TICK_MS = 50;
/** Places that become free within it are taken together. */
const DELIVER_TICK_MS = 10;
/** How late a delivery is tried again at most, and how late a worker notices that another one died amid one. */
const DELIVER_POLL_MS = 1_000;

/** Two loops: one reads what has happened to jobs, one sends it. A worker wakes them by what it has done itself; Postgres need not say so. */
export function openTelling(
  { tell, deliver }: Pick<Steps, 'tell' | 'deliver'>,
  signals: Signals,
  onError: (error: unknown) => void,
) {
  const delivering: Loop = new Loop(
    async () => {
      const next = await deliver.run(() => delivering.wake(), onError);
      await pause(DELIVER_TICK_MS);
      return next;
    },
    { pollMs: DELIVER_POLL_MS, onError },
  );
  const telling = new Loop(
    async () => {
      const next = await tell.run(() => delivering.wake());
      if (next.again !== 'now') await pause(TELL_TICK_MS);
      return next;
    },
    { pollMs: TELL_POLL_MS, onError },
  );
  signals.on('job.moved', ({ to }) => {
    if (tell.wantsToHear(to as JobState)) telling.wake();
  });
  const loops = [telling, delivering];
  return {
    start: () => loops.forEach((loop) => loop.start()),
    wake: () => loops.forEach((loop) => loop.wake()),
    /** Begins nothing more; resolves when what was being sent is over, and kept. */
    stop: async () => {
      await Promise.all(loops.map((loop) => loop.stop()));
      await deliver.idle();
    },
  };
}

const pauseReasons = ['person', 'gone', 'failing'] as const;

/** How much waits, and what keeps it waiting. */
export function showDeliveries(registry: Registry, deliveries: DeliveryStore): void {
  const look = async () => {
    const [kinds, behindMs] = await Promise.all([deliveries.standing(), deliveries.behindMs()]);
    const open = kinds.find(({ pauseReason }) => pauseReason === null);
    return { kinds, open, behindMs };
  };
  showSeen(registry, look, [
    {
      name: 'vodai_deliveries_waiting',
      help: 'Deliveries that wait, by whether their endpoint is paused. Of one endpoint at most 10,000 are counted.',
      labelNames: ['endpoint'],
      series: ({ kinds, open }) => {
        const waiting = kinds.reduce((sum, kind) => sum + kind.waiting, 0);
        const ofOpen = open?.waiting ?? 0;
        return [
          { labels: { endpoint: 'open' }, value: ofOpen },
          { labels: { endpoint: 'paused' }, value: waiting - ofOpen },
        ];
      },
    },
    {
      name: 'vodai_deliveries_oldest_waiting_seconds',
      help: 'Since the oldest delivery was made that waits for an endpoint that is not paused; one that fails has old ones.',
      labelNames: [],
      series: ({ open }) => [{ labels: {}, value: (open?.oldestMs ?? 0) / 1000 }],
    },
    {
      name: 'vodai_deliveries_overdue_seconds',
      help: 'For how long a delivery has been due to an endpoint that hears.',
      labelNames: [],
      series: ({ open }) => [{ labels: {}, value: (open?.overdueMs ?? 0) / 1000 }],
    },
    {
      name: 'vodai_endpoints_paused',
      help: 'Endpoints that are paused: by a person, because they answered that they are gone, or after a day of failures.',
      labelNames: ['reason'],
      series: ({ kinds }) =>
        pauseReasons.map((reason) => ({
          labels: { reason },
          value: kinds.find(({ pauseReason }) => pauseReason === reason)?.endpoints ?? 0,
        })),
    },
    {
      name: 'vodai_telling_behind_seconds',
      help: 'For how long no worker has noted how far the history is told; 0 without any endpoint, and some ten seconds are ordinary.',
      labelNames: [],
      series: ({ behindMs }) => [{ labels: {}, value: behindMs / 1000 }],
    },
  ]);
}
