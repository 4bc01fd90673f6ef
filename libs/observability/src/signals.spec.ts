import { countSignals, createLogger, createRegistry, logSignals, Registry, Signals, type SignalMap } from './index';

const moved: SignalMap['job.moved'] = {
  jobId: 'job-1',
  requestId: 'request-1',
  mediaId: 'media-1',
  region: 'cn-shanghai',
  type: 'AIVideoTag',
  from: 'finished',
  to: 'succeeded',
  event: 'read',
  attempt: 1,
  vodJobId: 'vod-1',
  ageMs: 40,
};

const refused: SignalMap['event.refused'] = {
  reason: 'mismatch',
  why: 'it is signed with another key',
  region: 'cn-shanghai',
  path: '/vod/events',
  remoteAddress: '192.0.2.7',
};

/** One of each: a signal that nobody counts shows up here. */
const oneOfEach: SignalMap = {
  'job.moved': moved,
  'job.ignored': { jobId: 'job-1', state: 'succeeded', event: 'event_received' },
  'vod.called': {
    operation: 'ListAIJob',
    region: 'cn-shanghai',
    outcome: 'busy',
    ms: 120,
    requestId: 'R-1',
    code: 'Throttling',
  },
  'request.accepted': {
    requestId: 'request-1',
    client: 'shop',
    mediaId: 'media-1',
    region: 'cn-shanghai',
    types: ['AIVideoTag', 'AIMediaDNA'],
    newTypes: ['AIMediaDNA'],
    outcome: 'created',
  },
  'event.received': { region: 'cn-shanghai', verdict: 'received', signature: 'valid', eventType: 'AIVideoTagComplete' },
  'event.replayed': { eventId: 'event-1', verdict: 'foreign', vodJobId: 'vod-1', actor: 'otto' },
  'event.refused': refused,
  'key.refused': { reason: 'unknown', address: '192.0.2.7', method: 'GET', route: '/v1/jobs', throttled: false },
  'caller.limited': { client: 'shop', limit: 'rate' },
  'news.told': { type: 'job.succeeded', deliveries: 3 },
  'news.begun_anew': { position: '900:900:' },
  'delivery.tried': {
    deliveryId: 'delivery-1',
    endpointId: 'endpoint-1',
    client: 'shop',
    host: 'shop.example',
    type: 'job.succeeded',
    outcome: 'answered',
    status: 500,
    error: 'it answered with 500',
    ms: 30,
    sinceMs: null,
  },
  'delivery.failed': {
    deliveryId: 'delivery-1',
    endpointId: 'endpoint-1',
    client: 'shop',
    host: 'shop.example',
    type: 'job.succeeded',
  },
  'endpoint.paused': { endpointId: 'endpoint-1', client: 'shop', host: 'shop.example', reason: 'gone' },
  'endpoint.changed': {
    change: 'added',
    endpointId: 'endpoint-1',
    client: 'shop',
    host: 'shop.example',
    paused: false,
    actor: 'shop',
  },
  'delivery.replayed': { deliveries: 12, endpointId: 'endpoint-1', actor: 'shop' },
  'event_queue.polled': { region: 'cn-shanghai', taken: 16, kept: 15, deleted: 14, ageMs: 1_500 },
  'event_queue.failed': {
    region: 'cn-shanghai',
    doing: 'receive',
    trouble: 'no_queue',
    code: 'QueueNotExist',
    message: 'it is not there',
    requestId: 'R-3',
    mend: 'make the queue',
  },
  'event_queue.recovered': { region: 'cn-shanghai', doing: 'receive', afterMs: 90_000 },
  'dispatch.handed': { queue: 'submit', region: 'cn-shanghai', jobs: 7 },
  'settled.without_event': { jobId: 'job-1', region: 'cn-shanghai', type: 'AIMediaDNA' },
  'queue.closed': {
    queue: 'submit.cn-shanghai',
    kind: 'submit',
    region: 'cn-shanghai',
    untilMs: Date.UTC(2026, 10, 22),
    code: 'Throttling.User',
  },
  'circuit.opened': { region: 'cn-shanghai', code: 'Forbidden.RAM', message: 'no permission', requestId: 'R-2' },
  'circuit.closed': { region: 'cn-shanghai', code: 'Forbidden.RAM', openedAt: new Date(Date.UTC(2026, 10, 22)) },
  'vod_job.unclaimed': { jobId: 'job-1', vodJobId: 'vod-1', attempt: 1, state: 'submitting' },
  'retention.dropped': { table: 'history', rows: 12 },
  'retention.ran': { dropped: { history: 12 }, complete: true, ms: 40 },
  'recovery.decided': {
    jobId: 'job-1',
    region: 'cn-shanghai',
    type: 'AIVideoTag',
    rung: 'listing',
    outcome: 'found',
  },
  'credentials.found': { source: 'environment' },
  'credentials.missing': { source: 'default-chain' },
  'store.trouble': { store: 'redis', error: new Error('gone') },
  'store.recovered': { store: 'redis' },
  'store.eviction': { store: 'redis', policy: 'allkeys-lru' },
  'listener.failed': { signal: 'job.moved', error: new Error('broken') },
};
const names = Object.keys(oneOfEach) as (keyof SignalMap)[];

const known = {
  regions: ['cn-shanghai'],
  types: ['AIVideoTag', 'AIMediaDNA'],
  states: ['succeeded', 'held'],
  eventQueues: ['cn-shanghai'],
};
const operations = { submits: ['SubmitAIJob'], reads: ['ListAIJob', 'ListJobInfo', 'GetAIVideoTagResult'] };
const queues = [{ kind: 'submit', region: 'cn-shanghai', name: 'submit.cn-shanghai' }];
/** The line in the log says it all; a gauge asks the stores at the moment of scraping. */
const uncounted = [
  'listener.failed',
  'store.trouble',
  'store.recovered',
  'credentials.found',
  'credentials.missing',
  'event.replayed',
  'event_queue.recovered',
  'retention.ran',
  'news.begun_anew',
  'endpoint.paused',
  'endpoint.changed',
  'delivery.replayed',
];

/** What the three processes show together. */
function countAll(signals: Signals): { metrics(): Promise<string> } {
  const registries = (['api', 'worker', 'webhook'] as const).map((process) => {
    const registry = new Registry();
    countSignals(signals, registry, process, { ...known, operations, queues });
    return registry;
  });
  return { metrics: async () => (await Promise.all(registries.map((one) => one.metrics()))).join('\n') };
}

function readableLogger() {
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger({
    level: 'trace',
    format: 'json',
    process: 'worker',
    destination: { write: (line: string) => void lines.push(JSON.parse(line)) },
  });
  return { logger, lines };
}

describe('signals', () => {
  it('reach every listener of their name, in order, and nobody else', () => {
    const signals = new Signals();
    const heard: string[] = [];
    signals.on('store.recovered', ({ store }) => heard.push(`first ${store}`));
    signals.on('store.recovered', ({ store }) => heard.push(`second ${store}`));
    signals.on('event.refused', () => heard.push('other'));
    signals.emit('store.recovered', { store: 'redis' });
    expect(heard).toEqual(['first redis', 'second redis']);
  });

  it('survive a listener that throws: the others hear them, the emitter goes on, and it is told', () => {
    const signals = new Signals();
    const heard: unknown[] = [];
    const broken = new Error('broken');
    signals.on('event.refused', () => {
      throw broken;
    });
    signals.on('event.refused', ({ reason }) => heard.push(reason));
    signals.on('listener.failed', (failure) => heard.push(failure));
    signals.emit('event.refused', refused);
    expect(heard).toEqual([{ signal: 'event.refused', error: broken }, 'mismatch']);
  });

  it('survive a listener for failures that fails itself', () => {
    const signals = new Signals();
    signals.on('listener.failed', () => {
      throw new Error('again');
    });
    signals.on('event.refused', () => {
      throw new Error('broken');
    });
    expect(() => signals.emit('event.refused', refused)).not.toThrow();
  });
});

describe('the log', () => {
  it.each(names)('has one line named %s', (name) => {
    const { logger, lines } = readableLogger();
    const signals = new Signals();
    logSignals(signals, logger);
    signals.emit(name, oneOfEach[name]);
    expect(lines).toEqual([expect.objectContaining({ msg: name, process: 'worker' })]);
  });

  it("calls the same thing by the same name: the new state is `state`, VOD's request id is not ours", () => {
    const { logger, lines } = readableLogger();
    const signals = new Signals();
    logSignals(signals, logger);
    signals.emit('job.moved', moved);
    signals.emit('vod.called', oneOfEach['vod.called']);
    expect(lines[0]).toMatchObject({
      jobId: 'job-1',
      requestId: 'request-1',
      vodJobId: 'vod-1',
      state: 'succeeded',
      attempt: 1,
    });
    expect(lines[1]).toMatchObject({ vodRequestId: 'R-1', level: 'warn' });
    expect(lines[1]).not.toHaveProperty('requestId');
  });
});

describe('row 12: the eviction policy of the queue store', () => {
  it.each([
    ['noeviction', 'debug', '0'],
    ['volatile-lru', 'warn', '1'],
    [null, 'info', undefined],
  ])('%s is logged as %s and shown as %s', async (policy, level, shown) => {
    const { logger, lines } = readableLogger();
    const signals = new Signals();
    const registry = countAll(signals);
    logSignals(signals, logger);
    signals.emit('store.eviction', { store: 'redis', policy });
    expect(lines).toEqual([expect.objectContaining({ msg: 'store.eviction', level })]);
    const gauge = /^vodai_queue_store_may_evict\{store="redis"\} (\S+)$/m.exec(await registry.metrics());
    expect(gauge?.[1]).toBe(shown);
  });

  it('is warned about with what was found, what was expected and how to change it', () => {
    const { logger, lines } = readableLogger();
    const signals = new Signals();
    logSignals(signals, logger);
    signals.emit('store.eviction', { store: 'redis', policy: 'allkeys-lru' });
    expect(lines[0]).toMatchObject({
      found: 'allkeys-lru',
      expected: 'noeviction',
      mend: expect.stringContaining('CONFIG SET maxmemory-policy noeviction'),
    });
  });
});

describe('the metrics', () => {
  it.each(names.filter((name) => !uncounted.includes(name)))('show that %s happened', async (name) => {
    const signals = new Signals();
    const registry = countAll(signals);
    const before = await registry.metrics();
    signals.emit(name, oneOfEach[name]);
    expect(await registry.metrics()).not.toBe(before);
  });

  it('are what the dashboards and alerts were built on', async () => {
    const signals = new Signals();
    const registry = countAll(signals);
    for (const name of names) signals.emit(name, oneOfEach[name]);
    const text = await registry.metrics();
    expect(text.split('\n')).toEqual(
      expect.arrayContaining([
        'vodai_jobs_moved_total{to="succeeded",type="AIVideoTag",region="cn-shanghai"} 1',
        'vodai_vod_calls_total{operation="ListAIJob",region="cn-shanghai",outcome="busy"} 1',
        'vodai_vod_call_seconds_bucket{le="0.1",operation="ListAIJob"} 0',
        'vodai_vod_call_seconds_bucket{le="0.25",operation="ListAIJob"} 1',
        'vodai_jobs_accepted_total{type="AIMediaDNA",region="cn-shanghai"} 1',
        'vodai_jobs_accepted_total{type="AIVideoTag",region="cn-shanghai"} 0',
        'vodai_callbacks_total{verdict="received"} 1',
        'vodai_callbacks_refused_total{reason="mismatch"} 1',
        'vodai_event_queue_taken_total{region="cn-shanghai"} 16',
        'vodai_event_queue_kept_total{region="cn-shanghai"} 15',
        'vodai_event_queue_deleted_total{region="cn-shanghai"} 14',
        'vodai_event_queue_age_seconds{region="cn-shanghai"} 1.5',
        'vodai_event_queue_errors_total{region="cn-shanghai",trouble="no_queue"} 1',
        'vodai_event_to_settled_seconds_sum{type="AIVideoTag"} 0.04',
        'vodai_settled_without_event_total{type="AIMediaDNA",region="cn-shanghai"} 1',
        'vodai_dispatched_jobs_total{queue="submit",region="cn-shanghai"} 7',
        'vodai_queue_store_may_evict{store="redis"} 1',
      ]),
    );
    expect(text).not.toMatch(/job-1|media-1|request-1/);
  });

  it('are there with 0 before anything happens: an increase over a series that appears with 1 is none', async () => {
    const signals = new Signals();
    const registry = countAll(signals);
    const before = seriesIn(await registry.metrics());
    expect(before).toContain('vodai_jobs_moved_total{to="held",type="AIMediaDNA",region="cn-shanghai"} 0');
    for (const name of names) signals.emit(name, oneOfEach[name]);
    const after = seriesIn(await registry.metrics());
    const appeared = after.map(nameOf).filter((name) => !before.map(nameOf).includes(name));
    // Nobody alerts on the first of these: the one counts what changed nothing, the others are no counters.
    const mayAppear = /^vodai_(jobs_ignored_total|queue_store_may_evict|event_queue_age_seconds)\{/;
    expect(appeared.filter((name) => !mayAppear.test(name))).toEqual([]);
  });

  it('of queues of events have no series where there is none', async () => {
    const registry = new Registry();
    countSignals(new Signals(), registry, 'worker', { ...known, operations, queues, eventQueues: [] });
    const text = await registry.metrics();
    expect(text).toContain('# TYPE vodai_event_queue_errors_total counter');
    expect(seriesIn(text).filter((line) => line.startsWith('vodai_event_queue_'))).toEqual([]);
  });

  it('are those of the process: a webhook shows what VOD sends, and nothing of jobs', async () => {
    const signals = new Signals();
    const registry = new Registry();
    countSignals(signals, registry, 'webhook', { ...known, operations, queues });
    for (const name of names) signals.emit(name, oneOfEach[name]);
    const shown = new Set(seriesIn(await registry.metrics()).map((line) => line.slice(0, line.indexOf('{'))));
    expect([...shown]).toEqual(['vodai_callbacks_total', 'vodai_callbacks_refused_total']);
  });

  it('time from event to settled only where a job was settled', async () => {
    const signals = new Signals();
    const registry = countAll(signals);
    signals.emit('job.moved', { ...moved, to: 'processing' });
    signals.emit('job.moved', { ...moved, ageMs: undefined });
    expect(await registry.metrics()).toContain('vodai_event_to_settled_seconds_count{type="AIVideoTag"} 0');
  });

  it('include those of the process itself', async () => {
    expect(await createRegistry('1.2.3').metrics()).toContain('process_cpu_seconds_total');
  });
});

function seriesIn(text: string): string[] {
  return text.split('\n').filter((line) => line.startsWith('vodai_'));
}

function nameOf(line: string): string {
  return line.slice(0, line.lastIndexOf(' '));
}
