import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { failpointNames } from '@app/lifecycle';
import { eventually } from '@app/testing';
import { faultRule } from '@app/vod-emulator';
import { Receiver } from '../../libs/lifecycle/test/receiver';
import { addEndpoint } from '../../libs/persistence/test/endpoints';
import { describeWithRedisServer, RedisServer } from '../../libs/queue/test/redis-server';
import { BUILD_TIMEOUT_MS, builtDist } from '../support/build';
import { makeDueEarly } from './support/alarms';
import { City } from './support/city';
import { drawSeed, isFull, report } from './support/report';

/** How often a worker dies at each failpoint. In the short form a drawn part of them kills; every one must be passed. */
const rounds = isFull ? 3 : 1;
const fatalShare = isFull ? 1 : 0.15;

/** Workers that wait for their failpoint at the same time. */
const LANES = 2;

/** How long a worker may take to come by its failpoint, with work of the right kind coming all the time. */
const PATIENCE_MS = isFull ? 300_000 : 60_000;

/** A gap between jobs that keeps two workers busy, and how many may wait: what is behind a long queue comes by late. */
const FEED_EVERY_MS = 300;
const MOST_QUEUED = 60;

const times = {
  VOD_TIMEOUT: '1s',
  LEASE: '3s',
  RECOVER_AFTER: '200ms,500ms,1s',
  RECOVER_GRACE: '3s',
  DELIVERY_ALLOW: '127.0.0.1',
};

/** What leads a worker past its rarer awaits: by the beginning of the media's name. */
const faults = [
  faultRule('SubmitAIJob', { fault: 'drop_after' }, { mediaId: 'lost-*', nth: { every: 2 } }),
  faultRule('SubmitAIJob', { fault: 'drop_before' }, { mediaId: 'absent-*', nth: { every: 2 } }),
  faultRule('ListAIJob', { fault: 'empty_data' }, { mediaId: 'nodata-*' }),
  faultRule('SubmitAIJob', { fault: 'throttle' }, { mediaId: 'busy-*', probability: 0.5 }),
  faultRule('ListAIJob', { fault: 'throttle' }, { mediaId: 'busyread-*', probability: 0.5 }),
  faultRule('SubmitAIJob', { fault: 'drop_after' }, { mediaId: 'busylook-*' }),
  faultRule('ListJobInfo', { fault: 'throttle' }, { mediaId: 'busylook-*', probability: 0.5 }),
  faultRule(
    'SubmitAIJob',
    { fault: 'error', status: 403, code: 'Forbidden.RAM' },
    { mediaId: 'blocked-*', nth: { every: 2 } },
  ),
];

type Action = (city: City, redis: RedisServer) => Promise<unknown>;

/** Failpoints that one kind of work leads to, and that work. */
interface Scene {
  names: string[];
  media: string[];
  env?: Record<string, string>;
  lanes?: number;
  isRare: boolean;
  /** Beside the jobs: before the worker is there, when it is, with each job, and when it is gone. */
  before?: Action;
  onceUp?: Action;
  along?: Action;
  after?: Action;
}

const plain: Scene = { names: [], media: ['plain'], isRare: false };

/** Into which the emulator writes its events besides, while a worker takes them from there. */
const QUEUE = 'vod-events';

function scenes({ emulator, emulatorUrl }: City): Scene[] {
  const left = new Set(failpointNames);
  const take = (pattern: RegExp): string[] => {
    const names = [...left].filter((name) => pattern.test(name));
    for (const name of names) left.delete(name);
    return names;
  };
  const rare: Omit<Scene, 'isRare'>[] = [
    {
      names: take(/^consume\./),
      media: ['plain'],
      env: { VOD_MNS_ENDPOINT: `${emulatorUrl}/_mns/{region}`, VOD_MNS_QUEUE: QUEUE },
      lanes: 1,
      before: async () => emulator.configure({ callback: { queue: { queue: QUEUE } } }),
      after: async () => emulator.configure({ callback: { queue: null } }),
    },
    { names: take(/^submit\.pacer\.pause/), media: ['busy'] },
    { names: take(/^collect\.pacer\.pause/), media: ['busyread'] },
    // An event that came first would spare it the look at the list.
    { names: take(/^recover\.pacer\.pause/), media: ['busylook'], env: { RECOVER_BY: 'listing' } },
    {
      names: take(/\.circuits\.|\.takeProbe\.|submit\.submissions\.claim\.|submit\.pacer\.turn/),
      media: ['blocked'],
      // The ten seconds between two probes are not what this is about.
      along: (city) => city.query(`update circuit set probe_at = now() - interval '1 s'`),
    },
    // Absence is proven only where the same request may not be sent again.
    { names: take(/^recover\.cases\.control/), media: ['plain', 'absent'], env: { RESEND_PINNED: 'false' } },
    {
      names: take(/^dispatch\.jobs\.apply/),
      media: ['plain'],
      lanes: 1,
      before: (city, redis) => dieAt(city, 'submit.submissions.markSent.after', 1, plain, redis),
    },
    {
      names: take(/^dispatch\.alarms\.giveBack/),
      // What is to be recovered always goes by way of the queue.
      media: ['lost'],
      lanes: 1,
      // A Redis that is full answers questions and takes nothing.
      onceUp: (_city, redis) => redis.ask((client) => client.config('SET', 'maxmemory', '1')),
      after: (_city, redis) => redis.ask((client) => client.config('SET', 'maxmemory', '0')),
    },
  ];
  return [
    { names: [...left], media: ['plain', 'lost', 'absent', 'nodata'], isRare: false },
    ...rare.map((scene) => ({ ...scene, isRare: true })),
  ];
}

/** Where every worker writes down which failpoints it has come by. */
const folder = mkdtempSync(join(tmpdir(), 'vodai-failpoints-'));
const diary = join(folder, 'passed');
let media = 0;

beforeAll(() => builtDist(), BUILD_TIMEOUT_MS);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describeWithRedisServer('kill at every await', () => {
  it(
    'row 13, row 14, row 15, row 20: a worker killed before or after any await of its steps loses no job and pays for none twice',
    async () => {
      const seed = drawSeed('kill at every await');
      const redis = await RedisServer.onFreePort();
      await redis.start();
      const shop = await Receiver.start();
      try {
        const options = { seed, apis: 1, webhooks: 1, workers: 0, redisUrl: redis.url, env: times };
        await City.run({ ...options, emulator: { faults, queues: [QUEUE] } }, (city) =>
          killEverywhere(city, redis, shop),
        );
      } finally {
        await shop.close();
        await redis.kill();
      }
    },
    isFull ? 30 * 60_000 : 240_000,
  );
});

async function killEverywhere(city: City, redis: RedisServer, shop: Receiver): Promise<void> {
  const began = performance.now();
  await addEndpoint((sql, parameters) => city.query(sql, parameters), { url: shop.url, includeResult: true });
  const wanted: string[] = [];
  const play = async (scene: Scene, names: string[], nth: number) => {
    wanted.push(...names);
    const left = [...names];
    const lane = async () => {
      for (let name = left.shift(); name !== undefined; name = left.shift()) await dieAt(city, name, nth, scene, redis);
    };
    await Promise.all(Array.from({ length: scene.lanes ?? LANES }, lane));
  };

  for (let round = 1; round <= rounds; round += 1) {
    for (const scene of scenes(city)) {
      const drawn = scene.names.filter(() => city.chance() < fatalShare);
      // What is rare need not come by a second time for the same worker.
      await play(scene, drawn, scene.isRare ? 1 : round);
    }
  }
  // What was neither drawn nor passed on the way to the others.
  const unseen = () => failpointNames.filter((name) => !lines().has(name));
  for (const scene of scenes(city)) {
    // One after the other: the first may lead past the others.
    for (const name of scene.names) if (unseen().includes(name)) await play(scene, [name], 1);
  }
  const killedAfterMs = Math.round(performance.now() - began);
  await Promise.all([city.add('worker'), city.add('worker')]);
  city.emulator.configure({ faults: [] });
  await city.untilOver({ along: () => city.query(makeDueEarly) });

  // Each line that ends a job is told once, and has arrived, however often it was sent.
  const [told] = await eventually('all is told', async () => {
    await city.query(leasesOver);
    const found = await city.query(untold);
    return found[0]?.lines === found[0]?.delivered ? found : null;
  });
  expect(told).toMatchObject({ lines: new Set(shop.ids).size, deliveries: new Set(shop.ids).size });

  const { broken, ...counts } = await city.audit();
  report({
    family: 'kill at every await',
    seed: city.seed,
    faults: { 'kill at a failpoint': wanted.length, ...city.faults() },
    ...counts,
    figures: {
      failpoints: failpointNames.length,
      passed: failpointNames.length - unseen().length,
      killedAfterMs,
      seconds: Math.round((performance.now() - began) / 1000),
    },
  });
  expect(unseen()).toEqual([]);
  expect(wanted.filter((name) => !lines().has(`killed ${name}`))).toEqual([]);
  expect(broken).toEqual([]);
  expect(counts).toMatchObject({ lost: 0, paidTwice: 0, jobs: city.accepted.size });
}

/** What workers had in hand when they were killed is due again. */
const leasesOver = `
  update delivery set due_at = now()
   where id in (select id from delivery where state = 'waiting' and due_at > now() + interval '20 s' for update skip locked)`;

const untold = `
  select (select count(*)::int from history where to_state in ('succeeded', 'failed', 'expired', 'canceled', 'held')) as lines,
         (select count(*)::int from delivery) as deliveries,
         (select count(*)::int from delivery where state = 'delivered') as delivered`;

/** Has a worker die when it comes by `name` for the nth time, while the work that leads there keeps coming. */
async function dieAt(city: City, name: string, nth: number, scene: Scene, redis: RedisServer): Promise<void> {
  await scene.before?.(city, redis);
  const at = await city.add('worker', { ...scene.env, FAILPOINTS: `${diary};${name}=${nth}` });
  await scene.onceUp?.(city, redis);
  let fedAt = -Infinity;
  await eventually(
    `a worker comes by ${name}`,
    async () => {
      if (!city.isRunning('worker', at)) return true;
      if (performance.now() - fedAt < FEED_EVERY_MS) return false;
      fedAt = performance.now();
      if (!(await isLong(city))) {
        for (const prefix of scene.media) await city.enqueue(`${prefix}-${(media += 1)}`, ['AIVideoTag', 'AIMediaDNA']);
      }
      await scene.along?.(city, redis);
      return false;
    },
    PATIENCE_MS,
  );
  await city.stopOne('worker', at);
  await scene.after?.(city, redis);
}

async function isLong(city: City): Promise<boolean> {
  const queued = await city.query(`select from job where state = 'queued' limit ${MOST_QUEUED}`);
  return queued.length === MOST_QUEUED;
}

function lines(): ReadonlySet<string> {
  return new Set(existsSync(diary) ? readFileSync(diary, 'utf8').trim().split('\n') : []);
}
