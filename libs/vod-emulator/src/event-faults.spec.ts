import { createHash } from 'node:crypto';
import {
  type Receiver,
  type Running,
  closeAll,
  readJob,
  startEmulator,
  startReceiver,
  submit,
  until,
} from '../test/support';
import { type EventFault, type FaultRule, faultRule } from './faults';

afterEach(closeAll);

const KEY = 'Abc123';
const HOUR = { min: 3_600_000, max: 3_600_000 };

interface Told extends Running {
  receiver: Receiver;
  /** What was heard, as `media` or another field. */
  heard: (field?: string) => (string | undefined)[];
  /** Until all jobs are over and their events are through. */
  quiet: () => Promise<void>;
}

async function start(
  fault: EventFault,
  when?: FaultRule['when'],
  options: { jobTimeMs?: typeof HOUR } = {},
): Promise<Told> {
  const receiver = await startReceiver();
  const running = await startEmulator({
    callback: { url: `${receiver.url}/{region}/vod`, key: KEY, retryGapMs: 5 },
    faults: [faultRule('event', fault, when)],
    ...options,
  });
  return {
    ...running,
    receiver,
    heard: (field = 'MediaId') => receiver.received.map(({ body }) => body[field]),
    quiet: () =>
      until(() => {
        const { jobs, callbacks } = running.emulator.overview();
        return jobs.init + jobs.processing + callbacks.open === 0;
      }),
  };
}

/** Submits these media one after the other, each when the events of the ones before are through. */
async function submitAll({ ask, quiet }: Told, media: string[], settled = true): Promise<string[]> {
  const ids = [];
  for (const mediaId of media) {
    ids.push(await submit(ask, mediaId));
    if (settled) await quiet();
  }
  return ids;
}

describe('an event', () => {
  it('may be lost, and can still be sent by hand', async () => {
    const told = await start({ fault: 'lose' }, { mediaId: 'lost' });
    const [lost = ''] = await submitAll(told, ['lost', 'told']);
    expect(told.heard()).toEqual(['told']);
    expect(told.emulator.callbacks({ jobId: lost })).toEqual([]);
    expect(told.emulator.faults().entries).toMatchObject([
      { on: 'event', fault: 'lose', mediaId: 'lost', jobId: lost },
    ]);

    told.emulator.sendCallback(lost);
    await told.receiver.arrivedAtLeast(2);
    expect(told.heard()).toEqual(['told', 'lost']);
  });

  it.each([
    [undefined, 2],
    [4, 4],
  ])('may be told more than once (%s)', async (times, count) => {
    const told = await start({ fault: 'double', times });
    await submitAll(told, ['m']);
    const [first, ...more] = told.receiver.received.map(({ body }) => body);
    expect(more).toEqual(Array.from({ length: count - 1 }, () => first));
    expect(told.emulator.callbacks().map(({ fault }) => fault)).toEqual(Array.from({ length: count }, () => 'double'));
  });

  it('may be late', async () => {
    const told = await start({ fault: 'late', ms: 30 });
    await submitAll(told, ['m']);
    const [late] = told.emulator.callbacks();
    const [job] = told.emulator.jobs();
    // The clock of the journal and that of the timer may differ by a millisecond.
    expect(Date.parse(late?.at ?? '') - Date.parse(job?.completedAt ?? '')).toBeGreaterThanOrEqual(29);
    expect(told.heard()).toEqual(['m']);
  });

  it('may be overtaken by the next ones', async () => {
    const told = await start({ fault: 'reorder', n: 2 }, { nth: 1 });
    await submitAll(told, ['1', '2'], false);
    await until(() => told.emulator.overview().callbacks.delivered === 1);
    expect([told.heard(), told.emulator.overview().callbacks.open]).toEqual([['2'], 1]);
    await submitAll(told, ['3', '4']);
    expect(new Set(told.heard())).toEqual(new Set(['1', '2', '3', '4']));
    expect(told.emulator.callbacks().map(({ fault }) => fault)).toContain('reorder');
    expect(told.heard().indexOf('1')).toBeGreaterThan(told.heard().indexOf('2'));
  });

  it('is held one at a time, so that every other one is overtaken', async () => {
    const told = await start({ fault: 'reorder' });
    await submitAll(told, ['1'], false);
    await submitAll(told, ['2']);
    await submitAll(told, ['3'], false);
    await submitAll(told, ['4']);
    expect(new Set(told.heard())).toEqual(new Set(['1', '2', '3', '4']));
    expect(told.emulator.faults().entries.map(({ mediaId }) => mediaId)).toEqual(['3', '1']);
  });

  it('is not held for ever when no other comes', async () => {
    const told = await start({ fault: 'reorder', n: 5, atMostMs: 10 });
    await submitAll(told, ['m']);
    expect(told.heard()).toEqual(['m']);
  });

  it.each([
    ['m', 'success', 'fail'],
    ['fail-1', 'fail', 'success'],
  ])('of %s may contradict the %s that is read', async (media, read, told) => {
    const running = await start({ fault: 'contradict' });
    const [jobId = ''] = await submitAll(running, [media]);
    expect(running.heard('Status')).toEqual([told]);
    expect((await readJob(running.ask, jobId))['Status']).toBe(read);
  });

  it('may come before the answer to its submission', async () => {
    const told = await start({ fault: 'early' }, { mediaId: 'early' }, { jobTimeMs: HOUR });
    const jobId = await submit(told.ask, 'early');
    // Looked at in the moment of the answer: the event had been answered by then.
    expect(told.emulator.callbacks()).toMatchObject([{ jobId, status: 200 }]);
    const job = await readJob(told.ask, jobId);
    expect(told.receiver.received).toMatchObject([
      { body: { JobId: jobId, Status: job['Status'], Data: job['Data'] } },
    ]);

    await submit(told.ask, 'usual');
    expect(told.emulator.jobs({ mediaId: 'usual' })[0]?.state).toBe('init');
    expect(told.heard()).toEqual(['early']);
  });

  it('that comes early and is not heard does not hold up the answer', async () => {
    const receiver = await startReceiver(() => undefined);
    const { ask, emulator } = await startEmulator({
      callback: { url: receiver.url, timeoutMs: 20 },
      faults: [
        faultRule('event', { fault: 'early' }),
        faultRule('event', { fault: 'lose' }, { mediaId: 'lost' }),
        faultRule('event', { fault: 'late', ms: 3_600_000 }, { mediaId: 'late' }),
      ],
    });
    await submit(ask, 'deaf');
    expect(emulator.callbacks()).toMatchObject([{ error: 'timeout' }]);
    await submit(ask, 'lost');
    await submit(ask, 'late');
    expect(emulator.faults().faults).toEqual({ early: 3, lose: 1, late: 1 });
  });

  it('does not come early while events are off', async () => {
    const { ask, emulator } = await startEmulator({
      jobTimeMs: HOUR,
      faults: [faultRule('event', { fault: 'early' })],
    });
    await submit(ask, 'm');
    expect([emulator.jobs()[0]?.state, emulator.faults().fired]).toEqual(['init', 0]);
  });
});

describe('an additional event', () => {
  const urlOf = ({ receiver }: Told) => `${receiver.url}/cn-shanghai/vod`;
  const signature = (url: string, timestamp: string, key: string) =>
    createHash('md5').update(`${url}|${timestamp}|${key}`).digest('hex');
  const headersOf = ({ receiver }: Told) => {
    const headers = receiver.received[0]?.headers;
    return { timestamp: String(headers?.['x-vod-timestamp']), signed: String(headers?.['x-vod-signature']) };
  };
  const ageMs = (timestamp: string) => Date.now() - Number(timestamp) * 1000;
  const startWhileRunning = async (fault: EventFault) => {
    const told = await start(fault, {}, { jobTimeMs: HOUR });
    const jobId = await submit(told.ask, 'm');
    await told.receiver.arrivedAtLeast(1);
    expect((await readJob(told.ask, jobId))['Status']).toBe('init');
    return { told, jobId };
  };

  it.each(['success', 'fail'] as const)('may say %s of a job that still runs, well signed', async (status) => {
    const { told, jobId } = await startWhileRunning({ fault: 'forge', status });
    const { timestamp, signed } = headersOf(told);
    expect(signed).toBe(signature(urlOf(told), timestamp, KEY));
    expect(told.receiver.received).toMatchObject([{ body: { JobId: jobId, Status: status } }]);

    told.emulator.finish(jobId);
    await told.receiver.arrivedAtLeast(2);
    expect(told.heard('Status')).toEqual([status, 'success']);
    await told.quiet();
    expect(told.emulator.callbacks().map(({ fault }) => fault)).toEqual([undefined, 'forge']);
  });

  it('may be signed badly', async () => {
    const { told, jobId } = await startWhileRunning({ fault: 'bad_signature' });
    const { timestamp, signed } = headersOf(told);
    expect(signed).toMatch(/^[0-9a-f]{32}$/);
    expect(signed).not.toBe(signature(urlOf(told), timestamp, KEY));
    expect(told.heard('JobId')).toEqual([jobId]);
  });

  it.each([undefined, -3_600_000])('may be signed at another time (%s)', async (given) => {
    const { told } = await startWhileRunning({ fault: 'old_timestamp', ageMs: given });
    const { timestamp, signed } = headersOf(told);
    expect(signed).toBe(signature(urlOf(told), timestamp, KEY));
    // Minutes are left for a slow machine.
    expect(Math.abs(ageMs(timestamp) - (given ?? 3_600_000))).toBeLessThan(600_000);
  });

  it('may be signed for another URL', async () => {
    const { told } = await startWhileRunning({ fault: 'other_url_signature' });
    const { timestamp, signed } = headersOf(told);
    expect(signed).toBe(signature('http://other.example.com/vod', timestamp, KEY));
    expect(Math.abs(ageMs(timestamp))).toBeLessThan(600_000);
  });

  it('may be about a job that nobody has', async () => {
    const { told, jobId } = await startWhileRunning({ fault: 'unknown_job' });
    const { timestamp, signed } = headersOf(told);
    expect(signed).toBe(signature(urlOf(told), timestamp, KEY));
    const [unknown = ''] = told.heard('JobId');
    expect(unknown).toMatch(/^[0-9a-f]{32}$/);
    expect(unknown).not.toBe(jobId);
    expect((await told.ask('ListAIJob', { JobIds: unknown })).body).toMatchObject({
      NonExistAIJobIds: { String: [unknown] },
    });
    expect(told.emulator.faults().entries).toMatchObject([{ fault: 'unknown_job', jobId: unknown }]);
    expect(told.emulator.callbacks({ jobId: unknown })).toHaveLength(1);
  });

  it('is sent also while events of VOD are off', async () => {
    const told = await start({ fault: 'forge' });
    told.emulator.configure({ callback: { enabled: false } });
    await submitAll(told, ['m']);
    await told.receiver.arrivedAtLeast(1);
    expect(told.emulator.callbacks().map(({ fault }) => fault)).toEqual(['forge']);
  });

  it('goes together with a fault of the own event', async () => {
    const receiver = await startReceiver();
    const { ask, emulator } = await startEmulator({
      callback: { url: receiver.url, key: KEY },
      faults: [faultRule('event', { fault: 'forge', status: 'fail' }), faultRule('event', { fault: 'lose' })],
    });
    await submit(ask, 'm');
    await until(() => emulator.faults().fired === 2 && emulator.overview().callbacks.open === 0);
    expect(receiver.received.map(({ body }) => body['Status'])).toEqual(['fail']);
  });
});
