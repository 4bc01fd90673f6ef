import { createHash } from 'node:crypto';
import http from 'node:http';
import { closeAll, readJob, startEmulator, startReceiver, submit, until } from '../test/support';

afterEach(closeAll);

const FAST = { retryGapMs: 5 };
const HOUR = { min: 3_600_000, max: 3_600_000 };

describe('an event', () => {
  it('is told once, with the result as a JSON string', async () => {
    const receiver = await startReceiver();
    const { ask, emulator } = await startEmulator({ callback: { url: `${receiver.url}/vod?tenant=1` } });
    const jobId = await submit(ask, 'm');
    await receiver.arrivedAtLeast(1);

    const [event] = receiver.received;
    const job = await readJob(ask, jobId);
    expect(event).toMatchObject({ method: 'POST', path: '/vod?tenant=1' });
    expect(event?.headers['content-type']).toBe('application/json');
    expect(event?.body).toEqual({
      EventTime: job['CompleteTime'],
      EventType: 'AIVideoTagComplete',
      JobId: jobId,
      MediaId: 'm',
      Status: 'success',
      Code: '0',
      Message: 'OK',
      Data: job['Data'],
    });
    await until(() => emulator.overview().callbacks.open === 0);
    expect(receiver.received).toHaveLength(1);
  });

  it('of fingerprinting writes its time with a colon before the milliseconds', async () => {
    const receiver = await startReceiver();
    const { ask } = await startEmulator({ callback: { url: receiver.url } });
    const jobId = await submit(ask, 'm', 'AIMediaDNA');
    await receiver.arrivedAtLeast(1);
    expect(receiver.received[0]?.body).toEqual({
      EventTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d:\d{3}Z$/),
      EventType: 'AIMediaDNAComplete',
      JobId: jobId,
      MediaId: 'm',
      CompleteTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      Status: 'success',
      Code: '0',
      Message: 'OK',
      Data: expect.stringMatching(/^\{"VideoDNA":\[/),
    });
  });

  it.each([
    ['AIVideoTag', undefined],
    ['AIMediaDNA', ''],
  ])('of a failed %s carries no result', async (type, data) => {
    const receiver = await startReceiver();
    const { ask } = await startEmulator({ callback: { url: receiver.url } });
    await submit(ask, 'fail-1', type);
    await receiver.arrivedAtLeast(1);
    const { Status, Code, Data } = receiver.received[0]?.body ?? {};
    expect([Status, Code, Data]).toEqual(['fail', 'InvalidParameter.ResourceContentBad', data]);
  });

  it('comes when the job is over, not before', async () => {
    const receiver = await startReceiver();
    const { ask, emulator } = await startEmulator({ callback: { url: receiver.url }, jobTimeMs: HOUR });
    const jobId = await submit(ask, 'm');
    expect(emulator.overview().callbacks.open).toBe(0);
    emulator.configure({ jobTimeMs: { min: 20, max: 20 } });
    await submit(ask, 'quick');
    await receiver.arrivedAtLeast(1);
    emulator.finish(jobId);
    await receiver.arrivedAtLeast(2);
    expect(receiver.received.map(({ body }) => body['MediaId'])).toEqual(['quick', 'm']);
  });

  it('goes to the URL of its region', async () => {
    const receiver = await startReceiver();
    const { ask } = await startEmulator({ callback: { url: `${receiver.url}/{region}/events` } });
    await ask('SubmitAIJob', { MediaId: 'm', Types: 'AIVideoTag' }, { region: 'cn-beijing' });
    await receiver.arrivedAtLeast(1);
    expect(receiver.received[0]?.path).toBe('/cn-beijing/events');
  });

  it.each([
    [{ localId: 'xxx' }, '{"localId":"xxx"}'],
    ['a text', 'a text'],
  ])('echoes Extend %j as a string, when that is switched on', async (Extend, echoed) => {
    const receiver = await startReceiver();
    const { ask, emulator } = await startEmulator({ callback: { url: receiver.url } });
    const UserData = JSON.stringify({ Extend });
    await submit(ask, 'm', 'AIVideoTag', { UserData });
    await receiver.arrivedAtLeast(1);
    emulator.configure({ echoExtend: true });
    await submit(ask, 'm', 'AIVideoTag', { UserData });
    await receiver.arrivedAtLeast(2);
    expect(receiver.received.map(({ body }) => body['Extend'])).toEqual([undefined, echoed]);
  });

  it('has the name that one page prints for the events of all types, when told so', async () => {
    const receiver = await startReceiver();
    const { ask, emulator } = await startEmulator({ callback: { url: receiver.url }, eventNames: 'VideoAIComplete' });
    const jobId = await submit(ask, 'm', 'AIMediaDNA');
    await receiver.arrivedAtLeast(1);
    expect(receiver.received[0]?.body).toMatchObject({ EventType: 'VideoAIComplete', JobId: jobId });
    await until(() => emulator.callbacks({ jobId }).length === 1);
    expect(emulator.callbacks({ jobId })).toMatchObject([{ eventType: 'VideoAIComplete' }]);
  });

  it('is not sent while events are off', async () => {
    const receiver = await startReceiver();
    const { ask, emulator } = await startEmulator({ callback: { url: receiver.url, enabled: false } });
    const silent = await submit(ask, 'silent');
    emulator.configure({ callback: { enabled: true } });
    const told = await submit(ask, 'told');
    await receiver.arrivedAtLeast(1);
    expect(receiver.received.map(({ body }) => body['JobId'])).toEqual([told]);
    expect(emulator.callbacks({ jobId: silent })).toEqual([]);
  });
});

describe('the signature', () => {
  it('covers the URL of the region and the time of the attempt', async () => {
    let now = Date.parse('2026-01-02T03:04:05.900Z');
    const receiver = await startReceiver((nth) => {
      now += 60_000;
      return { status: nth === 1 ? 500 : 200 };
    });
    const url = `${receiver.url}/{region}/events?x=1`;
    const { ask } = await startEmulator({ clock: () => now, callback: { url, key: 'Abc123', ...FAST } });
    await submit(ask, 'm', 'AIVideoTag', { Timestamp: '2026-01-02T03:04:05Z' });
    await receiver.arrivedAtLeast(2);

    const signed = receiver.received.map(({ headers }) => [headers['x-vod-timestamp'], headers['x-vod-signature']]);
    const expected = ['1767323045', '1767323105'].map((timestamp) => [
      timestamp,
      createHash('md5').update(`${receiver.url}/cn-shanghai/events?x=1|${timestamp}|Abc123`).digest('hex'),
    ]);
    expect(signed).toEqual(expected);
  });

  it('is absent without a key', async () => {
    const receiver = await startReceiver();
    const { ask } = await startEmulator({ callback: { url: receiver.url } });
    await submit(ask, 'm');
    await receiver.arrivedAtLeast(1);
    expect(Object.keys(receiver.received[0]?.headers ?? {}).filter((name) => name.startsWith('x-vod'))).toEqual([]);
  });
});

describe('delivery', () => {
  it.each([201, 204, 302, 401, 500])('tries three times on %d and then drops the event', async (status) => {
    const receiver = await startReceiver(() => ({ status, headers: { location: '/elsewhere' } }));
    const { ask, emulator } = await startEmulator({ callback: { url: `${receiver.url}/vod`, ...FAST } });
    const jobId = await submit(ask, 'm');
    await until(() => emulator.overview().callbacks.dropped === 1);

    expect(receiver.received.map(({ path }) => path)).toEqual(['/vod', '/vod', '/vod']);
    expect(emulator.callbacks({ jobId }).map(({ attempt, status: got }) => [attempt, got])).toEqual([
      [3, status],
      [2, status],
      [1, status],
    ]);
    expect(emulator.overview().callbacks).toEqual({ attempts: 3, delivered: 0, dropped: 1, open: 0 });
  });

  it('stops at the first 200', async () => {
    const receiver = await startReceiver((nth) => ({ status: nth < 2 ? 503 : 200 }));
    const { ask, emulator } = await startEmulator({ callback: { url: receiver.url, ...FAST } });
    await submit(ask, 'm');
    await until(() => emulator.overview().callbacks.delivered === 1);
    expect(receiver.received).toHaveLength(2);
    expect(emulator.overview().callbacks).toEqual({ attempts: 2, delivered: 1, dropped: 0, open: 0 });
  });

  it('waits about a second between attempts, unless told otherwise', async () => {
    const receiver = await startReceiver((nth) => ({ status: nth < 2 ? 500 : 200 }));
    const { ask, emulator } = await startEmulator({ callback: { url: receiver.url } });
    await submit(ask, 'm');
    await receiver.arrivedAtLeast(2);
    await until(() => emulator.overview().callbacks.delivered === 1);
    const [second, first] = emulator.callbacks().map(({ at }) => Date.parse(at));
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(990);
  });

  it('gives up on a receiver that does not answer', async () => {
    const receiver = await startReceiver(() => undefined);
    const { ask, emulator } = await startEmulator({ callback: { url: receiver.url, timeoutMs: 30, ...FAST } });
    await submit(ask, 'm');
    await until(() => emulator.overview().callbacks.dropped === 1);
    expect(receiver.received).toHaveLength(3);
    expect(emulator.callbacks().map(({ error }) => error)).toEqual(['timeout', 'timeout', 'timeout']);
  });

  it('tries again when nobody listens', async () => {
    const url = await unusedUrl();
    const { ask, emulator } = await startEmulator({ callback: { url, ...FAST } });
    await submit(ask, 'm');
    await until(() => emulator.overview().callbacks.dropped === 1);
    expect(emulator.callbacks().map(({ error }) => error)).toEqual(['ECONNREFUSED', 'ECONNREFUSED', 'ECONNREFUSED']);
  });

  it('reaches everybody when hundreds of jobs end at once, over a few dozen sockets', async () => {
    const receiver = await startReceiver();
    const { ask, emulator } = await startEmulator({
      callback: { url: receiver.url },
      jobTimeMs: HOUR,
    });
    const ids = await Promise.all(Array.from({ length: 300 }, (_, i) => submit(ask, `media-${i}`)));
    for (const id of ids) emulator.finish(id);
    await receiver.arrivedAtLeast(300);
    await until(() => emulator.overview().callbacks.delivered === 300);
    expect(new Set(receiver.received.map(({ body }) => body['JobId']))).toEqual(new Set(ids));
    expect(receiver.sockets.atMost).toBeLessThanOrEqual(48);
  });

  it('journals every attempt without the URL', async () => {
    const receiver = await startReceiver();
    const { ask, emulator } = await startEmulator({ callback: { url: receiver.url, key: 'canary-key' } });
    const jobId = await submit(ask, 'm');
    await until(() => emulator.overview().callbacks.delivered === 1);
    expect(emulator.callbacks()).toEqual([
      {
        eventType: 'AIVideoTagComplete',
        jobId,
        mediaId: 'm',
        region: 'cn-shanghai',
        via: 'http',
        attempt: 1,
        at: expect.stringMatching(/Z$/),
        status: 200,
        ms: expect.any(Number),
      },
    ]);
  });
});

async function unusedUrl(): Promise<string> {
  const server = http.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
}
