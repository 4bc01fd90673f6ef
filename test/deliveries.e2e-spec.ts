import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@app/testing';
import { Webhook } from 'standardwebhooks';
import { addEndpoint, SECRET } from '../libs/persistence/test/endpoints';
import { Receiver } from '../libs/lifecycle/test/receiver';
import { City } from './faults/support/city';
import { BUILD_TIMEOUT_MS, builtDist } from './support/build';
import { Stack } from './support/stack';

/** What clients are told, by the whole product: their receivers are servers on loopback, which DELIVERY_ALLOW names. */
const env = { DELIVERY_ALLOW: '127.0.0.1' };

describe('A client that wants to be told', () => {
  let stack: Stack;
  let shop: Receiver;
  beforeAll(async () => {
    stack = await Stack.start({ env, workers: 2 });
    shop = await Receiver.start();
    await addEndpoint((sql, parameters) => stack.query(sql, parameters), { url: shop.url, includeResult: true });
  });
  afterAll(async () => {
    await stack?.stop();
    await shop?.close();
  });

  const ofJob = (id: string) => shop.received.filter(({ message }) => message.data.job?.['id'] === id);

  it('hears that a job is over, with its result, signed as a library of theirs verifies it', async () => {
    const request = await stack.enqueue('told', ['AIVideoTag', 'AIMediaDNA'], { labels: { order: '4711' } });
    const jobs: { id: string; type: string }[] = request.jobs;
    for (const { id } of jobs) {
      const [received] = await eventually(`it hears of ${id}`, () => (ofJob(id).length > 0 ? ofJob(id) : null));
      const job = (await stack.get(`/v1/jobs/${id}`)).body;
      const result = (await stack.get(`/v1/jobs/${id}/result`)).body;
      expect(received?.message).toEqual({ type: 'job.succeeded', timestamp: job.settledAt, data: { job, result } });
    }
    shop.verifyAll(SECRET);
    await eventually('that is noted', async () => {
      const waiting = await stack.query(`select from delivery where state <> 'delivered'`);
      return waiting.length === 0;
    });
    expect(await stack.query(`select count(*)::int as deliveries, min(attempts) as attempts from delivery`)).toEqual([
      { deliveries: 2, attempts: 1 },
    ]);
    expect(new Set(shop.ids).size).toBe(2);
  });

  it('hears of what a person does', async () => {
    for (const worker of stack.workers.slice()) await stack.stopWorker(worker);
    const { jobs } = await stack.enqueue('taken-back');
    await stack.call('POST', `/v1/jobs/${jobs[0].id}/cancel`, { body: { reason: 'no longer wanted' } });
    await stack.startWorker();
    const [received] = await eventually('it hears of it', () =>
      ofJob(jobs[0].id).length > 0 ? ofJob(jobs[0].id) : null,
    );
    expect(received?.message).toMatchObject({ type: 'job.canceled', data: { job: { state: 'canceled' } } });
  });

  it('is not named by its URL or its secret in any line of the log', () => {
    expect(stack.logLines.join('')).toContain('"msg":"delivery.tried"');
    expect(stack.logLines.filter((line) => line.includes('path-canary') || line.includes(SECRET.slice(6)))).toEqual([]);
  });
});

describe('A worker that is killed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vodai-telling-'));
  const diary = join(folder, 'passed');
  beforeAll(() => builtDist(), BUILD_TIMEOUT_MS);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('row 41: between reading and noting, or between sending and noting, tells nothing less and makes no delivery twice', async () => {
    const shop = await Receiver.start();
    try {
      await City.run({ seed: 1, queue: 'postgres', apis: 1, webhooks: 1, workers: 0, env }, async (city) => {
        await addEndpoint((sql, parameters) => city.query(sql, parameters), { url: shop.url });
        for (const place of [
          'tell.news.note.before',
          'tell.news.note.after',
          'deliver.outbound.post.after',
          'deliver.attempts.note.after',
        ]) {
          const at = await city.add('worker', { FAILPOINTS: `${diary};${place}=1` });
          await city.enqueue(place);
          await eventually(`a worker is dead at ${place}`, () => !city.isRunning('worker', at));
          // The leases of what it had in hand are over.
          await city.query(`update delivery set due_at = now() where state = 'waiting'`);
        }
        await city.add('worker');
        await city.untilOver();
        await eventually('all is told', async () => {
          const [left] = await city.query(
            `select (select count(*)::int from job where settled_at is null) + (select count(*)::int from delivery where state = 'waiting') as open,
                      (select count(*)::int from delivery) as deliveries`,
          );
          return left.open === 0 && left.deliveries === 4;
        });
        const lines = await city.query(`select id, job_id from history where to_state = 'succeeded' order by id`);
        const told = await city.query(`select history_id as id, job_id, state from delivery order by history_id`);
        expect(told).toEqual(lines.map((line) => ({ ...line, state: 'delivered' })));
        shop.verifyAll(SECRET);
      });
      const heard = new Set(shop.ids);
      expect(heard.size).toBe(4);
      // What was sent and not noted came once more, under its id: a receiver tells by that.
      expect(shop.received.length).toBeGreaterThan(4);
      const [twice] = shop.ids.filter((id, i) => shop.ids.indexOf(id) !== i);
      const bodies = shop.received.filter(({ id }) => id === twice).map(({ body }) => body);
      expect(new Set(bodies).size).toBe(1);
      const webhook = new Webhook(SECRET);
      expect(() => webhook.verify(`${bodies[0]} `, shop.received[0]?.headers as Record<string, string>)).toThrow();
      expect(readFileSync(diary, 'utf8').match(/^killed /gm)).toHaveLength(4);
    } finally {
      await shop.close();
    }
  }, 240_000);
});
