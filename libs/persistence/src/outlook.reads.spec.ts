import { v7 as uuidv7 } from 'uuid';
import { explainedAsNodes, explaining, type PlanNode } from '../../../bench/plans';
import { Fixture } from '../test/fixture';
import {
  CircuitStore,
  ClosedQueueStore,
  JobCounts,
  OutlookReads,
  ProcessStore,
  ProgressReads,
  type JobRow,
} from './index';

const MINUTE = 60_000;

let fixture: Fixture;
beforeEach(async () => {
  fixture = await Fixture.open();
  await worker();
});
afterEach(() => fixture.close());

const processes = () => new ProcessStore(fixture.db);
const circuits = () => new CircuitStore(fixture.db, () => fixture.now);
const closedQueues = () => new ClosedQueueStore(fixture.db, () => fixture.now);

async function worker({ region = 'cn-shanghai', submitQps = 30, maxInFlight = 0 } = {}): Promise<void> {
  const limits = { submitQps, collectQps: 20, maxInFlight };
  await processes().beat({ id: uuidv7(), role: 'worker', host: 'h', version: '1', regions: [region], limits });
}

function outlooks(): OutlookReads {
  const stores = { processes: processes(), circuits: circuits(), closedQueues: closedQueues() };
  return new OutlookReads(fixture.db, new JobCounts(fixture.db), stores, () => fixture.now);
}

const outlookOf = async (job: JobRow) => outlooks().of(await fixture.job(job.id));
const inSeconds = (at: Date | null) => at && (at.getTime() - fixture.now.getTime()) / 1000;

describe('The outlook of a queued job', () => {
  it('counts what is sent before it: what is more urgent, and what has waited longer', async () => {
    await fixture.manyQueued(40);
    const older = await fixture.jobIn('queued');
    fixture.advance(1_000);
    const job = await fixture.jobIn('queued');
    await fixture.jobIn('queued', { priority: 'high' });
    await fixture.jobIn('queued', { priority: 'low' });
    await fixture.jobIn('queued', { region: 'cn-beijing', priority: 'high' });
    await fixture.jobIn('processing');
    fixture.advance(1_000);
    await fixture.jobIn('queued');
    expect(await outlookOf(older)).toMatchObject({ reason: 'in_line', ahead: 41, aheadIsAtLeast: false });
    const outlook = await outlookOf(job);
    expect(outlook).toMatchObject({ reason: 'in_line', late: false, ahead: 42, perSecond: 30 });
    expect(inSeconds(outlook.expectedAt)).toBeCloseTo(42 / 30, 1);
  });

  it('keeps its place while it is handed out and its alarm lies ahead, and stands last when it comes back', async () => {
    const first = await fixture.jobIn('queued');
    fixture.advance(1_000);
    await fixture.manyQueued(10);
    await fixture.query(`update job set due_at = $2 where id = $1`, [
      first.id,
      new Date(fixture.now.getTime() + MINUTE),
    ]);
    expect(await outlookOf(first)).toMatchObject({ reason: 'next', ahead: 0 });

    const failed = await fixture.jobIn('failed');
    fixture.advance(5_000);
    await fixture.jobs().apply(failed.id, { type: 'retried' });
    fixture.advance(1_000);
    await fixture.jobIn('queued');
    expect(await outlookOf(failed)).toMatchObject({ reason: 'in_line', ahead: 11 });
  });

  it('measures how fast jobs are sent since there is a backlog', async () => {
    await fixture.manyQueued(600);
    const job = await fixture.jobIn('queued');
    fixture.advance(20_000);
    for (let i = 0; i < 4; i += 1) await fixture.jobIn('processing');
    fixture.advance(20_000);
    expect(await outlookOf(job)).toMatchObject({ reason: 'in_line', ahead: 600, perSecond: 0.1 });
    fixture.advance(30_000);
    expect((await outlookOf(job)).perSecond).toBeCloseTo(4 / 60, 5);
  });

  it('is the circuit, the throttled queue, the cap, its own pause, or that no worker serves the region', async () => {
    const job = await fixture.jobIn('queued');
    fixture.advance(10 * MINUTE);
    await closedQueues().note({ region: 'cn-shanghai', queue: 'submit', code: 'Throttling', until: new Date(fixture.now.getTime() + 3_000) }); // prettier-ignore
    const throttled = await outlookOf(job);
    expect(throttled).toMatchObject({ reason: 'throttled', late: false, closedQueue: { code: 'Throttling' } });
    expect(inSeconds(throttled.expectedAt)).toBe(3);

    await circuits().open('cn-shanghai', { code: 'Forbidden', message: 'no' });
    expect(await outlookOf(job)).toMatchObject({ reason: 'circuit', late: false, circuit: { code: 'Forbidden' } });
    await circuits().close('cn-shanghai');
    await fixture.query(`delete from closed_queue`);

    await fixture.query(`delete from process`);
    await worker({ maxInFlight: 2 });
    await fixture.jobIn('processing');
    expect(await outlookOf(job)).toMatchObject({ cap: { jobs: 1, most: 2 }, late: false });
    await fixture.jobIn('finished');
    await fixture.jobIn('processing', { types: ['AIMediaDNA'] });
    expect(await outlookOf(job)).toMatchObject({ reason: 'cap', cap: { jobs: 2, most: 2 }, late: false });

    await fixture.query(`delete from process`);
    await worker({ region: 'cn-beijing' });
    expect(await outlookOf(job)).toMatchObject({ reason: 'no_worker', late: false, expectedAt: null });

    await worker();
    const [claim] = await fixture.submissions().claim(job.requestId);
    expect(claim).not.toBeNull();
    await fixture.jobs().apply(job.id, { type: 'throttled', attempt: 1, code: 'Throttling', retryAfterMs: 10_000 });
    expect(await outlookOf(job)).toMatchObject({ reason: 'backs_off', late: false });
  });
});

describe('A long line', () => {
  it('is read by its own index, from whichever end is nearer', async () => {
    await fixture.manyQueued(20_000);
    const job = await fixture.jobIn('queued');
    await fixture.query('analyze job');
    const read: PlanNode[] = [];
    const db = explaining(fixture.db, async (statement, parameters) => {
      read.push(...(await explainedAsNodes(fixture.db, statement, parameters)));
    });
    const stores = { processes: processes(), circuits: circuits(), closedQueues: closedQueues() };
    const counts = new JobCounts(fixture.db);
    const outlook = await new OutlookReads(db, counts, stores, () => fixture.now).of(job);
    expect(outlook).toMatchObject({ ahead: 20_000, aheadIsAtLeast: false });
    const ofJobs = read.filter((node) => node['Relation Name'] === 'job').map((node) => node['Index Name']);
    expect(new Set(ofJobs)).toEqual(new Set(['job_queued', 'job_submitted_at', 'job_due_at']));
  });
});

describe('An alarm is late', () => {
  const late = () => outlooks().late();

  it('when a living worker should have taken it: nothing is sent and nothing is handed out', async () => {
    await fixture.jobIn('queued');
    const due = fixture.now;
    fixture.advance(30_000);
    expect(await late()).toEqual({ late: [], unserved: [] });
    fixture.advance(MINUTE);
    expect(await late()).toEqual({ late: [{ region: 'cn-shanghai', dueAt: due }], unserved: [] });
  });

  it('but not in a backlog that moves', async () => {
    await fixture.manyQueued(500);
    const job = await fixture.jobIn('queued');
    fixture.advance(10 * MINUTE);
    await fixture.jobIn('processing');
    expect(await late()).toEqual({ late: [], unserved: [] });
    expect(await outlookOf(job)).toMatchObject({ reason: 'in_line', late: false });
    fixture.advance(2 * MINUTE);
    expect((await late()).late).toHaveLength(1);
    expect(await outlookOf(job)).toMatchObject({ reason: 'stalled', late: true });
    // Something has just been handed out.
    await fixture.query(`update job set due_at = $1 where id = (select id from job where state = 'queued' limit 1)`, [
      new Date(fixture.now.getTime() + MINUTE),
    ]);
    expect((await late()).late).toEqual([]);
  });

  it('nor behind an open circuit or at the cap, and what no worker serves is told apart', async () => {
    await fixture.jobIn('queued');
    const elsewhere = fixture.now;
    await fixture.jobIn('queued', { region: 'cn-beijing' });
    fixture.advance(10 * MINUTE);
    await circuits().open('cn-shanghai', { code: 'Forbidden', message: 'no' });
    expect(await late()).toEqual({ late: [], unserved: [{ region: 'cn-beijing', dueAt: elsewhere }] });
    await circuits().close('cn-shanghai');
    expect((await late()).late).toHaveLength(1);
    await fixture.query(`delete from process`);
    await worker({ maxInFlight: 1 });
    for (const type of ['AIVideoTag', 'AIMediaDNA'] as const) await fixture.jobIn('processing', { types: [type] });
    expect((await late()).late).toEqual([]);
  });

  it('when a read is due for longer than the reads before it take, and none has settled anything', async () => {
    const job = await fixture.jobIn('processing');
    const due = job.dueAt ?? fixture.now;
    expect(await outlookOf(job)).toMatchObject({ reason: 'scheduled', expectedAt: due, late: false });
    fixture.now = new Date(due.getTime() + 30_000);
    expect(await outlookOf(job)).toMatchObject({ reason: 'next', late: false });
    fixture.advance(MINUTE);
    expect(await outlookOf(job)).toMatchObject({ reason: 'stalled', late: true });
    expect(await late()).toEqual({ late: [{ region: 'cn-shanghai', dueAt: due }], unserved: [] });
    await fixture.jobIn('succeeded');
    expect(await late()).toEqual({ late: [], unserved: [] });
  });
});

describe('The progress of a batch', () => {
  const labels = { batch: 'a' };
  const progress = async () => {
    const reads = new ProgressReads(fixture.db, fixture.lists(), outlooks(), () => fixture.now);
    return reads.of({ labels }, (await fixture.stats().stats({ labels })).jobs);
  };

  it('is measured by how fast its own jobs end', async () => {
    await fixture.jobIn('failed'); // another's
    for (const state of ['queued', 'processing', 'held'] as const) await fixture.jobIn(state, { labels });
    for (let i = 0; i < 4; i += 1) {
      await fixture.jobIn(i === 0 ? 'failed' : 'succeeded', { labels });
      fixture.advance(5_000);
    }
    const far = await progress();
    expect(far).toMatchObject({
      total: 7,
      succeeded: 3,
      failed: 1,
      held: 1,
      open: 2,
      perSecond: 0.2,
      basis: 'settling',
    });
    expect(inSeconds(far.expectedAt)).toBe(10);
  });

  it('is guessed from what is before its last job while none of its jobs has ended', async () => {
    await fixture.manyQueued(60);
    await fixture.jobIn('queued', { labels });
    const far = await progress();
    expect(far).toMatchObject({ total: 1, open: 1, perSecond: null, basis: 'queue' });
    expect(inSeconds(far.expectedAt)).toBe(2);
  });

  it('is unknown when nothing tells', async () => {
    await fixture.jobIn('processing', { labels });
    expect(await progress()).toMatchObject({ open: 1, perSecond: null, expectedAt: null, basis: null });
    await fixture.query(`delete from process`);
    await fixture.jobIn('queued', { labels });
    expect(await progress()).toMatchObject({ open: 2, expectedAt: null, basis: null });
  });

  it('has nothing more to wait for when only held jobs are left', async () => {
    await fixture.jobIn('held', { labels });
    await fixture.jobIn('succeeded', { labels });
    expect(await progress()).toMatchObject({ total: 2, held: 1, open: 0, expectedAt: null });
  });
});
