import { priorities, type JobType, type Priority } from '@app/domain';
import { Fixture } from '../test/fixture';
import type { PacedClaim } from './claims';
import { callsTogether, CircuitStore, PaceStore, SubmissionStore } from './index';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.open();
});
afterAll(() => fixture.close());

let regions = 0;
const newRegion = () => `region-${(regions += 1)}`;

const storeAt = (qps: number, maxInFlight = 0, db = fixture.db): SubmissionStore =>
  fixture.submissions({ maxInFlight }, db, new PaceStore(db, () => qps));

/** 2,000 calls a second let a whole claim start within the next moment. */
const fast = () => storeAt(2_000);

async function queued(
  region: string,
  {
    types = ['AIVideoTag'],
    priority = 'normal',
    agoMs = 0,
  }: { types?: JobType[]; priority?: Priority; agoMs?: number } = {},
) {
  const request = await fixture.accept({ region, types, priority });
  const due = new Date(fixture.now.getTime() - agoMs);
  await fixture.query('update job set due_at = $2 where request_id = $1', [request.id, due]);
  return request;
}

const requestsOf = (claims: readonly PacedClaim[]) => claims.map(({ claim }) => claim.requestId);

describe('The next claims', () => {
  it('are the most urgent jobs, then the oldest, in the order in which they may start', async () => {
    const region = newRegion();
    // Stored in an order that is neither, and enough of them that Postgres would rather hash than loop.
    const ranks = new Map<string, number>();
    for (let i = 0; i < 120; i += 1) {
      const n = (i * 7) % 120;
      const { id } = await queued(region, { priority: priorities[n % 3] ?? 'normal', agoMs: n });
      ranks.set(id, (n % 3) * 1000 - n);
    }
    await fixture.query('analyze job');
    const store = fast();
    const claims: PacedClaim[] = [];
    for (let some = await store.claimNext(region); some.length > 0; some = await store.claimNext(region)) {
      expect(some.length).toBeLessThanOrEqual(25);
      // Of one claim: when another one is answered is a matter of the network as well.
      for (const [i, { startAt }] of some.entries()) expect(startAt).toBeGreaterThan(some[i - 1]?.startAt ?? -Infinity);
      claims.push(...some);
    }
    expect(requestsOf(claims).map((id) => ranks.get(id))).toEqual([...ranks.values()].toSorted((a, b) => a - b));
  });

  it('are for as many calls as the limit lets start within half a second, evenly spaced; then for none', async () => {
    const region = newRegion();
    for (let i = 0; i < 20; i += 1) await queued(region);
    const store = storeAt(20 / 0.985);
    const claims = await store.claimNext(region);
    expect(claims).toHaveLength(11); // at once, and each 50 ms until 500
    for (const [i, { startAt }] of claims.entries()) expect(startAt - (claims[0]?.startAt ?? 0)).toBeCloseTo(i * 50, 3);
    expect((await store.claimNext(region)).length).toBeLessThanOrEqual(1); // 50 ms may have passed
  });

  it('take no job twice when four workers claim at the same moment, nor start more calls', async () => {
    const region = newRegion();
    for (let i = 0; i < 40; i += 1) await queued(region);
    const stores = (await fixture.connections(4)).map((db) => storeAt(20 / 0.985, 0, db));
    const clock = () =>
      fixture.query<{ ms: number }>(`select 1000 * extract(epoch from clock_timestamp())::float8 as ms`);
    await new PaceStore(fixture.db, () => 20 / 0.985).reserve(region, 'SubmitAIJob', 1);
    // All four arrive before any of them may look at what is free.
    const release = await fixture.hold('select from pace where region = $1 for update', [region]);
    const [begun] = await clock();
    const claiming = Promise.all(stores.map((store) => store.claimNext(region)));
    await fixture.untilWaiting(4);
    await release();
    const claims = (await claiming).flat();
    expect(new Set(requestsOf(claims)).size).toBe(claims.length);
    const [over] = await clock();
    expect(claims.length).toBeGreaterThanOrEqual(10);
    // The first at once, and each other 50 ms after the one before it, until half a second ahead.
    expect((claims.length - 1) * 50).toBeLessThanOrEqual((over?.ms ?? 0) - (begun?.ms ?? 0) + 500);
  });

  it('wait for whoever claims in the same region, and come after its calls', async () => {
    const region = newRegion();
    await queued(region);
    await new PaceStore(fixture.db, () => 2_000).setQuotas([region], {
      SubmitAIJob: 2_000,
      SubmitAIMediaAuditJob: 2_000,
    });
    const release = await fixture.hold(
      `update pace set next_at = clock_timestamp() + interval '1 minute' where region = $1 and operation = 'SubmitAIJob'`,
      [region],
    );
    const claiming = fast().claimNext(region);
    await fixture.untilWaiting(1);
    await release();
    expect(await claiming).toEqual([]);
  });

  it('have one call for the jobs of a request that one operation submits, and one of each operation', async () => {
    const region = newRegion();
    const request = await queued(region, { types: ['AIVideoTag', 'AIMediaAudit', 'AIMediaDNA'] });
    const claims = await fast().claimNext(region);
    expect(claims.map(({ claim }) => [claim.operation, claim.number, claim.jobs.map(({ type }) => type)])).toEqual([
      ['SubmitAIJob', 1, ['AIVideoTag', 'AIMediaDNA']],
      ['SubmitAIMediaAuditJob', 2, ['AIMediaAudit']],
    ]);
    for (const { id } of request.jobs) expect(await fixture.job(id)).toMatchObject({ state: 'submitting' });
  });

  it('take of a request only what is queued', async () => {
    const region = newRegion();
    const request = await queued(region, { types: ['AIVideoTag', 'AIMediaDNA'] });
    const [done, left] = request.jobs;
    await fixture.query(`update job set state = 'processing', vod_job_id = id::text where id = $1`, [done?.id]);
    const [next] = await fast().claimNext(region);
    expect(next?.claim.jobs).toEqual([{ id: left?.id, type: 'AIMediaDNA' }]);
  });

  it('take a job that is not due along with one that is, and no call of which nothing is due', async () => {
    const region = newRegion();
    const request = await queued(region, { types: ['AIVideoTag', 'AIMediaDNA', 'AIMediaAudit'] });
    const later = new Date(fixture.now.getTime() + 60_000);
    await fixture.query(`update job set due_at = $2 where request_id = $1 and type <> 'AIVideoTag'`, [
      request.id,
      later,
    ]);
    const claims = await fast().claimNext(region);
    expect(claims.map(({ claim }) => claim.jobs.map(({ type }) => type))).toEqual([['AIVideoTag', 'AIMediaDNA']]);
    expect(await fast().claimNext(region)).toEqual([]);
  });

  it('pass by the jobs of an operation that rests', async () => {
    const region = newRegion();
    await queued(region, { types: ['AIMediaAudit'], priority: 'high' });
    const { id } = await queued(region);
    const pace = new PaceStore(fixture.db, () => 2_000);
    await pace.pause(region, 'SubmitAIMediaAuditJob', 60_000);
    expect(requestsOf(await fast().claimNext(region))).toEqual([id]);
    await pace.pause(region, 'SubmitAIJob', 60_000);
    await queued(region);
    expect(await fast().claimNext(region)).toEqual([]);
  });

  it('are none while the account cannot submit, and leave no trace', async () => {
    const region = newRegion();
    const { jobs } = await queued(region);
    const before = await fixture.job(jobs[0]?.id ?? '');
    const circuits = new CircuitStore(fixture.db);
    await circuits.open(region, { code: 'Forbidden.RAM', message: '' });
    expect(await fast().claimNext(region)).toEqual([]);
    expect(await fixture.job(jobs[0]?.id ?? '')).toEqual(before);
    await circuits.close(region);
    expect(await fast().claimNext(region)).toHaveLength(1);
  });

  it('keep to the cap at VOD by type, and leave what is above it where it is', async () => {
    const region = newRegion();
    const capped = storeAt(2_000, 2);
    await fixture.jobIn('processing', { region });
    const first = await queued(region, { agoMs: 2 });
    const above = await queued(region);
    const other = await queued(region, { types: ['AIMediaDNA'], agoMs: 1 });
    expect(requestsOf(await capped.claimNext(region))).toEqual([first.id, other.id]);
    expect(await capped.claimNext(region)).toEqual([]);
    expect(await fixture.job(above.jobs[0]?.id ?? '')).toMatchObject({
      state: 'queued',
      version: 1,
      dueAt: fixture.now,
    });
  });

  it('reach the jobs behind a backlog of a type of which as many as allowed are at VOD', async () => {
    const region = newRegion();
    await fixture.jobIn('processing', { region });
    fixture.advance(1);
    await fixture.manyQueued(100, { region, priority: 0 });
    const { id } = await queued(region, { types: ['AIMediaDNA'] });
    expect(requestsOf(await storeAt(2_000, 1).claimNext(region))).toEqual([id]);
  });

  it('reach the jobs behind a backlog of an operation that rests', async () => {
    const region = newRegion();
    fixture.advance(1);
    await fixture.manyQueued(100, { region, priority: 0 });
    const { id } = await queued(region, { types: ['AIMediaAudit'] });
    await new PaceStore(fixture.db, () => 2_000).pause(region, 'SubmitAIJob', 60_000);
    expect(requestsOf(await fast().claimNext(region))).toEqual([id]);
  });

  it('fill the cap by their order: what is not sent, for want of a call or because it is not due, takes no room', async () => {
    const region = newRegion();
    const later = new Date(fixture.now.getTime() + 60_000);
    // Its review goes now; its tagging, which is in line as well, does not.
    const ahead = await queued(region, { types: ['AIVideoTag', 'AIMediaAudit'], agoMs: 2_000 });
    await fixture.query(`update job set due_at = $2 where request_id = $1 and type = 'AIVideoTag'`, [ahead.id, later]);
    const { id } = await queued(region, { agoMs: 1_000 });
    const claims = await storeAt(2_000, 1).claimNext(region);
    expect(claims.map(({ claim }) => [claim.requestId, claim.jobs.map(({ type }) => type)])).toEqual([
      [id, ['AIVideoTag']],
      [ahead.id, ['AIMediaAudit']],
    ]);
  });

  it('are as many calls as the limit has, not as many jobs, and each takes all of its jobs', async () => {
    const region = newRegion();
    const both: JobType[] = ['AIVideoTag', 'AIMediaDNA'];
    const [first, second] = [
      await queued(region, { types: both, agoMs: 3 }),
      await queued(region, { types: both, agoMs: 2 }),
    ];
    await queued(region, { types: both, agoMs: 1 });
    const claims = await storeAt(2.5 / 0.985).claimNext(region); // one at once, one after 400 ms
    expect(requestsOf(claims)).toEqual([first.id, second.id]);
    for (const { claim } of claims) expect(claim.jobs.map(({ type }) => type)).toEqual(both);
  });

  it('start when the calls that were reserved before have started', async () => {
    const region = newRegion();
    await queued(region);
    const pace = new PaceStore(fixture.db, () => 10 / 0.985);
    const before = performance.now();
    await pace.reserve(region, 'SubmitAIJob', 3);
    const [claim] = await fixture.submissions({}, fixture.db, pace).claimNext(region);
    expect(claim?.startAt).toBeGreaterThanOrEqual(before + 299);
  });

  it('spend calls of the operation that makes them, and of no other', async () => {
    const region = newRegion();
    const free = async (operation: string) => {
      const [row] = await fixture.query<{ ms: number }>(
        `select 1000 * extract(epoch from next_at - clock_timestamp())::float8 as ms from pace where region = $1 and operation = $2`,
        [region, operation],
      );
      return row?.ms ?? NaN;
    };
    await queued(region, { types: ['AIVideoTag', 'AIMediaAudit'], agoMs: 1 });
    await queued(region, { types: ['AIMediaAudit'] });
    const before = performance.now();
    const claims = await storeAt(0.01 / 0.985).claimNext(region); // a call in 100 s
    expect(claims).toHaveLength(2);
    const passed = () => performance.now() - before;
    for (const operation of ['SubmitAIJob', 'SubmitAIMediaAuditJob']) {
      const ms = await free(operation);
      expect(ms).toBeLessThanOrEqual(100_000);
      expect(ms).toBeGreaterThan(99_000 - passed());
    }

    const other = newRegion();
    await queued(other);
    expect(await storeAt(0.01 / 0.985).claimNext(other)).toHaveLength(1);
    await queued(other, { types: ['AIMediaAudit'] });
    expect(await storeAt(0.01 / 0.985).claimNext(other)).toHaveLength(1);
  });

  it('leave a job to the next claim that somebody has in hand, without waiting', async () => {
    const region = newRegion();
    const [inHand, free] = [await queued(region), await queued(region)];
    const release = await fixture.hold('select from job where request_id = $1 for update', [inHand.id]);
    expect(requestsOf(await fast().claimNext(region))).toEqual([free.id]);
    await release();
    expect(requestsOf(await fast().claimNext(region))).toEqual([inHand.id]);
  });
});

describe('Claims of one request while the account cannot submit', () => {
  it('are none, but for the probe, which takes no others along and has the room at VOD to itself', async () => {
    const region = newRegion();
    const [waiting, probing] = [await queued(region), await queued(region)];
    await new CircuitStore(fixture.db).open(region, { code: 'Forbidden.RAM', message: '' });
    const store = storeAt(2_000, 1);
    // In one batch.
    const [claims, probes] = await Promise.all([store.claim(waiting.id), store.claim(probing.id, { probe: true })]);
    expect(claims).toEqual([]);
    expect(probes).toMatchObject([{ requestId: probing.id, number: 1 }]);
    expect(await fixture.story(waiting.jobs[0]?.id ?? '')).toEqual(['created', 'deferred']);
    expect(await fixture.story(probing.jobs[0]?.id ?? '')).toEqual(['created', 'claimed']);
    const [, deferred] = await fixture.reads().history(waiting.jobs[0]?.id ?? '');
    expect(deferred?.detail).toMatchObject({ reason: expect.stringContaining('Forbidden.RAM') });
  });
});

describe('Calls that are claimed together', () => {
  it.each([
    [0.5, 1],
    [3, 1],
    [4, 2],
    [7, 3],
    [50, 25],
    [10_000, 25],
  ])('are half a second of %d a second: %d', (qps, calls) => {
    expect(callsTogether(qps)).toBe(calls);
  });
});
