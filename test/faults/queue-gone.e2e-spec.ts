import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../apps/local/src/embedded-postgres';
import { describeWithRedisServer, RedisServer } from '../../libs/queue/test/redis-server';
import { prefixOf } from '@app/queue';
import { eventually } from '@app/testing';
import { BUILD_TIMEOUT_MS, builtDist } from '../support/build';
import { City } from './support/city';
import { readiness } from './support/ready';
import { drawSeed, isFull, report } from './support/report';

const size = isFull ? { flushes: 50, outages: 5, pausedMs: 30_000 } : { flushes: 3, outages: 1, pausedMs: 5_000 };

/** Shorter than a city's own: every flush costs one. */
const LEASE_MS = 3_000;
const times = { VOD_TIMEOUT: '1s', LEASE: `${LEASE_MS}ms` };
/** So few that reads wait in line: what is to be submitted waits in Postgres, and an entry of it names no job. */
const FEW_READS = { COLLECT_QPS: '2' };
/** The default of VOD_REGIONS. */
const REGION = 'cn-shanghai';
/** What a busy machine may add to a lease. Nothing here comes near to it when all is well. */
const GRACE_MS = 10_000;

const TIMEOUT_MS = isFull ? 60 * 60_000 : 180_000;

beforeAll(() => builtDist(), BUILD_TIMEOUT_MS);

describeWithRedisServer('queue gone', () => {
  let redis: RedisServer;
  beforeEach(async () => {
    redis = await RedisServer.onFreePort();
    await redis.start('--maxmemory-policy', 'noeviction');
  });
  afterEach(async () => {
    redis.signal('SIGCONT');
    await redis.kill();
  });

  it(
    'row 9: a flushed Redis loses no job, and all that it held is handed out again within a lease',
    () => {
      const seed = drawSeed('queue gone: flushed');
      const env = { ...times, ...FEW_READS, ...(isFull ? { LOG_LEVEL: 'info' } : {}) };
      return City.run({ seed, redisUrl: redis.url, apis: 1, webhooks: 1, workers: 1, env }, async (city) => {
        const backMs: number[] = [];
        let flushed = 0;
        for (let i = 0; i < size.flushes; i += 1) {
          const enough = new AbortController();
          const batch = enqueueUntil(enough.signal, city, `flush${i}-`);
          const lost = await flushWhatWaits(city, redis).finally(() => enough.abort());
          const [{ now }] = (await city.query<{ now: Date }>('select clock_timestamp() as now')) as [{ now: Date }];
          const from = performance.now();
          flushed += lost.length;
          await eventually('all that was lost has been read', async () => {
            return (await unread(city, lost, now)).length === 0;
          });
          backMs.push(Math.round(performance.now() - from));
          await batch;
        }
        await city.untilOver({ patienceMs: isFull ? 600_000 : 120_000 });
        const { broken, ...counts } = await city.audit();
        const slowestRecoveryMs = Math.max(...backMs);
        report({
          family: 'queue gone',
          seed,
          faults: { flushall: size.flushes },
          ...counts,
          slowestRecoveryMs,
          figures: {
            leaseMs: LEASE_MS,
            readsFlushed: flushed,
            medianRecoveryMs: backMs.toSorted((a, b) => a - b)[Math.floor(backMs.length / 2)] ?? 0,
          },
        });
        expect(broken).toEqual([]);
        expect(counts).toMatchObject({ lost: 0, paidTwice: 0, held: 0, jobs: city.accepted.size });
        expect(slowestRecoveryMs).toBeLessThan(LEASE_MS + GRACE_MS);
        expect(exits(city)).toEqual([]);
      });
    },
    TIMEOUT_MS,
  );

  it(
    'row 10: without Redis the api and the webhook go on, a worker says that it is not ready, and all go on when it is back',
    () => {
      const seed = drawSeed('queue gone: away');
      return City.run({ seed, redisUrl: redis.url, apis: 1, webhooks: 1, workers: 0 }, async (city) => {
        const ports = [await freePort(), await freePort()];
        for (const port of ports) await city.add('worker', { WORKER_PORT: String(port) });
        const workers = ports.map((port) => `http://127.0.0.1:${port}`);
        const recoveries: number[] = [];
        let media = 0;
        const enqueue = async (count: number) => {
          for (let i = 0; i < count; i += 1) await city.enqueue(`media-${(media += 1)}`);
        };

        const during = async (outageMs: number) => {
          const until = performance.now() + outageMs;
          await eventually('the workers say so', async () => {
            const said = await Promise.all(workers.map(readiness));
            return said.every(({ status, checks, down }) => {
              return (
                status === 503 && checks['queues'] !== 'ok' && checks['postgres'] === 'ok' && down.includes('queues')
              );
            });
          });
          do {
            await enqueue(2);
            await city.pace(100);
            expect((await readiness(city.front.url)).status).toBe(200);
            expect((await readiness(city.doorbell.url)).status).toBe(200);
          } while (performance.now() < until);
        };
        const recovered = async () => {
          const from = performance.now();
          await eventually('the workers are ready again', async () => {
            return (await Promise.all(workers.map(readiness))).every(({ status }) => status === 200);
          });
          const [newest] = await city.enqueue(`media-${(media += 1)}`);
          await eventually('what came during the outage flows', async () => {
            const [job] = await city.query(`select from job where id = $1 and state <> 'queued'`, [newest]);
            return job;
          });
          recoveries.push(performance.now() - from);
        };

        for (let i = 0; i < size.outages; i += 1) {
          await enqueue(10);
          await redis.kill();
          await during(500);
          await redis.start('--maxmemory-policy', 'noeviction');
          await recovered();

          await enqueue(10);
          redis.signal('SIGSTOP');
          await during(size.pausedMs);
          redis.signal('SIGCONT');
          await recovered();
        }
        await city.untilOver();
        const { broken, ...counts } = await city.audit();
        report({
          family: 'queue gone',
          seed,
          faults: { 'kill redis': size.outages, 'freeze redis': size.outages },
          ...counts,
          slowestRecoveryMs: Math.round(Math.max(...recoveries)),
          figures: { frozenMs: size.pausedMs },
        });
        expect(broken).toEqual([]);
        expect(counts).toMatchObject({ lost: 0, paidTwice: 0, held: 0, jobs: media });
        // What the api and VOD were answered: nobody was told that a store is away.
        expect(Object.keys(city.front.answers).filter((status) => !['200', '202'].includes(status))).toEqual([]);
        expect(Object.keys(city.doorbell.answers)).toEqual(['200']);
        expect(exits(city)).toEqual([]);
      });
    },
    TIMEOUT_MS,
  );

  // The short form of the other store is the queue library's own test.
  it.each(isFull ? (['redis', 'postgres'] as const) : (['redis'] as const))(
    'row 11: a worker killed in the middle of a step does not keep its request from being handed out again, on %s',
    (queue) => {
      const seed = drawSeed('queue gone: worker killed');
      const folder = mkdtempSync(join(tmpdir(), 'vodai-failpoint-'));
      const log = join(folder, 'passed');
      const options = { seed, queue, redisUrl: redis.url, apis: 1, webhooks: 1, workers: 0, env: times };
      return City.run(options, async (city) => {
        await city.enqueue('media-1');
        // Killed with its claim made and nothing sent: the queue still believes that it works on this request.
        await city.add('worker', { FAILPOINTS: `${log};submit.submissions.claimNext.after=1` });
        await eventually('the worker is killed', () => !city.isRunning('worker', 0));
        const from = performance.now();
        await city.add('worker');
        // With BullMQ's own settings it would be 30 s at the very least, and a minute and a half at worst.
        await city.untilOver({ patienceMs: LEASE_MS + 15_000 + GRACE_MS - 2_000 });
        const slowestRecoveryMs = Math.round(performance.now() - from);
        const { broken, ...counts } = await city.audit();
        report({ family: 'queue gone', seed, faults: { 'kill worker': 1 }, ...counts, slowestRecoveryMs });
        expect(readFileSync(log, 'utf8')).toContain('killed submit.submissions.claimNext.after');
        expect(broken).toEqual([]);
        expect(counts).toMatchObject({ lost: 0, paidTwice: 0, held: 0, jobs: 1 });
      }).finally(() => rmSync(folder, { recursive: true }));
    },
    TIMEOUT_MS,
  );
});

/** Four clients: faster than what they enqueue is read, so that reads come to wait in the queue. */
async function enqueueUntil(enough: AbortSignal, city: City, media: string): Promise<void> {
  let next = 0;
  const client = async () => {
    while (!enough.aborted) await city.enqueue(`${media}${(next += 1)}`);
  };
  await Promise.all([client(), client(), client(), client()]);
}

/** Those of some jobs that were not read since. */
async function unread(city: City, jobIds: string[], since: Date): Promise<string[]> {
  const rows = await city.query<{ id: string }>(
    `select id from job where id = any($1::uuid[]) and settled_at is null and coalesce(last_read_at, '-infinity') < $2`,
    [jobIds, since],
  );
  return rows.map(({ id }) => id);
}

/** Empties Redis when reads wait there, and answers the jobs that were to be read. */
async function flushWhatWaits(city: City, redis: RedisServer): Promise<string[]> {
  const queue = `${await prefixIn(city)}:collect.${REGION}`;
  const takeAll = `
    local payloads = {}
    for _, id in ipairs(redis.call('lrange', KEYS[1] .. ':wait', 0, -1)) do
      payloads[#payloads + 1] = redis.call('hget', KEYS[1] .. ':' .. id, 'data')
    end
    if #payloads > 0 then redis.call('flushall') end
    return payloads`;
  return eventually('a flush finds something to lose', async () => {
    const payloads = (await redis.ask((client) => client.eval(takeAll, 1, queue))) as string[];
    const jobIds = payloads.flatMap((payload) => (JSON.parse(payload) as { jobIds: string[] }).jobIds);
    return jobIds.length > 0 ? jobIds : null;
  });
}

/** What the city's keys begin with. */
async function prefixIn(city: City): Promise<string> {
  const [row] = await city.query<{ id: string }>('select id from installation');
  return prefixOf(row?.id ?? '');
}

/** Processes that are gone although nobody ended them. */
function exits(city: City): string[] {
  return (['api', 'webhook', 'worker'] as const).filter((kind) => !city.isRunning(kind));
}
