import { Signals, type SignalMap } from '@app/observability';
import { Networks, Outbound, type OutboundOptions } from '@app/outbound';
import { AttemptStore, DeliveryStore, JobReads, NewsStore } from '@app/persistence';
import { eventually } from '@app/testing';
import { v7 as uuidv7 } from 'uuid';
import { addDelivery, addEndpoint, SECRET } from '../../../persistence/test/endpoints';
import { Fixture } from '../../../persistence/test/fixture';
import { Receiver } from '../../test/receiver';
import { Tell } from '../tell';
import { Deliver } from './deliver';

const loopback = new Networks(['127.0.0.0/8']);

describe('Delivering', () => {
  let fixture: Fixture;
  const tried: SignalMap['delivery.tried'][] = [];
  const closing: (() => Promise<unknown>)[] = [];
  beforeEach(async () => {
    fixture = await Fixture.open();
    tried.splice(0);
  });
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
    await fixture.close();
  });

  const query = <T extends object = Record<string, unknown>>(sql: string, parameters: unknown[] = []) =>
    fixture.query<T>(sql, parameters);
  const delivery = (more: Parameters<typeof addDelivery>[1]) => addDelivery(query, more);

  async function receiver(answer?: Parameters<typeof Receiver.start>[0]): Promise<Receiver> {
    const started = await Receiver.start(answer);
    closing.push(() => started.close());
    return started;
  }

  const endpointAt = (at: { url: string }, more: Parameters<typeof addEndpoint>[1] = {}) =>
    addEndpoint(query, { url: at.url, ...more });

  function deliverer(options: Partial<OutboundOptions> = {}, attempts = new AttemptStore(fixture.db)): Deliver {
    const signals = new Signals();
    signals.on('delivery.tried', (said) => tried.push(said));
    return new Deliver({
      deliveries: new DeliveryStore(fixture.db),
      attempts,
      reads: new JobReads(fixture.db),
      outbound: new Outbound({ allow: loopback, ...options }),
      signals,
      now: () => new Date(),
      chance: () => 0.5,
    });
  }

  /** One run, to its end. */
  async function run(deliver = deliverer()): Promise<void> {
    const failures: unknown[] = [];
    await deliver.run(
      () => {},
      (error) => failures.push(error),
    );
    await deliver.idle();
    expect(failures).toEqual([]);
  }

  /** Run after run, as the worker's loop does, until nothing is due. */
  async function runAll(deliver = deliverer()): Promise<void> {
    for (let before = -1; before !== tried.length;) {
      before = tried.length;
      await run(deliver);
    }
  }

  const deliveries = () =>
    query(
      `select id, state, attempts, last_status as status, last_error as error,
              extract(epoch from due_at - (select max(at + make_interval(secs => duration_ms / 1000.0)) from delivery_attempt))::float8 as "inS"
         from delivery
        order by id`,
    );
  const dueNow = () => query(`update delivery set due_at = now() where state = 'waiting'`);
  /** What waits for its next try does so for as long as the test lasts. */
  const dueLater = () => query(`update delivery set due_at = due_at + interval '1 hour' where state = 'waiting'`);
  const rested = () => query(`update endpoint set rest_until = null`);

  it('sends what happened, signed, as libraries of receivers verify it', async () => {
    const shop = await receiver();
    await endpointAt(shop);
    const job = await fixture.jobIn('succeeded');
    await new Tell({ news: new NewsStore(fixture.db), signals: new Signals() }).run(() => {});
    await run();
    shop.verifyAll(SECRET);
    expect(shop.received).toMatchObject([
      {
        headers: { 'content-type': 'application/json', 'user-agent': expect.stringMatching(/^vodai\//) },
        message: { type: 'job.succeeded', data: { job: { id: job.id, state: 'succeeded', labels: {} } } },
      },
    ]);
    expect(shop.received[0]?.message.data).not.toHaveProperty('result');
    expect(await deliveries()).toMatchObject([
      { id: shop.received[0]?.id, state: 'delivered', attempts: 1, status: 204 },
    ]);
    expect(tried).toMatchObject([{ outcome: 'delivered', client: 'otto', host: new URL(shop.url).host }]);
    expect(JSON.stringify(tried)).not.toContain('path-canary');
  });

  it('signs with both secrets while one is being replaced', async () => {
    const shop = await receiver();
    const [old, young] = ['whsec_b2xkLW9sZC1vbGQtb2xkLW9sZC0=', 'whsec_eW91bmcteW91bmcteW91bmcteW8='];
    const endpointId = await endpointAt(shop, { secrets: [old, young] });
    await query(`update endpoint_secret set expires_at = now() + interval '1 day' where secret = $1`, [old]);
    await delivery({ endpointId });
    await run();
    shop.verifyAll(old);
    shop.verifyAll(young);
    await query(`update endpoint_secret set expires_at = now() where secret = $1`, [old]);
    await delivery({ endpointId });
    await run();
    shop.verifyAll(young);
    expect(() => shop.verifyAll(old)).toThrow();
  });

  it('sends the result with it where it is wanted, and its path when it is large', async () => {
    const shop = await receiver();
    await endpointAt(shop, { includeResult: true });
    const [small, large] = [await fixture.jobIn('succeeded'), await fixture.jobIn('succeeded')];
    await fixture.jobIn('failed');
    await query(`update result set raw = repeat('x', 262145) where job_id = $1`, [large.id]);
    await new Tell({ news: new NewsStore(fixture.db), signals: new Signals() }).run(() => {});
    await runAll();
    const dataOf = (id: string) => shop.received.find(({ message }) => message.data.job?.['id'] === id)?.message.data;
    expect(dataOf(small.id)).toMatchObject({ result: { raw: { a: 1 }, normalized: { a: 1 }, source: 'ListAIJob' } });
    expect(dataOf(large.id)).toMatchObject({ resultUrl: `/v1/jobs/${large.id}/result` });
    expect(dataOf(large.id)).not.toHaveProperty('result');
    const failed = shop.received.find(({ message }) => message.type === 'job.failed');
    expect(Object.keys(failed?.message.data ?? {})).toEqual(['job']);
  });

  it('row 41: tries again what was not taken, with the same id, until it is', async () => {
    const shop = await receiver((response, _received, nth) => response.writeHead(nth < 3 ? 500 : 200).end('not yet'));
    const id = await delivery({ endpointId: await endpointAt(shop) });
    await run();
    expect(await deliveries()).toEqual([
      { id, state: 'waiting', attempts: 1, status: 500, error: 'it answered with 500', inS: 5 },
    ]);
    await dueLater();
    await run();
    expect(shop.received).toHaveLength(1);
    for (const inS of [60, null]) {
      await dueNow();
      await rested();
      await run();
      expect(await deliveries()).toMatchObject([{ inS }]);
    }
    expect(shop.ids).toEqual([id, id, id]);
    expect(await deliveries()).toMatchObject([{ state: 'delivered', attempts: 3, status: 200, error: null }]);
    expect(await query(`select nth, outcome, status, answer_head as head from delivery_attempt order by nth`)).toEqual([
      { nth: 1, outcome: 'answered', status: 500, head: 'not yet' },
      { nth: 2, outcome: 'answered', status: 500, head: 'not yet' },
      { nth: 3, outcome: 'delivered', status: 200, head: 'not yet' },
    ]);
  });

  it('gives up after three days', async () => {
    const shop = await receiver((response) => response.writeHead(400).end());
    const id = await delivery({ endpointId: await endpointAt(shop) });
    await query(`update delivery set tries = 12, attempts = 12, tried_since = now() - interval '3 days'`);
    await run();
    expect(await deliveries()).toMatchObject([{ id, state: 'failed', attempts: 13, status: 400 }]);
  });

  it.each<[string, (other: Receiver) => Parameters<typeof Receiver.start>[0], object]>([
    [
      'redirects',
      (other) => (response) => response.writeHead(302, { location: other.url }).end(),
      { outcome: 'redirected', status: 302, error: 'it answered with 302' },
    ],
    ['does not answer', () => () => {}, { outcome: 'timed_out', status: null, error: 'no answer within 0.3 s' }],
    [
      'answers a byte at a time',
      () => (response) => {
        response.writeHead(200, { 'content-length': 1_000 });
        const timer = setInterval(() => response.write('x'), 20);
        response.on('close', () => clearInterval(timer));
      },
      { outcome: 'delivered', status: 200 },
    ],
    ['hangs up', () => (response) => response.destroy(), { outcome: 'broken', status: null }],
    ['wants a password', () => (response) => response.writeHead(401).end(), { outcome: 'answered', status: 401 }],
  ])('says what came of it when the receiver %s', async (_what, answer, expected) => {
    const other = await receiver();
    const shop = await receiver(answer(other));
    await delivery({ endpointId: await endpointAt(shop) });
    await run(deliverer({ deadlineMs: 300 }));
    expect(tried).toMatchObject([expected]);
    expect(other.received).toEqual([]);
  });

  it('keeps of an answer only its beginning, as text', async () => {
    const bytes = Buffer.concat([Buffer.from('a\0b\ufffd'), Buffer.from([0xff]), Buffer.alloc(100_000, 'x')]);
    const shop = await receiver((response) => response.writeHead(200).end(bytes));
    await delivery({ endpointId: await endpointAt(shop) });
    await run();
    const [attempt] = await query<{ head: string }>(`select answer_head as head from delivery_attempt`);
    expect(attempt?.head).toMatch(/^a\ufffdb\ufffd\ufffdx+$/);
    expect(attempt?.head.length).toBeLessThanOrEqual(2_048);
  });

  it('row 42: does not call a host whose address is not public, or not any more', async () => {
    const shop = await receiver();
    const url = shop.url.replace('127.0.0.1', 'hooks.example').replace('http:', 'https:');
    await delivery({ endpointId: await addEndpoint(query, { url }) });
    await run(deliverer({ allow: new Networks([]), resolve: async () => [{ address: '127.0.0.1', family: 4 }] }));
    expect(tried).toMatchObject([
      { outcome: 'forbidden_address', error: 'its host has an address that is not public' },
    ]);
    expect(await deliveries()).toMatchObject([{ state: 'waiting', attempts: 1 }]);
    expect(shop.received).toEqual([]);
  });

  it('comes back when a receiver that is busy wants it, and leaves its endpoint alone until then', async () => {
    const shop = await receiver((response) => response.writeHead(429, { 'retry-after': '600' }).end());
    const endpointId = await endpointAt(shop);
    await delivery({ endpointId });
    await run();
    expect(await deliveries()).toMatchObject([{ state: 'waiting', inS: 600 }]);
    await delivery({ endpointId });
    await run();
    expect(shop.received).toHaveLength(1);
  });

  it('pauses an endpoint that says that it is gone; what waits for it waits', async () => {
    const shop = await receiver((response) => response.writeHead(410).end());
    const endpointId = await endpointAt(shop);
    for (let i = 0; i < 2; i += 1) await delivery({ endpointId });
    await run();
    await dueNow();
    await rested();
    const before = shop.received.length;
    await run();
    expect(shop.received).toHaveLength(before);
    expect(await query(`select pause_reason as reason from endpoint`)).toEqual([{ reason: 'gone' }]);
    expect(await deliveries()).toMatchObject([{ state: 'waiting' }, { state: 'waiting' }]);
  });

  it('does not keep one endpoint waiting for another that is slow or dead', async () => {
    const open: (() => void)[] = [];
    const slow = await receiver((response) => open.push(() => response.end()));
    const [shop, dead] = [await receiver(), await receiver()];
    await dead.close();
    const [slowId, shopId, deadId] = [await endpointAt(slow), await endpointAt(shop), await endpointAt(dead)];
    // Those of the others are due for longer, and are many more.
    for (let i = 0; i < 40; i += 1) await delivery({ endpointId: i % 2 ? slowId : deadId, dueInS: -100 });
    for (let i = 0; i < 20; i += 1) await delivery({ endpointId: shopId });
    const deliver = deliverer();
    await eventually('the healthy one has all', async () => {
      await deliver.run(
        () => {},
        () => {},
      );
      return shop.received.length === 20;
    });
    // While the slow one had as many in hand as it may, and no more; the dead one cost a few tries.
    expect(slow.received).toHaveLength(4);
    expect(tried.filter(({ outcome }) => outcome === 'refused').length).toBeLessThan(20);
    for (const end of open) end();
    await deliver.idle();
  });

  it('sends what happened to one job in its order, and other jobs meanwhile', async () => {
    let isMended = false;
    const shop = await receiver((response) => response.writeHead(isMended ? 200 : 503).end());
    const endpointId = await endpointAt(shop);
    const jobId = uuidv7();
    const first = await delivery({ endpointId, jobId, historyId: 1, type: 'job.held' });
    const second = await delivery({ endpointId, jobId, historyId: 2, type: 'job.failed', dueInS: -60 });
    await run();
    expect(shop.ids).toEqual([first]);
    isMended = true;
    await rested();
    await dueLater();
    const otherJob = await delivery({ endpointId, historyId: 3 });
    await run();
    expect(shop.ids).toEqual([first, otherJob]); // while what failed waits for its next try, and what is behind it, too
    await dueNow();
    await runAll();
    expect(shop.ids).toEqual([first, otherJob, first, second]);
  });

  it('sends it once more when what came of it could not be kept', async () => {
    const shop = await receiver();
    const id = await delivery({ endpointId: await endpointAt(shop) });
    const attempts = new AttemptStore(fixture.db);
    const failures: unknown[] = [];
    attempts.note = () => Promise.reject(new Error('Postgres is away'));
    const dying = deliverer({}, attempts);
    await dying.run(
      () => {},
      (error) => failures.push(error),
    );
    await dying.idle();
    expect(failures).toHaveLength(1);
    expect(await deliveries()).toMatchObject([{ state: 'waiting', attempts: 0 }]);
    await run(); // its lease is not over
    expect(shop.received).toHaveLength(1);
    await dueNow();
    await run();
    expect(shop.ids).toEqual([id, id]);
    expect(await deliveries()).toMatchObject([{ state: 'delivered', attempts: 1 }]);
  });

  it('is shared by two workers: each delivery goes out once', async () => {
    const shop = await receiver();
    const endpointId = await endpointAt(shop);
    for (let i = 0; i < 30; i += 1) await delivery({ endpointId });
    await Promise.all([runAll(deliverer()), runAll(deliverer())]);
    await runAll();
    expect(shop.received).toHaveLength(30);
    expect(new Set(shop.ids).size).toBe(30);
  });

  it('waits at its end for what it has in hand', async () => {
    let end = () => {};
    const shop = await receiver((response) => (end = () => response.end()));
    const id = await delivery({ endpointId: await endpointAt(shop) });
    const deliver = deliverer();
    await deliver.run(
      () => {},
      () => {},
    );
    await eventually('it is there', () => shop.received.length === 1);
    const idle = deliver.idle();
    end();
    await idle;
    expect(await deliveries()).toMatchObject([{ id, state: 'delivered' }]);
  });

  it('says that an endpoint without a secret can’t be told anything', async () => {
    const shop = await receiver();
    await delivery({ endpointId: await endpointAt(shop, { secrets: [] }) });
    await run();
    expect(shop.received).toEqual([]);
    expect(tried).toMatchObject([{ outcome: 'broken', error: 'its endpoint has no secret' }]);
  });
});
