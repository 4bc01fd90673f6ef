import { describeWithRedis, eventually } from '@app/testing';
import { unlimited } from '@app/vod-emulator';
import { Relay } from './support/relay';
import { Stack, type QueueStoreName, type StackOptions } from './support/stack';

/** Many jobs at once: nothing lost, nothing paid twice, nothing asked more often than it takes. About counts, not speed. */

const atOnce = { jobTimeMs: { min: 0, max: 0 }, qps: unlimited };
const fast = { SUBMIT_QPS: '10000', COLLECT_QPS: '10000' };

/** Several thousand calls over HTTP on one busy machine; a condition that is never met still ends. */
const PATIENCE_MS = 240_000;
jest.setTimeout(PATIENCE_MS + 60_000);

let stack: Stack | null = null;
let balancer: Relay | null = null;
afterEach(async () => {
  await stack?.stop();
  await balancer?.close();
  stack = null;
  balancer = null;
});

/** One URL for VOD, and behind it each receiver in turn. */
async function startBalanced(options: StackOptions): Promise<Stack> {
  let next = 0;
  balancer = await Relay.start((_passing, passOn) => {
    const webhooks = stack?.webhooks ?? [];
    return passOn(webhooks[next++ % webhooks.length]?.url ?? '');
  });
  const env = { ...options.env, VOD_CALLBACK_URL: `${balancer.url}/vod/events` };
  return (stack = await Stack.start({ ...options, env }));
}

let nextMedia = 0;

async function enqueueAll(running: Stack, requests: number, types: string[]): Promise<void> {
  const media = Array.from({ length: requests }, () => `media${(nextMedia += 1)}`);
  const clients = Array.from({ length: 20 }, async () => {
    for (let id = media.pop(); id !== undefined; id = media.pop()) await running.enqueue(id, types);
  });
  await Promise.all(clients);
}

async function allSucceeded(running: Stack, jobs: number): Promise<void> {
  await eventually(
    `all ${jobs} jobs are over`,
    async () => {
      const [row] = await running.query(
        `select count(*)::int as total, count(*) filter (where due_at is null)::int as over from job`,
      );
      return row.total === jobs && row.over === jobs;
    },
    PATIENCE_MS,
  );
  expect(await running.query('select state, count(*)::int as count from job group by state')).toEqual([
    { state: 'succeeded', count: jobs },
  ]);
}

async function expectSound(running: Stack, jobs: number): Promise<void> {
  expect(running.emulator.ledger().billed).toBe(jobs);
  expect(await running.broken()).toEqual([]);
  const { calls } = running.emulator.ledger();
  // One call for each job at most: an idle reader takes one alone, and the faster the machine, the more are idle.
  expect(calls['ListAIJob']?.ok ?? Infinity).toBeLessThanOrEqual(jobs);
}

async function receivedBy(webhook: { url: string } | undefined): Promise<number> {
  const metrics = await (await fetch(`${webhook?.url}/metrics`)).text();
  return Number(/^vodai_callbacks_total\{verdict="received"\} (\d+)$/m.exec(metrics)?.[1] ?? 0);
}

describeWithRedis('two workers and two receivers on Redis', () => {
  it('take 300 jobs to their results, each paid once', async () => {
    const running = await startBalanced({ queue: 'redis', workers: 2, webhooks: 2, env: fast, emulator: atOnce });
    await enqueueAll(running, 150, ['AIVideoTag', 'AIMediaDNA']);
    await allSucceeded(running, 300);
    await expectSound(running, 300);

    const received = await Promise.all(running.webhooks.map(receivedBy));
    expect(received.reduce((sum, count) => sum + count, 0)).toBe(300);
    for (const count of received) expect(count).toBeGreaterThan(90);
    for (const worker of running.workers) {
      const metrics = await (await fetch(`${worker.url}/metrics`)).text();
      expect(metrics).toMatch(/^vodai_vod_calls_total\{operation="SubmitAIJob".*outcome="accepted"\} [1-9]/m);
    }
  });
});

describe('one worker on Postgres alone', () => {
  it('takes 200 jobs to their results, each paid once', async () => {
    const running = await startBalanced({ queue: 'postgres', env: fast, emulator: atOnce });
    await enqueueAll(running, 100, ['AIVideoTag', 'AIMediaDNA']);
    await allSucceeded(running, 200);
    await expectSound(running, 200);
  });
});

const withVodsLimits = (queue: QueueStoreName) => async () => {
  const running = await startBalanced({
    queue,
    workers: 2,
    env: { SUBMIT_QPS: '30', COLLECT_QPS: '20' },
    emulator: { jobTimeMs: { min: 0, max: 0 } },
  });
  // The first calls of a process open connections and compile code, and so arrive later than they left.
  await enqueueAll(running, 10, ['AIVideoTag']);
  await allSucceeded(running, 10);
  await enqueueAll(running, 90, ['AIVideoTag']);
  await allSucceeded(running, 100);
  const { billed, calls } = running.emulator.ledger();
  expect(billed).toBe(100);
  // They leave evenly; on a busy machine several may arrive together, and `npm run bench -- quota` counts how exactly the limit is
  // kept. Without it most of these would be throttled, and again when they come anew.
  expect(Object.entries(calls).filter(([, { throttled }]) => throttled > 40)).toEqual([]);
};

describe('with VOD’s own limits, at 30 submissions a second', () => {
  it('is hardly ever throttled by VOD, with BullMQ on Postgres', withVodsLimits('postgres'));
});

describeWithRedis('with VOD’s own limits, at 30 submissions a second', () => {
  it('is hardly ever throttled by VOD, with BullMQ on Redis', withVodsLimits('redis'));
});
