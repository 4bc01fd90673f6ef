import { closeAll, startEmulator, startReceiver, submit, until } from '../../test/support';
import type { EmulatorOptions } from '../emulator';

afterEach(closeAll);

async function start(options: Partial<EmulatorOptions>) {
  const running = await startEmulator(options);
  return {
    ...running,
    /** What lies in a queue. */
    bodies: (name: string, region = 'cn-shanghai') =>
      [...(running.emulator.queues.find(region, name)?.messages() ?? [])].map(({ body }) => body),
  };
}

describe('An event', () => {
  it('is written into the queue, as it is', async () => {
    const { ask, emulator, bodies } = await start({ callback: { queue: { queue: 'events' } } });
    const jobId = await submit(ask, 'm');
    await until(() => emulator.overview().callbacks.delivered === 1);
    const [body = ''] = bodies('events');
    expect(JSON.parse(body)).toMatchObject({ EventType: 'AIVideoTagComplete', JobId: jobId, MediaId: 'm' });
    expect(emulator.callbacks({ jobId })).toMatchObject([{ via: 'mns', attempt: 1, status: 201 }]);
  });

  it('is written as base64, when told so', async () => {
    const { ask, emulator, bodies } = await start({ callback: { queue: { queue: 'events' } }, queueBody: 'base64' });
    const jobId = await submit(ask, 'é');
    await until(() => emulator.overview().callbacks.delivered === 1);
    const [body = ''] = bodies('events');
    expect(body).toMatch(/^[A-Za-z0-9+/]+=*$/);
    expect(JSON.parse(Buffer.from(body, 'base64').toString())).toMatchObject({ JobId: jobId, MediaId: 'é' });
    emulator.configure({ queueBody: 'raw' });
    await submit(ask, 'raw');
    await until(() => emulator.overview().callbacks.delivered === 2);
    expect(bodies('events')[1]).toContain('"MediaId":"raw"');
  });

  it('goes to an URL and into a queue, when there are both', async () => {
    const receiver = await startReceiver();
    const { ask, emulator, bodies } = await start({ callback: { url: receiver.url, queue: { queue: 'events' } } });
    await submit(ask, 'm');
    await receiver.arrivedAtLeast(1);
    await until(() => emulator.overview().callbacks.delivered === 2);
    expect(bodies('events').map((body) => JSON.parse(body) as unknown)).toEqual([receiver.received[0]?.body]);
  });

  it('goes into the queue of its region', async () => {
    const { ask, emulator, bodies } = await start({ callback: { queue: { queue: 'events-{region}' } } });
    await submit(ask, 'm', 'AIVideoTag');
    await ask('SubmitAIJob', { MediaId: 'b', Types: 'AIVideoTag' }, { region: 'cn-beijing' });
    await until(() => emulator.overview().callbacks.delivered === 2);
    expect(bodies('events-cn-shanghai')).toEqual([expect.stringContaining('"MediaId":"m"')]);
    expect(bodies('events-cn-beijing', 'cn-beijing')).toEqual([expect.stringContaining('"MediaId":"b"')]);
  });

  it.each([
    'http://1234567.mns.cn-beijing.aliyuncs.com/',
    'https://1234567.mns.cn-beijing-internal-vpc.aliyuncs.com',
    'http://127.0.0.1:3002/_mns/cn-beijing',
    'http://127.0.0.1:3002/_mns/cn-beijing/',
  ])('goes into the queue of the region in the endpoint %s', async (endpoint) => {
    const { ask, emulator, bodies } = await start({ callback: { queue: { queue: 'events', endpoint } } });
    await submit(ask, 'm');
    await until(() => emulator.overview().callbacks.delivered === 1);
    expect([bodies('events'), bodies('events', 'cn-beijing')]).toEqual([[], [expect.any(String)]]);
  });

  it.each([
    [{ queue: 'nowhere' }, 'QueueNotExist'],
    [{ queue: 'events', endpoint: 'http://1234567.mns.us-east-1.aliyuncs.com' }, 'QueueNotExist'],
    [{ queue: 'events', endpoint: 'http://127.0.0.1:3002' }, 'unknown_endpoint'],
    [{ queue: 'events', endpoint: 'http://127.0.0.1:3002/_mns/cn-shanghai/queues/events' }, 'unknown_endpoint'],
    [{ queue: 'short' }, 'InvalidArgument'],
  ])('that cannot be written (%j) is tried three times, and is gone: %s', async (queue, error) => {
    const { ask, emulator } = await start({ queues: ['events', 'short'], callback: { retryGapMs: 1 } });
    emulator.queues.find('cn-shanghai', 'short')?.change({ MaximumMessageSize: 1024 });
    emulator.configure({ callback: { queue } });
    const jobId = await submit(ask, 'm'.repeat(1024));
    await until(() => emulator.overview().callbacks.dropped === 1);
    expect(emulator.callbacks({ jobId }).map((attempt) => [attempt.attempt, attempt.error])).toEqual([
      [3, error],
      [2, error],
      [1, error],
    ]);
  });

  it('wakes who waits for it', async () => {
    const { ask, emulator } = await start({ callback: { queue: { queue: 'events' } } });
    const queue = emulator.queues.find('cn-shanghai', 'events');
    const polled = queue?.poll(16, 30_000, () => {});
    await submit(ask, 'm');
    expect(await polled).toHaveLength(1);
  });
});
