import { messagesOf, queueAsker } from '../../test/queue-support';
import { closeAll, startEmulator } from '../../test/support';

afterEach(closeAll);

const MESSAGES = '/cn-shanghai/events/messages';

async function start() {
  const clock = () => Date.parse('2026-01-02T03:04:05Z');
  const { url, emulator } = await startEmulator({ clock, regions: ['cn-shanghai', 'cn-beijing'], queues: ['events'] });
  const call = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(`${url}/_emulator/queues${path}`, {
      method,
      ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  return { url, emulator, call };
}

describe('The control routes of queues', () => {
  it('list queues with what is in them', async () => {
    const { emulator, call } = await start();
    const queue = emulator.queues.find('cn-shanghai', 'events');
    for (const body of ['1', '2', '3']) queue?.put(body);
    queue?.put('4', { delaySeconds: 10 });
    queue?.receive(1);
    const { body } = await call('GET', '');
    expect(body['items']).toEqual([
      {
        region: 'cn-shanghai',
        name: 'events',
        active: 2,
        inFlight: 1,
        delayed: 1,
        oldest: '2026-01-02T03:04:05.000Z',
        polls: 0,
        attributes: {
          DelaySeconds: 0,
          MaximumMessageSize: 65_536,
          MessageRetentionPeriod: 345_600,
          PollingWaitSeconds: 0,
          VisibilityTimeout: 30,
        },
      },
      expect.objectContaining({ region: 'cn-beijing', name: 'events', active: 0, oldest: null }),
    ]);
    const one = await call('GET', '?region=cn-beijing');
    expect(one.body['items']).toMatchObject([{ region: 'cn-beijing' }]);
  });

  it('put messages, show them without taking them, and throw them away', async () => {
    const { url, call } = await start();
    const put = await call('POST', MESSAGES, { body: '{"a":1}', priority: 3 });
    expect(put.status).toBe(201);
    await call('POST', MESSAGES, { body: 'later', delaySeconds: 60 });
    const shown = await call('GET', MESSAGES);
    expect(shown.body['items']).toEqual([
      {
        id: put.body['id'],
        state: 'active',
        enqueuedAt: '2026-01-02T03:04:05.000Z',
        visibleAt: '2026-01-02T03:04:05.000Z',
        dequeueCount: 0,
        priority: 3,
        body: '{"a":1}',
      },
      expect.objectContaining({ state: 'delayed', visibleAt: '2026-01-02T03:05:05.000Z', body: 'later' }),
    ]);
    expect((await call('GET', `${MESSAGES}?limit=1`)).body['items']).toHaveLength(1);
    const date = 'Fri, 02 Jan 2026 03:04:05 GMT';
    const received = await queueAsker(url)('GET', '/queues/events/messages', '', { headers: { date } });
    expect(messagesOf(received)).toMatchObject([{ body: '{"a":1}', dequeueCount: 1 }]);
    expect((await call('DELETE', MESSAGES)).body).toEqual({ purged: 2 });
    expect((await call('GET', MESSAGES)).body).toEqual({ items: [] });
  });

  it('make a queue that is not there, and leave one that is', async () => {
    const { emulator, call } = await start();
    emulator.queues.find('cn-shanghai', 'events')?.put('stays');
    expect(await call('PUT', '/cn-shanghai/new')).toMatchObject({ status: 201, body: { name: 'new', active: 0 } });
    expect(await call('PUT', '/cn-shanghai/events')).toMatchObject({ status: 200, body: { active: 1 } });
  });

  it.each([
    ['GET', '?area=x', undefined, 400],
    ['GET', `${MESSAGES}?limit=0`, undefined, 400],
    ['GET', '/cn-shanghai/nowhere/messages', undefined, 404],
    ['POST', '/nowhere/events/messages', { body: 'x' }, 404],
    ['POST', MESSAGES, {}, 400],
    ['POST', MESSAGES, { body: '' }, 400],
    ['POST', MESSAGES, { body: '\u0000' }, 400],
    ['POST', MESSAGES, { body: 'x', priority: 17 }, 400],
    ['POST', MESSAGES, { body: 'x', colour: 'red' }, 400],
    ['DELETE', '/cn-shanghai/nowhere/messages', undefined, 404],
    ['PUT', '/nowhere/events', undefined, 404],
    ['PUT', '/cn-shanghai/a_b', undefined, 400],
  ])('refuse %s %s %j: %s', async (method, path, body, status) => {
    const { call } = await start();
    expect(await call(method, path, body)).toMatchObject({ status, body: { code: expect.any(String) } });
  });
});
