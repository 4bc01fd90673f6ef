import { ACCESS_KEY, closeAll, readJob, startEmulator, startReceiver, submit, until } from '../test/support';

afterEach(closeAll);

const HOUR = { min: 3_600_000, max: 3_600_000 };
const KEY = 'canary-key';
const KNOWN = (
  'callback jobTimeMs qps failShare echoExtend listingLagMs listsAiJobs eventNames queueBody eventForms requestCallbacks signedUrl ' +
  'uploadTimeMs missingIds submitEntries nonceMemory faults faultSeed'
).split(' ');

async function call(url: string, path: string, method = 'GET', body?: unknown) {
  const answer = await fetch(`${url}/_emulator${path}`, {
    method,
    ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

describe('the control routes', () => {
  it('show settings and counts, and neither keys nor secrets', async () => {
    const receiver = await startReceiver();
    const { url, ask, emulator } = await startEmulator({
      regions: ['cn-shanghai'],
      callback: { url: receiver.url, key: KEY },
    });
    await submit(ask, 'm', 'AIVideoTag,AIMediaDNA');
    await submit(ask, 'fail-1');
    await until(() => emulator.overview().callbacks.delivered === 3);

    const { body } = await call(url, '');
    expect(body).toMatchObject({
      settings: { callback: { url: receiver.url, enabled: true, signed: true }, failShare: 0, echoExtend: false },
      regions: ['cn-shanghai'],
      jobs: { init: 0, processing: 0, success: 2, fail: 1 },
      billed: 3,
      calls: { SubmitAIJob: { ok: 2, throttled: 0, refused: 0 } },
      callbacks: { attempts: 3, delivered: 3, dropped: 0, open: 0 },
    });
    const paths = ['', '/jobs', '/ledger', '/callbacks', '/faults'];
    const shown = await Promise.all(paths.map(async (path) => JSON.stringify((await call(url, path)).body)));
    expect(shown.join()).not.toMatch(new RegExp(`${KEY}|${ACCESS_KEY.secret}`));
  });

  it('list jobs, newest first, by media and state', async () => {
    const { url, ask } = await startEmulator();
    const first = await submit(ask, 'm');
    const second = await submit(ask, 'm');
    const failed = await submit(ask, 'fail-1');
    const ids = async (query: string) =>
      ((await call(url, `/jobs${query}`)).body['items'] as { jobId: string }[]).map(({ jobId }) => jobId);
    expect(await ids('')).toEqual([failed, second, first]);
    expect(await ids('?mediaId=m')).toEqual([second, first]);
    expect(await ids('?state=fail')).toEqual([failed]);
    expect(await ids('?mediaId=m&limit=1')).toEqual([second]);
    expect(await ids('?limit=100000')).toEqual([failed, second, first]);
  });

  it('show a job with the result that VOD gives', async () => {
    const { url, ask } = await startEmulator();
    const jobId = await submit(ask, 'm', 'AIMediaDNA', { UserData: '{"Extend":"mine"}' });
    const { body } = await call(url, '/jobs');
    expect(body['items']).toEqual([
      {
        jobId,
        mediaId: 'm',
        type: 'AIMediaDNA',
        region: 'cn-shanghai',
        state: 'success',
        requestId: expect.any(String),
        createdAt: expect.stringMatching(/Z$/),
        completedAt: expect.stringMatching(/Z$/),
        extend: 'mine',
        data: (await readJob(ask, jobId))['Data'],
      },
    ]);
  });

  it('show the ledger: what was billed, and how often which operation was called', async () => {
    const { url, ask } = await startEmulator({ qps: { ListJobInfo: 1 } });
    const jobId = await submit(ask, 'm');
    await submit(ask, 'm');
    await ask('SubmitAIJob', {});
    await ask('DropEverything');
    const { body } = await call(url, '/ledger?limit=1');
    expect(body).toMatchObject({
      billed: 2,
      calls: { SubmitAIJob: { ok: 2, throttled: 0, refused: 1 }, unknown: { ok: 0, throttled: 0, refused: 1 } },
    });
    expect(body['entries']).toHaveLength(1);
    expect(body['entries']).not.toEqual([expect.objectContaining({ jobId })]);
  });

  it('show the attempts to deliver the event of one job', async () => {
    const receiver = await startReceiver();
    const { url, ask, emulator } = await startEmulator({ callback: { url: receiver.url } });
    const jobId = await submit(ask, 'm1');
    await submit(ask, 'm2');
    await until(() => emulator.overview().callbacks.delivered === 2);
    const { body } = await call(url, `/callbacks?jobId=${jobId}`);
    expect(body['items']).toMatchObject([{ jobId, attempt: 1, status: 200 }]);
  });

  it.each([
    '/jobs?state=gone',
    '/jobs?limit=0',
    '/jobs?limit=100001',
    '/ledger?limit=x',
    '/callbacks?job=1',
    '/faults?limit=100001',
  ])('refuse %s', async (path) => {
    const { url } = await startEmulator();
    expect(await call(url, path)).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', known: expect.arrayContaining(['limit']) },
    });
  });
});

describe('settings', () => {
  it('change what is named and leave the rest', async () => {
    const { url, emulator } = await startEmulator({ callback: { url: 'http://127.0.0.1:1/old', key: KEY } });
    const before = emulator.settings();
    const { status, body } = await call(url, '/settings', 'PUT', {
      callback: { url: 'http://127.0.0.1:1/{region}/new' },
      qps: { SubmitAIJob: 5 },
      failShare: 0.25,
    });
    expect(status).toBe(200);
    expect(body).toEqual({
      ...before,
      callback: { url: 'http://127.0.0.1:1/{region}/new', queue: null, enabled: true, signed: true },
      qps: { ...before.qps, SubmitAIJob: 5 },
      failShare: 0.25,
    });
  });

  it('take effect at once', async () => {
    const { url, ask, emulator } = await startEmulator();
    await call(url, '/settings', 'PUT', { jobTimeMs: HOUR });
    await submit(ask, 'm');
    expect(emulator.jobs()[0]?.state).toBe('init');
  });

  it('switch the signature off with null', async () => {
    const { url } = await startEmulator({ callback: { url: 'http://127.0.0.1:1/', key: KEY } });
    const { body } = await call(url, '/settings', 'PUT', { callback: { key: null } });
    expect(body).toMatchObject({ callback: { signed: false } });
  });

  it.each([
    [{ jobTime: 1 }, ''],
    [{ callback: { uri: 'http://127.0.0.1/' } }, 'callback'],
    [{ callback: { url: 'ftp://127.0.0.1/' } }, 'callback.url'],
    [{ callback: { url: `http://127.0.0.1/${'x'.repeat(256)}` } }, 'callback.url'],
    [{ callback: { key: '' } }, 'callback.key'],
    [{ jobTimeMs: { min: 5, max: 4 } }, 'jobTimeMs'],
    [{ jobTimeMs: { min: -1, max: 4 } }, 'jobTimeMs.min'],
    [{ qps: { SubmitAIJob: 1.5 } }, 'qps.SubmitAIJob'],
    [{ qps: { Submit: 1 } }, 'qps'],
    [{ failShare: 1.1 }, 'failShare'],
    [{ echoExtend: 'yes' }, 'echoExtend'],
    [{ listingLagMs: -1 }, 'listingLagMs'],
    [{ listsAiJobs: 0 }, 'listsAiJobs'],
    [{ callback: { queue: { queue: '' } } }, 'callback.queue.queue'],
    [{ callback: { queue: { queue: 'q', endpoint: 'mns' } } }, 'callback.queue.endpoint'],
    [{ eventNames: 'AIComplete' }, 'eventNames'],
    [{ eventForms: { time: 'now' } }, 'eventForms.time'],
    [{ requestCallbacks: true }, 'requestCallbacks'],
    [{ signedUrl: 'both' }, 'signedUrl'],
    [{ uploadTimeMs: -1 }, 'uploadTimeMs'],
    [{ submitEntries: '2021' }, 'submitEntries'],
    [{ missingIds: 'list' }, 'missingIds'],
    [{ nonceMemory: 'sometimes' }, 'nonceMemory'],
    [{ nonceMemory: { nodes: 0 } }, 'nonceMemory.nodes'],
    [{ faultSeed: 0.5 }, 'faultSeed'],
    [{ faults: {} }, 'faults'],
    [[], ''],
  ])('refuse %j and change nothing', async (patch, path) => {
    const { url, emulator } = await startEmulator();
    const before = emulator.settings();
    const { status, body } = await call(url, '/settings', 'PUT', patch);
    expect(status).toBe(400);
    expect(body).toMatchObject({
      code: 'invalid_request',
      errors: [{ path, message: expect.any(String) }],
      known: KNOWN,
    });
    expect(emulator.settings()).toEqual(before);
  });
});

describe('a job', () => {
  it('can be ended now, one way or the other', async () => {
    const { url, ask } = await startEmulator({ jobTimeMs: HOUR });
    const [natural, failed] = [await submit(ask, 'm1'), await submit(ask, 'm2')];
    expect(await call(url, `/jobs/${natural}/finish`, 'POST')).toMatchObject({
      status: 200,
      body: { state: 'success' },
    });
    expect(await call(url, `/jobs/${failed}/finish`, 'POST', { status: 'fail' })).toMatchObject({
      status: 200,
      body: { state: 'fail' },
    });
    expect((await readJob(ask, failed))['Status']).toBe('fail');
  });

  it('can be ended only once', async () => {
    const { url, ask } = await startEmulator();
    const jobId = await submit(ask, 'm');
    expect((await call(url, `/jobs/${jobId}/finish`, 'POST', { status: 'fail' })).status).toBe(409);
    expect((await readJob(ask, jobId))['Status']).toBe('success');
  });

  it('can be announced again, also when events are off', async () => {
    const receiver = await startReceiver();
    const { url, ask } = await startEmulator({ callback: { url: receiver.url, enabled: false } });
    const jobId = await submit(ask, 'm');
    expect((await call(url, `/jobs/${jobId}/callback`, 'POST')).status).toBe(202);
    await receiver.arrivedAtLeast(1);
    await call(url, `/jobs/${jobId}/callback`, 'POST');
    await receiver.arrivedAtLeast(2);
    expect(receiver.received[0]?.body).toEqual(receiver.received[1]?.body);
  });

  it('can not be announced before it is over, or to nobody', async () => {
    const { url, ask, emulator } = await startEmulator({ jobTimeMs: HOUR });
    const jobId = await submit(ask, 'm');
    expect(await call(url, `/jobs/${jobId}/callback`, 'POST')).toMatchObject({
      status: 409,
      body: { code: 'not_over' },
    });
    emulator.finish(jobId);
    expect(await call(url, `/jobs/${jobId}/callback`, 'POST')).toMatchObject({ status: 409, body: { code: 'no_url' } });
  });

  it.each(['finish', 'callback'])('that is unknown can not %s', async (verb) => {
    const { url } = await startEmulator();
    expect((await call(url, `/jobs/nobody/${verb}`, 'POST')).status).toBe(404);
  });
});

describe('reset', () => {
  it('forgets jobs, ledger, journal and calls, and takes the first settings again', async () => {
    const receiver = await startReceiver();
    const { url, ask, emulator } = await startEmulator({ callback: { url: receiver.url } });
    const before = emulator.overview();
    const jobId = await submit(ask, 'm');
    await until(() => emulator.overview().callbacks.delivered === 1);
    emulator.configure({ failShare: 1, callback: { enabled: false } });

    expect((await call(url, '/reset', 'POST')).body).toEqual(before);
    expect([emulator.jobs(), emulator.ledger(), emulator.callbacks()]).toEqual([
      [],
      { billed: 0, calls: {}, entries: [] },
      [],
    ]);
    expect((await ask('ListAIJob', { JobIds: jobId })).body).toMatchObject({ NonExistAIJobIds: { String: [jobId] } });
  });

  it('lets a nonce be used again', async () => {
    const { url, ask } = await startEmulator();
    const again = () => ask('ListAIJob', { JobIds: 'x', SignatureNonce: 'same' });
    await again();
    expect((await again()).body.Code).toBe('SignatureNonceUsed');
    await call(url, '/reset', 'POST');
    expect((await again()).status).toBe(200);
  });

  it('silences the retries from before', async () => {
    const receiver = await startReceiver(() => ({ status: 500 }));
    const { ask, emulator } = await startEmulator({ callback: { url: receiver.url, retryGapMs: 10 } });
    await submit(ask, 'retried');
    // From here to the reset nothing else runs: the second attempt waits for its time.
    await until(() => emulator.callbacks().length === 1);
    emulator.reset();

    // Whatever was left over would have come before this one: its own three attempts take longer.
    await submit(ask, 'fresh');
    await until(() => emulator.overview().callbacks.dropped === 1);
    expect(receiver.received.map(({ body }) => body['MediaId'])).toEqual(['retried', 'fresh', 'fresh', 'fresh']);
  });

  it('leaves no timer of a job behind', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const { ask, emulator } = await startEmulator({ jobTimeMs: HOUR });
    const atFirst = timers();
    for (let i = 0; i < 20; i++) await submit(ask, `m${i}`);
    // A job starts when its answer has left; the client has its own timers.
    await until(() => timers() >= atFirst + 20);
    const before = timers();
    emulator.reset();
    expect(timers()).toBeLessThan(before - 10);
  });
});

describe('the routes of every process', () => {
  it.each(['/healthz', '/readyz'])('%s is ok', async (path) => {
    const { url } = await startEmulator();
    const answer = await fetch(url + path);
    expect([answer.status, await answer.json()]).toMatchObject([200, { status: 'ok' }]);
  });

  it('/metrics counts calls and bills', async () => {
    const { url, ask } = await startEmulator();
    await submit(ask, 'm');
    const text = await (await fetch(`${url}/metrics`)).text();
    expect(text).toContain('vod_emulator_calls_total{operation="SubmitAIJob",outcome="ok"} 1\n');
    expect(text).toContain('vod_emulator_billed_total 1\n');
  });
});
