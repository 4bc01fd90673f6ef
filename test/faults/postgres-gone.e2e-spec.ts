import { freePort } from '../../apps/local/src/embedded-postgres';
import { describeWithRedis, eventually } from '@app/testing';
import { signCallback } from '@app/vod/callback';
import { Client } from 'pg';
import { BUILD_TIMEOUT_MS, builtDist } from '../support/build';
import { keys } from '../support/stack';
import { City } from './support/city';
import { endConnections, OwnPostgres, withClient } from './support/postgres';
import { lasts, readiness } from './support/ready';
import { drawSeed, isFull, report } from './support/report';

const size = isFull
  ? { rounds: 60, everyMs: 2_000, locks: 3, lockedMs: 10_000, restarts: 10, downMs: 5_000 }
  : { rounds: 3, everyMs: 2_000, locks: 1, lockedMs: 5_000, restarts: 1, downMs: 1_500 };

const TIMEOUT_MS = isFull ? 60 * 60_000 : 240_000;

/** VOD's patience with one event. */
const VOD_WAITS_MS = 5_000;

beforeAll(() => builtDist(), BUILD_TIMEOUT_MS);

describeWithRedis('Postgres gone', () => {
  let postgres: OwnPostgres | undefined;
  beforeAll(async () => {
    postgres = await OwnPostgres.start();
    // A city makes its database on the server that the tests are told of: this file has one of its own.
    process.env['TEST_POSTGRES_URL'] = postgres.url;
  }, 60_000);
  afterAll(() => postgres?.remove());

  // With its queue there as well a worker loses most at once.
  it.each(isFull ? (['redis', 'postgres'] as const) : (['postgres'] as const))(
    'row 6, row 29, row 30, row 43: broken connections, a locked table and a restart lose nothing and end no process, with the queue on %s',
    (queue) => {
      const seed = drawSeed(`Postgres gone, queue on ${queue}`);
      return City.run({ seed, queue, apis: 1, webhooks: 1, workers: 0 }, async (city) => {
        const port = await freePort();
        await city.add('worker', { WORKER_PORT: String(port) });
        const faces = [city.front.url, city.doorbell.url, `http://127.0.0.1:${port}`];
        const clients = new Clients(city);
        const slowest: number[] = [];
        const calm = async () => {
          const from = performance.now();
          await eventually('all processes are ready', async () => {
            return (await Promise.all(faces.map(readiness))).every(({ status }) => status === 200);
          });
          await reconnect(city);
          const [id] = await city.enqueue(`calm-${slowest.length}`);
          await eventually('jobs flow again', async () => {
            return (await city.query('select from job where id = $1 and settled_at is not null', [id])).length > 0;
          });
          slowest.push(performance.now() - from);
        };

        clients.start();
        let ended = 0;
        for (let i = 0; i < size.rounds; i += 1) {
          await lasts(city.chance() * size.everyMs);
          ended += await endConnections(city.database.url);
        }
        await calm();

        for (let i = 0; i < size.locks; i += 1) {
          await withClient(city.database.url, async (client) => {
            await client.query('begin');
            await client.query('lock table job in access exclusive mode');
            await lasts(size.lockedMs);
            await client.query('commit');
          });
          await calm();
        }

        for (let i = 0; i < size.restarts; i += 1) {
          await postgres?.stop();
          try {
            const until = performance.now() + size.downMs;
            await eventually('all processes say so', async () => {
              const said = await Promise.all(faces.map(readiness));
              return said.every(({ status, checks, down }) => {
                return status === 503 && checks['postgres'] !== 'ok' && down.includes('postgres');
              });
            });
            const refused = await fetch(`${city.front.url}/v1/jobs`, {
              method: 'POST',
              headers: { authorization: `Bearer ${keys.operator}`, 'content-type': 'application/json' },
              body: JSON.stringify({ mediaId: `refused-${i}`, types: ['AIVideoTag'] }),
            });
            expect(refused.status).toBe(503);
            expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
            const { status, ms } = await clients.ring();
            // Waited for as long as VOD waits, and never answered with a promise that is not kept.
            expect(status).toBe(503);
            expect(ms).toBeGreaterThan(2_000);
            expect(ms).toBeLessThan(VOD_WAITS_MS);
            await lasts(Math.max(0, until - performance.now()));
          } finally {
            await postgres?.startAgain();
          }
          await calm();
        }
        await clients.finish();
        await city.untilOver({ patienceMs: isFull ? 600_000 : 120_000 });

        const { broken, ...counts } = await city.audit();
        const unkept = await clients.unkeptPromises();
        report({
          family: 'Postgres gone',
          seed,
          faults: { 'connections ended': ended, 'lock job table': size.locks, 'restart postgres': size.restarts },
          ...counts,
          slowestRecoveryMs: Math.round(Math.max(...slowest)),
          figures: {
            queue,
            events: clients.kept.size,
            ...statuses('api', city.front),
            ...statuses('webhook', city.doorbell),
          },
        });
        expect(broken).toEqual([]);
        expect(counts).toMatchObject({ lost: 0, paidTwice: 0, jobs: city.accepted.size });
        expect(unkept).toEqual([]);
        expect(clients.kept.size).toBeGreaterThan(0);
        // No 500, and none that a balancer had to give: they all live on, and know what is the matter.
        expect(Object.keys(city.front.answers).filter((status) => !['200', '202', '503'].includes(status))).toEqual([]);
        expect(Object.keys(city.doorbell.answers).filter((status) => !['200', '503'].includes(status))).toEqual([]);
        expect((['api', 'webhook', 'worker'] as const).filter((kind) => !city.isRunning(kind))).toEqual([]);
      });
    },
    TIMEOUT_MS,
  );
});

/** Callers of both doors, who note what they were promised. */
class Clients {
  /** Events that were answered with 200, by the JobId that they name. */
  readonly kept = new Set<string>();
  private stopped = false;
  private running: Promise<unknown> = Promise.resolve();
  private media = 0;
  private events = 0;

  constructor(private readonly city: City) {}

  start(): void {
    const enqueueing = async () => {
      while (!this.stopped) {
        await this.city.enqueue(`media-${(this.media += 1)}`);
        await lasts(100);
      }
    };
    const ringing = async () => {
      while (!this.stopped) {
        await this.ring();
        await lasts(50);
      }
    };
    this.running = Promise.all([enqueueing(), enqueueing(), ringing()]);
    this.running.catch(() => undefined); // told by `finish`
  }

  async finish(): Promise<void> {
    this.stopped = true;
    await this.running;
  }

  /** An event about a job that is nobody's, with VOD's signature. */
  async ring(): Promise<{ status: number; ms: number }> {
    const vodJobId = `stranger-${(this.events += 1)}`;
    const url = `${this.city.doorbell.url}/vod/events`;
    const timestamp = String(Math.floor(Date.now() / 1000));
    const from = performance.now();
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'x-vod-timestamp': timestamp, 'x-vod-signature': signCallback(url, timestamp, keys.callback) },
      body: JSON.stringify({
        EventType: 'AIVideoTagComplete',
        EventTime: '2026-11-22T08:00:00Z',
        MediaId: `media-of-${vodJobId}`,
        JobId: vodJobId,
        Status: 'success',
        Code: '',
        Message: '',
      }),
    });
    await response.text();
    if (response.status === 200) this.kept.add(vodJobId);
    return { status: response.status, ms: performance.now() - from };
  }

  /** Events that were answered with 200 and are not there. */
  async unkeptPromises(): Promise<string[]> {
    const rows = await this.city.query<{ id: string }>(
      `select named as id from unnest($1::text[]) as named
        where not exists (select from event where event.vod_job_id = named)`,
      [[...this.kept]],
    );
    return rows.map((row) => row.id);
  }
}

/** The city has one connection for its questions, and that one is broken with all others. */
async function reconnect(city: City): Promise<void> {
  const sql = new Client({ connectionString: city.database.url });
  sql.on('error', () => undefined);
  await sql.connect();
  const { sql: old } = city as unknown as { sql: Client };
  Object.assign(city, { sql });
  await old.end().catch(() => undefined);
}

function statuses(door: string, { answers }: City['front']): Record<string, number> {
  return Object.fromEntries(Object.entries(answers).map(([status, times]) => [`${door} ${status}`, times]));
}
