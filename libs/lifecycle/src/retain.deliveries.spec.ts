import { addDelivery, addEndpoint, SECRET } from '../../persistence/test/endpoints';
import { Fixture } from '../../persistence/test/fixture';
import { DAY, forEver, Retaining } from '../test/retaining';

describe('The retention of what was told', () => {
  let fixture: Fixture;
  let retaining: Retaining;
  beforeEach(async () => {
    fixture = await Fixture.open();
    retaining = new Retaining(fixture);
  });
  afterEach(() => fixture.close());

  const query = (sql: string, parameters: unknown[] = []) => fixture.query<{ id: string }>(sql, parameters);

  /** A delivery with an attempt, which was over when the fixture's clock said so. */
  async function delivered(endpointId: string, jobId: string | null, state = 'delivered'): Promise<string> {
    const id = await addDelivery(query, { endpointId, jobId });
    await query(`update delivery set state = $2, due_at = null, settled_at = $3, attempts = 1 where id = $1`, [
      id,
      state,
      fixture.now,
    ]);
    await query(
      `insert into delivery_attempt (delivery_id, nth, at, duration_ms, outcome) values ($1, 1, $2, 1, 'delivered')`,
      [id, fixture.now],
    );
    return id;
  }

  /** What a run drops, which is what the dry run has said. */
  async function dropped() {
    const planned = await retaining.retainOf().plan();
    const ran = await retaining.run();
    expect(ran).toEqual(Object.fromEntries(Object.entries(planned).filter(([, rows]) => rows > 0)));
    return ran;
  }

  it('drops deliveries with their job, those that wait, too', async () => {
    const endpointId = await addEndpoint(query);
    const [old, open] = [await fixture.jobIn('failed'), await fixture.jobIn('held')];
    await delivered(endpointId, old.id);
    await addDelivery(query, { endpointId, jobId: old.id });
    const waiting = await addDelivery(query, { endpointId, jobId: open.id });
    fixture.advance(179 * DAY);
    expect(await dropped()).toEqual({});
    fixture.advance(2 * DAY);
    expect(await dropped()).toMatchObject({ job: 1, delivery: 2, delivery_attempt: 1 });
    expect(await retaining.idsOf('delivery')).toEqual([waiting]);
    expect(await retaining.idsOf('endpoint')).toEqual([endpointId]);
  });

  it('drops those that were over for as long, though their job is not, or there never was one', async () => {
    const endpointId = await addEndpoint(query);
    const open = await fixture.jobIn('held');
    await delivered(endpointId, open.id);
    await delivered(endpointId, null, 'failed');
    fixture.advance(100 * DAY);
    const young = await delivered(endpointId, open.id);
    fixture.advance(81 * DAY);
    expect(await dropped()).toEqual({ delivery: 2, delivery_attempt: 2 });
    expect(await retaining.idsOf('delivery')).toEqual([young]);
  });

  it('drops an endpoint that was removed with the last of its deliveries', async () => {
    const [removed, empty] = [await addEndpoint(query), await addEndpoint(query)];
    await query(`update endpoint set deleted_at = $1`, [fixture.now]);
    await query(`update endpoint_secret set expires_at = now()`);
    fixture.advance(100 * DAY);
    await delivered(removed, null);
    fixture.advance(81 * DAY);
    expect(await dropped()).toEqual({ endpoint: 1, endpoint_secret: 2 });
    expect(await retaining.idsOf('endpoint')).toEqual([removed]);
    expect(empty).not.toBe(removed);
    fixture.advance(100 * DAY);
    expect(await dropped()).toEqual({ delivery: 1, delivery_attempt: 1, endpoint: 1 });
  });

  it('forgets a secret as soon as it has expired, whatever is kept', async () => {
    await addEndpoint(query, { secrets: ['whsec_b2xk', SECRET] });
    await query(`update endpoint_secret set expires_at = now() where secret = 'whsec_b2xk'`);
    expect(await retaining.run(forEver)).toEqual({ endpoint_secret: 1 });
    expect(await query(`select secret from endpoint_secret`)).toEqual([{ secret: SECRET }]);
  });
});
