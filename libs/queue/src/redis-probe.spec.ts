import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Signals, StartError } from '@app/observability';
import { eventually } from '@app/testing';
import { requestOf } from '../test/queues';
import { describeWithRedisServer, RedisServer } from '../test/redis-server';
import { prefixOf, Queues, type Processor } from './queues';

const processors = (submitted: string[]): Processor[] => [
  { queue: 'submit', process: async (_region, payload) => void submitted.push(requestOf(payload)) },
  { queue: 'collect', process: async () => undefined },
  { queue: 'recover', process: async () => undefined },
];

describeWithRedisServer('A Redis that answers', () => {
  const servers: RedisServer[] = [];
  const opened: Queues[] = [];
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'vodai-redis-'));
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((queues) => queues.close()));
    for (const each of servers.splice(0)) await each.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  async function startServer(...settings: string[]): Promise<RedisServer> {
    const redis = await RedisServer.onFreePort();
    servers.push(redis);
    await redis.start('--dir', folder, ...settings);
    return redis;
  }

  function open(redisUrl: string, installation: string = randomUUID()): Queues {
    const signals = new Signals();
    const regions = ['cn-shanghai'];
    const queues = new Queues({
      store: { redisUrl },
      installation,
      regions,
      signals,
      onFailure: () => undefined,
    });
    opened.push(queues);
    return queues;
  }

  /** The refusal of a start, and of the readiness of a process that had started before. */
  async function refusals(url: string, installation?: string): Promise<string[]> {
    const queues = open(url, installation);
    return Promise.all(
      [
        queues.work(processors([])),
        eventually('it is connected', () => answered(queues)).then((error) => Promise.reject(error)),
      ].map((asked) =>
        asked.then(
          () => 'works',
          (error: unknown) => (error instanceof StartError ? error.message : `not a StartError: ${String(error)}`),
        ),
      ),
    );
  }

  /** What readiness says once it has heard of the server. */
  async function answered(queues: Queues): Promise<Error | null> {
    const error: Error | null = await queues.assertWorks().then(
      () => null,
      (refusal) => refusal,
    );
    return error && error.message.startsWith('Redis is') ? null : error;
  }

  async function withUser(redis: RedisServer, ...rules: string[]): Promise<string> {
    await redis.ask((client) => client.call('ACL', 'SETUSER', 'vodai', 'on', '>secret', ...rules));
    return redis.url.replace('redis://', 'redis://vodai:secret@');
  }

  it('and lets its user do what the guide asks for is worked', async () => {
    const installation = randomUUID();
    const url = await withUser(
      await startServer(),
      'resetchannels',
      `~${prefixOf(installation)}:*`,
      '+@all',
      '-@admin',
      '-@dangerous',
      '+info',
    );
    const submitted: string[] = [];
    const queues = open(url, installation);
    await queues.work(processors(submitted));
    await expect(queues.assertWorks()).resolves.toBeUndefined();
    await queues.add('submit', 'cn-shanghai', [{ requestId: randomUUID() }]);
    await eventually('it is worked', () => submitted.length === 1);
  });

  it.each([
    [['~*', '+@all', '-info'], /^REDIS_URL: the user may not use INFO; /],
    [['~*', '+@all', '-evalsha'], /^REDIS_URL: the user may not use EVALSHA; /],
    [['~*', '+@all', '-bzpopmin'], /^REDIS_URL: the user may not use BZPOPMIN; /],
    [['~*', '+@all', '-xadd'], /^REDIS_URL: the user may not use what BullMQ uses; /],
    [['~other:*', '+@all'], /^REDIS_URL: the user may not use what BullMQ uses; /],
  ])(
    'but keeps a right of its user (%j) is refused at the start and by readiness, with the right',
    async (rules, why) => {
      for (const said of await refusals(await withUser(await startServer(), ...rules))) expect(said).toMatch(why);
    },
  );

  it('but not to this password is refused', async () => {
    const url = (await withUser(await startServer(), '~*', '+@all')).replace('secret', 'canary');
    for (const said of await refusals(url)) {
      expect(said).toBe('REDIS_URL: the user or the password is not the right one, or is missing');
    }
  });

  it('but is a Sentinel is refused', async () => {
    const file = join(folder, 'sentinel.conf');
    writeFileSync(file, '');
    const sentinel = await RedisServer.onFreePort();
    servers.push(sentinel);
    await sentinel.startWith(file, '--sentinel');
    for (const said of await refusals(sentinel.url))
      expect(said).toMatch(/^REDIS_URL: this server doesn't know SET: is it a Sentinel/);
  });

  it('as one node of a Cluster is worked when the queues are its, and refused with their slot when they are not', async () => {
    const nodes = await Promise.all([1, 2].map((i) => clusterNode(i)));
    const [first, second] = nodes as [RedisServer, RedisServer];
    await first.ask((client) => client.call('CLUSTER', 'ADDSLOTSRANGE', 0, 8191));
    await second.ask((client) => client.call('CLUSTER', 'ADDSLOTSRANGE', 8192, 16383));
    await first.ask((client) => client.call('CLUSTER', 'MEET', '127.0.0.1', second.port, busOf(second)));
    for (const node of nodes) {
      await eventually('it is a cluster', () =>
        node.ask(async (client) => String(await client.call('CLUSTER', 'INFO')).includes('cluster_state:ok')),
      );
    }
    const installation = randomUUID();
    const slot = Number(
      await first.ask((client) => client.call('CLUSTER', 'KEYSLOT', `${prefixOf(installation)}:any`)),
    );
    const [right, wrong] = slot <= 8191 ? [first, second] : [second, first];

    for (const said of await refusals(wrong.url, installation)) {
      expect(said).toMatch(
        new RegExp(
          `^REDIS_URL: this is one node of a Redis Cluster, and the queues \\(slot ${slot}\\) belong to another`,
        ),
      );
    }
    const submitted: string[] = [];
    const queues = open(right.url, installation);
    await queues.work(processors(submitted));
    await expect(queues.assertWorks()).resolves.toBeUndefined();
    await queues.add('submit', 'cn-shanghai', [{ requestId: randomUUID() }]);
    await eventually('it is worked', () => submitted.length === 1);
  });

  const buses = new Map<RedisServer, number>();
  const busOf = (node: RedisServer) => buses.get(node) ?? 0;

  async function clusterNode(number: number): Promise<RedisServer> {
    const bus = (await RedisServer.onFreePort()).port;
    const node = await startServer(
      '--cluster-enabled',
      'yes',
      '--cluster-config-file',
      `nodes-${number}.conf`,
      '--cluster-port',
      String(bus),
    );
    buses.set(node, bus);
    return node;
  }
});
