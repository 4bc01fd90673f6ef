import { v7 as uuidv7 } from 'uuid';
import { addDelivery, addEndpoint } from '../test/endpoints';
import { Fixture } from '../test/fixture';
import { AttemptStore, type Attempt, type Then } from './attempt.store';
import { DeliveryStore, type ClaimedDelivery } from './delivery.store';

const arrived: Attempt = { outcome: 'delivered', status: 204, error: null, answerHead: '', durationMs: 12 };
const broke: Attempt = {
  outcome: 'answered',
  status: 500,
  error: 'it answered with 500',
  answerHead: 'oh\0no',
  durationMs: 34,
};
const delivered: Then = { state: 'delivered' };
const again = (inMs: number, more: { isGone?: boolean; restMs?: number } = {}): Then => ({
  state: 'waiting',
  inMs,
  isGone: false,
  restMs: 0,
  ...more,
});
const failed: Then = { state: 'failed', inMs: null, isGone: false, restMs: 0 };

/** When the latest attempt was noted: by the database's clock, as everything else is. */
const NOTED_AT = `(select max(at + make_interval(secs => duration_ms / 1000.0)) from delivery_attempt)`;

describe('What came of a delivery', () => {
  let fixture: Fixture;
  let deliveries: DeliveryStore;
  let attempts: AttemptStore;
  let endpointId: string;
  beforeEach(async () => {
    fixture = await Fixture.open();
    deliveries = new DeliveryStore(fixture.db);
    attempts = new AttemptStore(fixture.db);
    endpointId = await addEndpoint(query);
  });
  afterEach(() => fixture.close());

  const query = <T extends object = Record<string, unknown>>(sql: string, parameters: unknown[] = []) =>
    fixture.query<T>(sql, parameters);
  const add = (more: Partial<Parameters<typeof addDelivery>[1]> = {}) => addDelivery(query, { endpointId, ...more });

  async function claim(): Promise<ClaimedDelivery[]> {
    return deliveries.claim(60_000, { room: 100, roomForMore: 100, ofOne: 100 }, []);
  }

  async function claimed(more: Parameters<typeof add>[0] = {}): Promise<ClaimedDelivery> {
    const id = await add(more);
    const found = (await claim()).find((one) => one.id === id);
    if (!found) throw new Error('it was not claimed');
    return found;
  }

  async function row(id: string) {
    const [found] = await query(
      `select state, attempts, tries, last_status as status, last_error as error,
              extract(epoch from due_at - ${NOTED_AT})::float8 as "dueInS", settled_at is not null as "isSettled",
              tried_since = (select min(at) from delivery_attempt) as "triedSinceFirst"
         from delivery
        where id = $1`,
      [id],
    );
    return found;
  }

  const tries = (id: string) =>
    query<{ nth: number }>(
      `select nth, outcome, status, error, answer_head as head, duration_ms as ms from delivery_attempt where delivery_id = $1 order by nth`,
      [id],
    );

  async function endpoint() {
    const [found] = await query(
      `select pause_reason as reason, paused_at is not null as "isPaused", failing_since is not null as "isFailing",
              extract(epoch from rest_until - ${NOTED_AT})::float8 as "restS",
              rest_until - ${NOTED_AT} = ${NOTED_AT} - failing_since as "restsAsLong"
         from endpoint
        where id = $1`,
      [endpointId],
    );
    return found;
  }

  it('is kept with the attempt: it has arrived', async () => {
    const delivery = await claimed();
    expect(await attempts.note(delivery, arrived, delivered)).toBeNull();
    expect(await row(delivery.id)).toMatchObject({
      state: 'delivered',
      attempts: 1,
      status: 204,
      error: null,
      dueInS: null,
      isSettled: true,
    });
    expect(await tries(delivery.id)).toEqual([
      { nth: 1, outcome: 'delivered', status: 204, error: null, head: '', ms: 12 },
    ]);
    expect(await endpoint()).toMatchObject({ isFailing: false, isPaused: false });
  });

  it('is kept: it has not, and is due again', async () => {
    const delivery = await claimed();
    await attempts.note(delivery, broke, again(300_000));
    expect(await row(delivery.id)).toEqual({
      state: 'waiting',
      attempts: 1,
      tries: 1,
      status: 500,
      error: 'it answered with 500',
      dueInS: 300,
      isSettled: false,
      triedSinceFirst: true,
    });
    expect(await tries(delivery.id)).toMatchObject([{ nth: 1, outcome: 'answered', head: 'oh\ufffdno' }]);
    await query(`update delivery set due_at = now(), tried_since = now() - interval '1 hour'`);
    await query(`update endpoint set rest_until = null`);
    const [second] = await claim();
    expect(second).toMatchObject({ id: delivery.id, attempts: 1, tries: 1, isFailing: true });
    expect(second?.triedForMs).toBeGreaterThanOrEqual(3_600_000);
    await attempts.note(second as ClaimedDelivery, broke, failed);
    expect(await row(delivery.id)).toMatchObject({
      state: 'failed',
      attempts: 2,
      tries: 2,
      dueInS: null,
      isSettled: true,
    });
  });

  it('is kept of two about one job, when the earlier is sent once more while the later is on its way', async () => {
    const jobId = uuidv7();
    const earlier = await claimed({ jobId, historyId: 1 });
    await attempts.note(earlier, arrived, delivered);
    const later = await claimed({ jobId, historyId: 2 });
    await query(`update delivery set state = 'waiting', due_at = now(), settled_at = null where id = $1`, [earlier.id]);
    const [repeated] = (await claim()).filter(({ id }) => id === earlier.id);
    if (!repeated) throw new Error('it was not claimed');
    await Promise.all([attempts.note(repeated, broke, again(1_000)), attempts.note(later, arrived, delivered)]);
    expect(await row(earlier.id)).toMatchObject({ state: 'waiting', attempts: 2 });
    expect(await row(later.id)).toMatchObject({ state: 'delivered', attempts: 1 });
  });

  it('is kept of many at once, each as its own', async () => {
    await Promise.all(Array.from({ length: 30 }, () => add()));
    const all = await claim();
    expect(all).toHaveLength(30);
    await Promise.all(
      all.map((each, i) => attempts.note(each, i % 2 ? arrived : broke, i % 2 ? delivered : again(1_000))),
    );
    const states = await query(
      `select state, count(*)::int from delivery where attempts = 1 group by state order by state`,
    );
    expect(states).toEqual([
      { state: 'delivered', count: 15 },
      { state: 'waiting', count: 15 },
    ]);
  });

  it('begins a new series when a person has it sent again, and counts on', async () => {
    const delivery = await claimed();
    await attempts.note(delivery, broke, failed);
    await query(
      `update delivery set state = 'waiting', due_at = now(), tries = 0, tried_since = null, settled_at = null where id = $1`,
      [delivery.id],
    );
    await query(`update endpoint set failing_since = null, rest_until = null`);
    const [second] = await claim();
    expect(second).toMatchObject({ id: delivery.id, attempts: 1, tries: 0, triedForMs: 0 });
    await attempts.note(second as ClaimedDelivery, arrived, delivered);
    expect((await tries(delivery.id)).map(({ nth }) => nth)).toEqual([1, 2]);
  });

  it('changes nothing when another one has overtaken it, unless it has arrived', async () => {
    const late = await claimed();
    await query(`update delivery set due_at = now()`);
    const [other] = await claim();
    await attempts.note(other as ClaimedDelivery, broke, again(60_000));
    const dueAt = await query(`select due_at from delivery`);
    await attempts.note(late, broke, failed);
    expect(await row(late.id)).toMatchObject({ state: 'waiting', attempts: 2, tries: 1 });
    expect(await query(`select due_at from delivery`)).toEqual(dueAt);
    await attempts.note(late, arrived, delivered);
    expect(await row(late.id)).toMatchObject({ state: 'delivered', attempts: 3 });
    await attempts.note(other as ClaimedDelivery, broke, again(1));
    expect(await row(late.id)).toMatchObject({ state: 'delivered', attempts: 4, status: 204 });
  });

  it('counts when it has arrived though it was dropped meanwhile', async () => {
    const delivery = await claimed();
    await query(`update delivery set state = 'dropped', due_at = null, settled_at = now()`);
    await attempts.note(delivery, broke, again(1));
    expect(await row(delivery.id)).toMatchObject({ state: 'dropped', attempts: 1 });
    await attempts.note(delivery, arrived, delivered);
    expect(await row(delivery.id)).toMatchObject({ state: 'delivered' });
  });

  it('is nobody’s when the delivery has been dropped with its job', async () => {
    const delivery = await claimed();
    await query(`delete from delivery`);
    await attempts.note(delivery, arrived, delivered);
    expect(await query(`select from delivery_attempt`)).toEqual([]);
  });

  it('makes what waits behind it wait for as long, and go when it has arrived', async () => {
    const jobId = uuidv7();
    const first = await claimed({ jobId, historyId: 1 });
    const second = await add({ jobId, historyId: 2 });
    const otherJob = await add({ historyId: 3, dueInS: -1 });
    await attempts.note(first, broke, again(300_000));
    expect((await row(second))?.['dueInS']).toBe(300);
    expect((await row(otherJob))?.['dueInS']).toBeLessThan(0);
    await attempts.note({ ...first, attempts: 1 }, arrived, delivered);
    expect((await row(second))?.['dueInS']).toBe(0);
  });

  it('lets an endpoint rest for as long as it has been failing, a minute at most, until it hears again', async () => {
    await attempts.note(await claimed(), broke, again(1_000));
    expect(await endpoint()).toMatchObject({ isFailing: true, isPaused: false, restS: 0 });
    const tryAgain = async (failingFor: string) => {
      await query(`update endpoint set failing_since = now() - $1::interval, rest_until = now()`, [failingFor]);
      await query(`update delivery set due_at = now()`);
      const [delivery] = await claim();
      return delivery as ClaimedDelivery;
    };
    await attempts.note(await tryAgain('20 s'), broke, again(1_000));
    expect(await endpoint()).toMatchObject({ isFailing: true, restsAsLong: true });
    await attempts.note(await tryAgain('1 hour'), broke, again(1_000));
    expect(await endpoint()).toMatchObject({ isFailing: true, restS: 60 });
    await attempts.note(await tryAgain('2 hours'), arrived, delivered);
    expect(await endpoint()).toMatchObject({ isFailing: false, restS: null });
  });

  it('lets it rest for as long as it asks', async () => {
    await attempts.note(await claimed(), broke, again(600_000, { restMs: 600_000 }));
    expect(await endpoint()).toMatchObject({ restS: 600 });
  });

  it('pauses an endpoint that says that it is gone, and says so once', async () => {
    const [one, other] = [await claimed(), await claimed()];
    const gone = again(1_000, { isGone: true });
    const reasons = await Promise.all([attempts.note(one, broke, gone), attempts.note(other, broke, gone)]);
    expect(reasons.filter((reason) => reason !== null)).toEqual(['gone']);
    expect(await endpoint()).toMatchObject({ reason: 'gone', isPaused: true });
    expect(await row(one.id)).toMatchObject({ state: 'waiting' });
    expect(await claim()).toEqual([]);
  });

  it('pauses an endpoint that has failed for a day without a success', async () => {
    const inAnHour = again(3_600_000);
    await attempts.note(await claimed(), broke, inAnHour);
    await query(`update endpoint set failing_since = now() - interval '23 hours', rest_until = now()`);
    expect(await attempts.note(await claimed(), broke, inAnHour)).toBeNull();
    await query(`update endpoint set failing_since = now() - interval '24 hours', rest_until = now()`);
    expect(await attempts.note(await claimed(), broke, inAnHour)).toBe('failing');
    expect(await endpoint()).toMatchObject({ reason: 'failing', isPaused: true });
  });

  it('leaves an endpoint that a person has paused as it is', async () => {
    const delivery = await claimed();
    await query(`update endpoint set paused_at = now(), pause_reason = 'person'`);
    expect(await attempts.note(delivery, broke, again(1_000, { isGone: true }))).toBeNull();
    expect(await endpoint()).toMatchObject({ reason: 'person', isFailing: false });
  });
});
