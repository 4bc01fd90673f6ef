import { v7 as uuidv7 } from 'uuid';
import { addDelivery, addEndpoint, SECRET } from '../test/endpoints';
import { Fixture } from '../test/fixture';
import { DeliveryStore } from './delivery.store';

const LEASE_MS = 60_000;
const PLENTY = { room: 100, roomForMore: 100, ofOne: 100 };

describe('Deliveries that are due', () => {
  let fixture: Fixture;
  let store: DeliveryStore;
  beforeEach(async () => {
    fixture = await Fixture.open();
    store = new DeliveryStore(fixture.db);
  });
  afterEach(() => fixture.close());

  const query = (sql: string, parameters: unknown[] = []) => fixture.query(sql, parameters);
  const endpoint = (more: Parameters<typeof addEndpoint>[1] = {}) => addEndpoint(query, more);
  const delivery = (more: Parameters<typeof addDelivery>[1]) => addDelivery(query, more);
  const claim = async (caps: Partial<typeof PLENTY> = {}, inHand: Parameters<DeliveryStore['claim']>[2] = []) =>
    (await store.claim(LEASE_MS, { ...PLENTY, ...caps }, inHand)).map(({ id }) => id);
  const setEndpoint = (id: string, set: string) => query(`update endpoint set ${set} where id = $1`, [id]);
  const setDelivery = (id: string, set: string) => query(`update delivery set ${set} where id = $1`, [id]);

  it('are claimed with all that it takes to send them', async () => {
    const endpointId = await endpoint({ url: 'https://shop.example/a', includeResult: true });
    const jobId = uuidv7();
    const id = await delivery({ endpointId, jobId, type: 'job.held' });
    expect(await store.claim(LEASE_MS, PLENTY, [])).toEqual([
      {
        id,
        endpointId,
        url: 'https://shop.example/a',
        client: 'otto',
        type: 'job.held',
        jobId,
        job: { id: jobId },
        happenedAt: expect.any(Date),
        includeResult: true,
        attempts: 0,
        tries: 0,
        triedForMs: 0,
        isFailing: false,
        secrets: [SECRET],
      },
    ]);
  });

  it('are claimed once, until their lease is over', async () => {
    const id = await delivery({ endpointId: await endpoint() });
    expect(await claim()).toEqual([id]);
    expect(await claim()).toEqual([]);
    await setDelivery(id, `due_at = now()`); // the lease is over, and nobody has said what came of it
    expect(await claim()).toEqual([id]);
  });

  it('are skipped while somebody else is claiming them', async () => {
    const endpointId = await endpoint();
    const ids = [await delivery({ endpointId, dueInS: -3 }), await delivery({ endpointId, dueInS: -2 })];
    const runner = fixture.db.createQueryRunner();
    await runner.startTransaction();
    try {
      const other = new DeliveryStore({ query: (...asked: [string, unknown[]]) => runner.query(...asked) } as never);
      expect(await other.claim(LEASE_MS, { ...PLENTY, ofOne: 1 }, [])).toMatchObject([{ id: ids[0] }]);
      expect(await claim()).toEqual([ids[1]]);
    } finally {
      await runner.rollbackTransaction();
      await runner.release();
    }
    expect(await claim()).toEqual([ids[0]]);
  });

  it('go the longest due first, and not before they are due', async () => {
    const endpointId = await endpoint();
    const young = await delivery({ endpointId, dueInS: -1 });
    const old = await delivery({ endpointId, dueInS: -10 });
    await delivery({ endpointId, dueInS: 60 });
    expect(await claim()).toEqual([old, young]);
  });

  it('are only so many of one endpoint, those in hand among them', async () => {
    const [one, other] = [await endpoint(), await endpoint()];
    const ofOne: string[] = [];
    for (const dueInS of [-9, -8, -7, -6]) ofOne.push(await delivery({ endpointId: one, dueInS }));
    const ofOther = await delivery({ endpointId: other });
    expect(new Set(await claim({ ofOne: 2 }, [{ endpointId: one, count: 1, most: 2 }]))).toEqual(
      new Set([ofOne[0], ofOther]),
    );
    expect(await claim({ ofOne: 2 }, [{ endpointId: one, count: 2, most: 2 }])).toEqual([]);
    expect(await claim({ ofOne: 1 }, [{ endpointId: one, count: 0, most: 2 }])).toEqual([ofOne[1], ofOne[2]]);
  });

  it('are of every endpoint as many, when there is no room for all', async () => {
    const [one, other] = [await endpoint(), await endpoint()];
    const many: string[] = [];
    for (const dueInS of [-9, -8, -7]) many.push(await delivery({ endpointId: one, dueInS }));
    const few = await delivery({ endpointId: other, dueInS: -1 });
    expect(await claim({ room: 2 })).toEqual([many[0], few]);
  });

  it('leave the last places to endpoints that have none in hand', async () => {
    const [one, other, third] = [await endpoint(), await endpoint(), await endpoint()];
    const many: string[] = [];
    for (const dueInS of [-9, -8, -7]) many.push(await delivery({ endpointId: one, dueInS }));
    const few = await delivery({ endpointId: other, dueInS: -1 });
    expect(await claim({ room: 4, roomForMore: 3 })).toEqual([many[0], few, many[1]]);
    await delivery({ endpointId: other });
    const first = await delivery({ endpointId: third });
    const inHand = [
      { endpointId: one, count: 2, most: 2 },
      { endpointId: other, count: 1, most: 9 },
    ];
    expect(await claim({ room: 1, roomForMore: 0 }, inHand)).toEqual([first]);
  });

  it('are of one job only the first for an endpoint, whatever is due', async () => {
    const [one, other] = [await endpoint(), await endpoint()];
    const jobId = uuidv7();
    const first = await delivery({ endpointId: one, jobId, historyId: 5, dueInS: 60 });
    const second = await delivery({ endpointId: one, jobId, historyId: 9, dueInS: -60 });
    const elsewhere = await delivery({ endpointId: other, jobId, historyId: 9 });
    expect(await claim()).toEqual([elsewhere]);
    await setDelivery(first, `due_at = now()`);
    expect(await claim()).toEqual([first]);
    await setDelivery(first, `state = 'delivered', due_at = null, settled_at = now()`);
    expect(await claim()).toEqual([second]);
  });

  it('wait while their endpoint is paused, or gone', async () => {
    const paused = await endpoint({ pauseReason: 'person' });
    const removed = await endpoint();
    await setEndpoint(removed, `deleted_at = now()`);
    const id = await delivery({ endpointId: paused });
    await delivery({ endpointId: removed });
    expect(await claim()).toEqual([]);
    await setEndpoint(paused, `paused_at = null, pause_reason = null`);
    expect(await claim()).toEqual([id]);
  });

  it('go out one at a time to an endpoint that fails, and not while it rests', async () => {
    const endpointId = await endpoint();
    const ids = [await delivery({ endpointId, dueInS: -3 }), await delivery({ endpointId, dueInS: -2 })];
    await setEndpoint(
      endpointId,
      `failing_since = now() - interval '1 hour', rest_until = now() + interval '1 minute'`,
    );
    expect(await claim()).toEqual([]);
    await setEndpoint(endpointId, `rest_until = now()`);
    const claimed = await store.claim(LEASE_MS, PLENTY, []);
    expect(claimed).toMatchObject([{ id: ids[0], isFailing: true }]);
    expect(await claim({}, [{ endpointId, count: 1, most: 9 }])).toEqual([]);
  });

  it('are signed with every secret that has not expired, the newest first', async () => {
    const endpointId = await endpoint({ secrets: ['whsec_b2xkZXN0', 'whsec_b2xkZXI=', 'whsec_bmV3'] });
    await query(`update endpoint_secret set expires_at = now() where secret = 'whsec_b2xkZXN0'`);
    await query(`update endpoint_secret set expires_at = now() + interval '1 day' where secret = 'whsec_b2xkZXI='`);
    await delivery({ endpointId });
    expect(await store.claim(LEASE_MS, PLENTY, [])).toMatchObject([{ secrets: ['whsec_bmV3', 'whsec_b2xkZXI='] }]);
  });

  it('are counted by whether their endpoint is paused, with the oldest and the latest', async () => {
    expect([await store.standing(), await store.behindMs()]).toEqual([[], 0]);
    const [hears, fails] = [await endpoint(), await endpoint()];
    for (const pauseReason of ['gone', 'person', 'person'] as const) {
      await delivery({ endpointId: await endpoint({ pauseReason }), dueInS: -9_000 });
    }
    await setEndpoint(fails, `failing_since = now()`);
    await delivery({ endpointId: hears, dueInS: -90 });
    const old = await delivery({ endpointId: fails, dueInS: -9_000 });
    await setDelivery(old, `created_at = now() - interval '1 hour'`);
    const standing = await store.standing();
    const of = (reason: string | null) => standing.find(({ pauseReason }) => pauseReason === reason);
    expect(of('person')).toMatchObject({ endpoints: 2, waiting: 2 });
    expect(of('gone')).toMatchObject({ endpoints: 1, waiting: 1, overdueMs: 0 });
    expect(of(null)).toMatchObject({ endpoints: 2, waiting: 2 });
    expect(of(null)?.overdueMs).toBeGreaterThanOrEqual(90_000);
    expect(of(null)?.overdueMs).toBeLessThan(9_000_000);
    expect(of(null)?.oldestMs).toBeGreaterThanOrEqual(3_600_000);
    await query(`update reader set updated_at = now() - interval '1 minute'`);
    expect(await store.behindMs()).toBeGreaterThanOrEqual(60_000);
  });
});
