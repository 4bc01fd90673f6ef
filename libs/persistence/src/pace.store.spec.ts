import { Fixture } from '../test/fixture';
import { PaceStore } from './pace.store';
import { transaction } from './transaction';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.open();
});
afterAll(() => fixture.close());

/** 100 / 0.985 calls a second: one each 10 ms. */
const quota = 100 / 0.985;
const HOME = 'cn-shanghai';

const newStore = async () => new PaceStore(await fixture.connect(), () => quota);

beforeEach(() => fixture.query('delete from pace'));

/** When the next call of an operation may start, in milliseconds of Postgres' clock. */
async function nextAt(operation: string): Promise<number> {
  const [row] = await fixture.query<{ at: number }>(
    `select 1000 * extract(epoch from next_at)::float8 as at from pace where region = '${HOME}' and operation = $1`,
    [operation],
  );
  return row?.at ?? NaN;
}

const now = async () => {
  const [row] = await fixture.query<{ at: number }>(
    `select 1000 * extract(epoch from clock_timestamp())::float8 as at`,
  );
  return row?.at ?? NaN;
};

describe('A reserved call', () => {
  it('starts at once when none was reserved before', async () => {
    const { startInMs, gapMs } = await (await newStore()).reserve(HOME, 'ListAIJob', 1);
    expect(gapMs).toBeCloseTo(10, 6);
    expect(startInMs).toBeLessThanOrEqual(0.1);
  });

  it('comes a gap after the one before it, whoever reserves, to the microsecond', async () => {
    const stores = await Promise.all([1, 2, 3].map(newStore));
    await stores[0]?.reserve(HOME, 'ListAIJob', 100);
    const before = await nextAt('ListAIJob');
    await Promise.all(stores.flatMap((store) => Array.from({ length: 20 }, () => store.reserve(HOME, 'ListAIJob', 1))));
    expect((await nextAt('ListAIJob')) - before).toBeCloseTo(600, 1);
  });

  it('is counted by region and operation', async () => {
    const store = await newStore();
    await store.reserve(HOME, 'ListAIJob', 1_000);
    expect((await store.reserve(HOME, 'ListAIJob', 1)).startInMs).toBeGreaterThan(9_000);
    expect((await store.reserve(HOME, 'ListJobInfo', 1)).startInMs).toBeLessThan(1);
    expect((await store.reserve('ap-southeast-1', 'ListAIJob', 1)).startInMs).toBeLessThan(1);
  });

  it('makes up for nothing: what was not used in the past does not let more start together', async () => {
    const store = await newStore();
    await store.reserve(HOME, 'ListAIJob', 1);
    await fixture.query(`update pace set next_at = now() - interval '1 hour'`);
    await store.reserve(HOME, 'ListAIJob', 50);
    const { startInMs } = await store.reserve(HOME, 'ListAIJob', 1);
    expect(startInMs).toBeGreaterThan(0);
    expect(startInMs).toBeLessThanOrEqual(500);
  });

  it('starts after the pause that VOD has asked for; of two pauses the longer counts', async () => {
    const [store, other] = [await newStore(), await newStore()];
    await store.pause(HOME, 'ListAIJob', 60_000);
    await other.pause(HOME, 'ListAIJob', 1_000);
    const { startInMs } = await other.reserve(HOME, 'ListAIJob', 1);
    expect(startInMs).toBeGreaterThan(50_000);
    expect(startInMs).toBeLessThanOrEqual(60_000);
  });
});

describe('A limit', () => {
  it('is changed by an update, while calls are made', async () => {
    const store = await newStore();
    await store.reserve(HOME, 'ListAIJob', 1);
    await fixture.query(`update pace set qps = qps / 10`);
    expect((await store.reserve(HOME, 'ListAIJob', 1)).gapMs).toBeCloseTo(100, 6);
  });

  it('is set to what is configured, and keeps what is reserved', async () => {
    const store = await newStore();
    await store.reserve(HOME, 'SubmitAIJob', 1_000);
    const reserved = await nextAt('SubmitAIJob');
    await store.setQuotas([HOME, 'ap-southeast-1'], { SubmitAIJob: 7 });
    expect(await nextAt('SubmitAIJob')).toBe(reserved);
    expect(await fixture.query('select region, operation, qps from pace order by region')).toEqual([
      { region: 'ap-southeast-1', operation: 'SubmitAIJob', qps: 7 },
      { region: HOME, operation: 'SubmitAIJob', qps: 7 },
    ]);
  });

  it('must be more than nothing', async () => {
    await expect((await newStore()).setQuotas([HOME], { SubmitAIJob: 0 })).rejects.toThrow('pace_qps_positive');
  });
});

describe('What a transaction opens', () => {
  it('is its own until its end, and free from the moment at which it was got', async () => {
    const store = await newStore();
    await store.reserve(HOME, 'SubmitAIJob', 1);
    const release = await fixture.hold(`select from pace where operation = 'SubmitAIJob' for update`);
    const opened = transaction(fixture.db, async (tx) => {
      const slots = await store.open(tx, HOME, ['SubmitAIJob', 'SubmitAIMediaAuditJob']);
      const spent = slots.map((each) => ({ slots: each, calls: each.operation === 'SubmitAIJob' ? 5 : 0 }));
      const { text, parameters } = store.spend(HOME, spent);
      await tx.query(text, parameters);
      return slots;
    });
    await fixture.untilWaiting(1);
    const released = await now();
    await release();
    const slots = await opened;
    expect(slots.map(({ operation }) => operation)).toEqual(['SubmitAIJob', 'SubmitAIMediaAuditJob']);
    for (const { freeAt, startInMs } of slots) {
      expect(freeAt * 1000).toBeGreaterThanOrEqual(released);
      expect(startInMs).toBeLessThan(1);
    }
    expect((await nextAt('SubmitAIJob')) - (slots[0]?.freeAt ?? 0) * 1000).toBeCloseTo(50, 1);
    expect(await nextAt('SubmitAIMediaAuditJob')).toBeLessThanOrEqual(await now());
  });

  it('starts after the pause that VOD has asked for, and no sooner than what is reserved', async () => {
    const store = await newStore();
    const open = () => transaction(fixture.db, (tx) => store.open(tx, HOME, ['SubmitAIJob']));
    await store.reserve(HOME, 'SubmitAIJob', 6_000);
    const [reserved] = await open();
    expect(reserved?.startInMs).toBeGreaterThan(30_000);
    expect(reserved?.startInMs).toBeLessThanOrEqual(60_000);
    expect(reserved?.gapMs).toBeCloseTo(10, 6);
    await store.pause(HOME, 'SubmitAIJob', 600_000);
    const [paused] = await open();
    expect(paused?.startInMs).toBeGreaterThan(300_000);
    expect((paused?.freeAt ?? 0) - (reserved?.freeAt ?? 0)).toBeGreaterThan(500);
  });
});
