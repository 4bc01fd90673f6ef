import { v7 as uuidv7 } from 'uuid';
import { otto, Told, vera } from '../test/told';

const HOUR = 3_600_000;
const noon = Date.parse('2026-11-22T12:00:00Z');

describe('What people do to deliveries', () => {
  let told: Told;
  let endpoint: string;
  beforeAll(async () => {
    told = await Told.open();
  });
  afterAll(() => told.close());
  beforeEach(async () => {
    await told.query(`truncate delivery_attempt, delivery, endpoint_secret, endpoint, reader`);
    endpoint = await told.endpoint();
  });

  it('is to send a message about no job, due at once', async () => {
    const id = uuidv7();
    expect(await told.replays.addTest(id, endpoint, otto)).toEqual({ outcome: 'done' });
    expect(await told.deliveries.one(id, otto)).toMatchObject({
      endpoint,
      client: 'otto',
      type: 'endpoint.test',
      jobId: null,
      job: null,
      state: 'waiting',
      attempts: 0,
      tries: [],
    });
    expect(await told.row(id)).toMatchObject({ isDue: true, tries: 0 });
  });

  it('is no message to an endpoint that is paused, another client’s, or gone', async () => {
    expect(await told.replays.addTest(uuidv7(), endpoint, vera)).toEqual({ outcome: 'no_such_endpoint' });
    await told.changes.change(endpoint, otto, { paused: true });
    expect(await told.replays.addTest(uuidv7(), endpoint, otto)).toEqual({ outcome: 'paused' });
    await told.changes.remove(endpoint, otto);
    expect(await told.replays.addTest(uuidv7(), endpoint, otto)).toEqual({ outcome: 'no_such_endpoint' });
    expect(await told.query('select from delivery')).toEqual([]);
  });

  it.each(['failed', 'delivered'])('is to make one again that %s, under its id, for three days anew', async (state) => {
    const id = await told.delivery(endpoint, { state });
    expect(await told.replays.replay(id, otto)).toEqual({ outcome: 'done' });
    expect(await told.row(id)).toMatchObject({
      state: 'waiting',
      isDue: true,
      tries: 0,
      tried_since: null,
      settled_at: null,
      attempts: 4,
    });
    expect(await told.replays.replay(id, otto)).toEqual({ outcome: 'wrong_state', state: 'waiting' });
  });

  it('is not to make one again whose endpoint is gone, or that is another client’s', async () => {
    const [failed, waiting] = [await told.delivery(endpoint, { state: 'failed' }), await told.delivery(endpoint)];
    expect(await told.replays.replay(failed, vera)).toEqual({ outcome: 'no_such_delivery' });
    expect(await told.replays.replay(uuidv7(), 'anybody')).toEqual({ outcome: 'no_such_delivery' });
    await told.changes.remove(endpoint, otto);
    expect(await told.replays.replay(failed, otto)).toEqual({ outcome: 'wrong_state', state: 'failed' });
    expect(await told.replays.replay(waiting, otto)).toEqual({ outcome: 'wrong_state', state: 'dropped' });
    expect(await told.row(failed)).toMatchObject({ state: 'failed' });
  });

  describe('all at once', () => {
    const at = (hours: number) => new Date(noon + hours * HOUR);
    const made = (hours: number, state: string) =>
      told.delivery(endpoint, { state, created_at: at(hours) }, uuidv7({ msecs: at(hours).getTime() }));
    const again = async () =>
      (
        await told.query<{ id: string }>(`select id from delivery where state = 'waiting' and tries = 0 order by id`)
      ).map(({ id }) => id);
    let failed: string[];
    let delivered: string[];
    beforeEach(async () => {
      failed = [await made(0, 'failed'), await made(1, 'failed'), await made(2, 'failed')];
      delivered = [await made(1, 'delivered')];
      await told.delivery(await told.endpoint(), { state: 'failed', created_at: at(1) });
    });

    it('is what failed at one endpoint', async () => {
      expect(await told.replays.replayAll({ endpoint, only: 'failed' }, otto)).toBe(3);
      expect(await again()).toEqual(failed);
      expect(await told.replays.replayAll({ endpoint, only: 'failed' }, otto)).toBe(0);
    });

    it('is what was made in a time, its beginning included and its end not', async () => {
      expect(await told.replays.replayAll({ endpoint, from: at(1), to: at(2), only: 'failed' }, otto)).toBe(1);
      expect(await again()).toEqual([failed[1]]);
    });

    it('is also what was delivered, when that is asked for', async () => {
      expect(await told.replays.replayAll({ endpoint, from: at(1), to: at(2), only: 'all' }, otto)).toBe(2);
      expect(new Set(await again())).toEqual(new Set([failed[1], ...delivered]));
    });

    it('is nothing of another client', async () => {
      expect(await told.replays.replayAll({ endpoint, only: 'failed' }, vera)).toBe(0);
      expect(await again()).toEqual([]);
    });

    it('is as many as there are', async () => {
      await told.query(
        `insert into delivery (id, endpoint_id, client, type, happened_at, state, settled_at)
         select gen_random_uuid(), $1, 'otto', 'job.failed', now(), 'failed', now() from generate_series(1, 2345)`,
        [endpoint],
      );
      expect(await told.replays.replayAll({ endpoint, only: 'failed' }, otto)).toBe(2348);
      expect(await again()).toHaveLength(2348);
    });
  });
});
