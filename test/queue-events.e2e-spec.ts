import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWithRedis, eventually } from '@app/testing';
import { faultRule } from '@app/vod-emulator';
import { City, type CityOptions } from './faults/support/city';
import { BUILD_TIMEOUT_MS, builtDist } from './support/build';
import { Stack, type QueueStoreName } from './support/stack';

/**
 * VOD's events through a queue of SMQ, which the emulator has as well: the story of `one-job.e2e-spec.ts` with each way in, and
 * with both at once.
 */

const QUEUE = 'vod-events';
const REGION = 'cn-shanghai';
const types = ['AIVideoTag', 'AIMediaDNA', 'AIMediaAudit'];

/** What a worker needs to take events from the emulator's queue. */
const takesFrom = (emulatorUrl: string) => ({
  VOD_MNS_ENDPOINT: `${emulatorUrl}/_mns/{region}`,
  VOD_MNS_QUEUE: QUEUE,
});

/** Where the emulator sends its events, and what then becomes of each. */
const ways = [
  { way: 'HTTP', http: true, queue: false, body: 'raw', kept: { source: 'http', copies: 1 } },
  {
    way: 'the queue',
    http: false,
    queue: true,
    body: 'raw',
    kept: { source: 'queue', signature: 'unneeded', copies: 1 },
  },
  { way: 'the queue, in Base64', http: false, queue: true, body: 'base64', kept: { source: 'queue', copies: 1 } },
  { way: 'both at once', http: true, queue: true, body: 'raw', kept: { copies: 2 } },
] as const;

const life = (store: QueueStoreName) => () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await Stack.start({ queue: store, workers: 0, emulator: { queues: [QUEUE] } });
    await stack.startWorker(takesFrom(stack.emulatorUrl));
  });
  afterAll(() => stack.stop());

  const queue = () => stack.emulator.queues.find(REGION, QUEUE);

  it.each(ways)('takes a media to three results by events through $way, each read once and paid once', async (way) => {
    stack.emulator.configure({
      callback: { url: way.http ? stack.callbackUrl : null, queue: way.queue ? { queue: QUEUE } : null },
      queueBody: way.body,
    });
    const before = stack.emulator.ledger().billed;
    const request = await stack.enqueue(`media by ${way.way}`, types);
    for (const { id } of request.jobs) {
      await stack.untilJob(id, 'succeeded');
      const steps = (await stack.history(id)).map(({ event }) => event);
      expect(steps).toEqual(['created', 'claimed', 'accepted', 'event_received', 'read_succeeded']);
      const about = await eventually('its event came by each way', async () => {
        const { items } = (await stack.get(`/v1/events?jobId=${id}`)).body;
        return items[0]?.copies === way.kept.copies ? items : null;
      });
      expect(about).toMatchObject([{ verdict: 'matched', region: REGION, jobId: id, ...way.kept }]);
    }
    expect(stack.emulator.ledger().billed - before).toBe(types.length);
    await eventually('the queue is empty', () => queue()?.messages().next().done);
    expect((await stack.get('/v1/stats')).body).toMatchObject({ callbacksLost: 0, oldestDueAt: null });
    expect(await stack.broken()).toEqual([]);
  });

  it('row 34: takes what is no event out of the queue, and keeps it', async () => {
    queue()?.put('<not>an event</not>');
    queue()?.put(JSON.stringify({ EventType: 'TranscodeComplete', VideoId: 'v-1', Status: 'success' }));
    await eventually('the queue is empty', () => queue()?.messages().next().done);
    const of = async (verdict: string) => (await stack.get(`/v1/events?verdict=${verdict}`)).body.items;
    expect(await of('rejected')).toMatchObject([{ source: 'queue', reason: 'not JSON' }]);
    expect(await of('ignored')).toMatchObject([{ source: 'queue', eventType: 'TranscodeComplete' }]);
  });

  it('says whether it can take them, and how many it has taken', async () => {
    const url = stack.workers[0]?.url;
    const ready = await fetch(`${url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([
      200,
      { status: 'ok', checks: { postgres: 'ok', queues: 'ok', event_queue: 'ok' } },
    ]);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const value = (series: string) =>
      Number(
        metrics
          .split('\n')
          .find((line) => line.startsWith(`${series} `))
          ?.split(' ')
          .at(-1),
      );
    // Three ways by three types, and what was no event.
    expect(value(`vodai_event_queue_taken_total{region="${REGION}"}`)).toBe(11);
    expect(value(`vodai_event_queue_kept_total{region="${REGION}"}`)).toBe(11);
    expect(value(`vodai_event_queue_deleted_total{region="${REGION}"}`)).toBe(11);
    expect(value(`vodai_event_queue_errors_total{region="${REGION}",trouble="forbidden"}`)).toBe(0);
    expect(value('vodai_store_up{store="event_queue"}')).toBe(1);
  });
};

describe('Events from a queue, with BullMQ on Postgres', life('postgres'));
describeWithRedis('Events from a queue, with BullMQ on Redis', life('redis'));

describe('Events from one queue for several regions', () => {
  it('are about jobs of all of them', async () => {
    const regions = [REGION, 'cn-beijing'];
    const stack = await Stack.start({
      workers: 0,
      env: { VOD_REGIONS: regions.join(',') },
      emulator: { queues: [QUEUE] },
    });
    try {
      const endpoint = `${stack.emulatorUrl}/_mns/${REGION}`;
      stack.emulator.configure({ callback: { url: null, queue: { queue: QUEUE, endpoint } } });
      await stack.startWorker({ VOD_MNS_ENDPOINT: endpoint, VOD_MNS_QUEUE: QUEUE });
      for (const region of regions) {
        const { jobs } = await stack.enqueue(`media in ${region}`, ['AIVideoTag'], { region });
        const job = await stack.untilJob(jobs[0].id, 'succeeded');
        expect((await stack.get(`/v1/events?jobId=${job.id}`)).body.items).toMatchObject([
          { source: 'queue', region: '*' },
        ]);
      }
      expect((await stack.get('/v1/stats')).body).toMatchObject({ callbacksLost: 0 });
    } finally {
      await stack.stop();
    }
  });
});

/** Of the calls of each kind every second, third … is struck. */
const troubles = [
  faultRule('ReceiveMessage', { fault: 'redeliver' }, { nth: { every: 3 } }, 'twice'),
  faultRule('ReceiveMessage', { fault: 'drop_after' }, { nth: { every: 5 } }, 'lost on the way'),
  faultRule('ReceiveMessage', { fault: 'html_before', status: 502 }, { nth: { every: 7 } }, 'a proxy'),
  faultRule('DeleteMessage', { fault: 'lost_delete' }, { nth: { every: 2 } }, 'deleted in vain'),
  faultRule('DeleteMessage', { fault: 'reset' }, { nth: { every: 3 } }, 'deleted in silence'),
];

describe('A queue whose answers get lost, or come twice', () => {
  it('row 33: brings every event all the same, and each job is settled once', async () => {
    const stack = await Stack.start({ workers: 0, emulator: { queues: [QUEUE] } });
    try {
      const queue = stack.emulator.queues.find(REGION, QUEUE);
      queue?.change({ VisibilityTimeout: 1 });
      stack.emulator.configure({ callback: { url: null, queue: { queue: QUEUE } }, faults: troubles });
      await stack.startWorker(takesFrom(stack.emulatorUrl));
      await stack.startWorker(takesFrom(stack.emulatorUrl));
      const requests = await Promise.all(
        Array.from({ length: 20 }, (_, i) => stack.enqueue(`troubled media ${i}`, ['AIVideoTag'])),
      );
      for (const { jobs } of requests) await stack.untilJob(jobs[0].id, 'succeeded');
      await eventually('the queue is empty', () => queue?.messages().next().done);
      const struck = Object.values(stack.emulator.faults().faults).reduce((sum, times) => sum + times, 0);
      expect(struck).toBeGreaterThan(5);
      const events = await stack.query(`select verdict, count(*)::int as events from event group by verdict`);
      expect(events).toEqual([{ verdict: 'matched', events: 20 }]);
      expect(await stack.broken()).toEqual([]);
    } finally {
      await stack.stop();
    }
  });
});

describe('A worker that takes events from a queue', () => {
  beforeAll(() => builtDist(), BUILD_TIMEOUT_MS);

  const folder = mkdtempSync(join(tmpdir(), 'vodai-queue-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Jobs end when the test says so, and are read because of their event alone. */
  const cityOptions: CityOptions = {
    seed: 1,
    queue: 'postgres',
    apis: 1,
    webhooks: 0,
    workers: 1,
    env: { POLL_FIRST: '10m', POLL_MAX: '10m' },
    emulator: { queues: [QUEUE], jobTimeMs: { min: 3_600_000, max: 3_600_000 } },
  };

  /** A job that VOD has, with its event on its way into the queue as soon as it is finished there. */
  async function jobAtVod(city: City, mediaId: string): Promise<{ id: string; finish: () => void }> {
    city.emulator.configure({ callback: { url: null, queue: { queue: QUEUE } } });
    city.emulator.queues.find(REGION, QUEUE)?.change({ VisibilityTimeout: 1 });
    const [id = ''] = await city.enqueue(mediaId);
    const [{ vodJobId }] = await eventually('VOD has the job', async () => {
      const rows = await city.query<{ vodJobId: string }>(
        `select vod_job_id as "vodJobId" from job where id = $1 and state = 'processing'`,
        [id],
      );
      return rows.length === 1 ? (rows as [{ vodJobId: string }]) : null;
    });
    return { id, finish: () => void city.emulator.finish(vodJobId, 'success') };
  }

  const messagesIn = (city: City) => [...(city.emulator.queues.find(REGION, QUEUE)?.messages() ?? [])].length;

  it.each([
    ['between its receipt and its commit', 'consume.receive.keep.before', { left: 1, leastCopies: 1 }],
    ['between its commit and its deletion', 'consume.queue.delete.before', { left: 1, leastCopies: 2 }],
    ['after its deletion', 'consume.queue.delete.after', { left: 0, leastCopies: 1 }],
  ])('row 33: killed %s loses no event, and settles its job once', async (_when, place, { left, leastCopies }) => {
    await City.run(cityOptions, async (city) => {
      const job = await jobAtVod(city, place);
      const takes = takesFrom(city.emulatorUrl);
      const at = await city.add('worker', { ...takes, FAILPOINTS: `${join(folder, 'passed')};${place}=1` });
      job.finish();
      await eventually(`the worker is dead at ${place}`, () => !city.isRunning('worker', at));
      expect(messagesIn(city)).toBe(left);

      await city.add('worker', takes);
      await eventually('the queue is empty', () => messagesIn(city) === 0);
      await city.untilOver();
      const events = await city.query('select verdict, job_id as "jobId", source, copies from event');
      expect(events).toEqual([{ verdict: 'matched', jobId: job.id, source: 'queue', copies: expect.any(Number) }]);
      expect(events[0].copies).toBeGreaterThanOrEqual(leastCopies);
      const steps = await city.query('select event from history where job_id = $1 order by version', [job.id]);
      expect(steps.map(({ event }) => event).slice(-2)).toEqual(['event_received', 'read_succeeded']);
      expect(steps.filter(({ event }) => event === 'read_succeeded')).toHaveLength(1);
      expect(await city.audit()).toMatchObject({ broken: [], jobs: 1, lost: 0, held: 0, paidTwice: 0 });
    });
  });

  it('stops in the middle of a poll, and leaves the queue to the others', async () => {
    await City.run(cityOptions, async (city) => {
      const job = await jobAtVod(city, 'stopped');
      const polls = () => city.emulator.queues.find(REGION, QUEUE)?.polls;
      const at = await city.add('worker', takesFrom(city.emulatorUrl));
      await eventually('it waits for messages', () => polls() === 1);
      expect(await city.stopOne('worker', at)).toBe(0);
      await eventually('nobody waits any more', () => polls() === 0);
      job.finish();
      await eventually('the event is in the queue', () => messagesIn(city) === 1);
      await city.add('worker', takesFrom(city.emulatorUrl));
      await city.untilOver();
      expect(await city.query('select verdict, copies from event')).toEqual([{ verdict: 'matched', copies: 1 }]);
    });
  });
});
