import type { JobState } from '@app/domain';
import { explainedAsNodes, explaining, type PlanNode } from '../../../bench/plans';
import { Fixture } from '../test/fixture';
import { AlarmStore, PaceStore } from './index';

describe('Alarms', () => {
  let fixture: Fixture;
  let alarms: AlarmStore;
  const lease = 60_000;
  beforeAll(async () => {
    fixture = await Fixture.open();
    alarms = new AlarmStore(fixture.db, lease, () => fixture.now);
  });
  afterAll(() => fixture.close());

  /** A region for every test: what it finds there is its own. */
  let regions = 0;
  const newRegion = () => `region-${(regions += 1)}`;
  const setDue = (id: string, at: Date) => fixture.query('update job set due_at = $2 where id = $1', [id, at]);
  const ago = (ms: number) => new Date(fixture.now.getTime() - ms);

  async function idsTaken(store: AlarmStore, region: string, limit: number): Promise<string[]> {
    return (await store.takeReads(region, limit)).map(({ id }) => id);
  }

  /** Jobs in `state` that are due, the last one for the longest time. */
  async function dueJobs(region: string, count: number, state: JobState = 'processing'): Promise<string[]> {
    const ids: string[] = [];
    for (let i = 1; i <= count; i += 1) {
      const { id } = await fixture.jobIn(state, { region });
      await setDue(id, ago(i * 1000));
      ids.push(id);
    }
    return ids;
  }

  it('are looked at by region and state: the first of them, and how many are due', async () => {
    const [region, other] = [newRegion(), newRegion()];
    await dueJobs(region, 3);
    await dueJobs(region, 2, 'queued');
    await dueJobs(other, 1);
    const { id } = await fixture.jobIn('finished', { region });
    const later = new Date(fixture.now.getTime() + 1);
    await setDue(id, later);
    await fixture.jobIn('succeeded', { region });
    const look = async (most: number) =>
      (await alarms.look([region], most)).toSorted((a, b) => a.state.localeCompare(b.state));
    const finished = { region, state: 'finished', firstAt: later, due: 0, probeAt: null, freeInMs: null };
    const processing = { region, state: 'processing', firstAt: ago(3000), due: 3, probeAt: null, freeInMs: null };
    // Of what is queued only whether there is any: how many go is a matter of room.
    const queued = { region, state: 'queued', firstAt: ago(2000), due: 1, probeAt: null, freeInMs: null };
    expect(await look(10)).toEqual([finished, processing, queued]);
    expect(await look(2)).toEqual([finished, { ...processing, due: 2 }, queued]);
  });

  it('are looked at by their index alone, whatever the statistics say', async () => {
    const region = newRegion();
    await fixture.manyQueued(20_000, { region });
    await dueJobs(region, 1, 'finished');
    await fixture.query('analyze job');
    const read: PlanNode[] = [];
    const db = explaining(fixture.db, async (statement, parameters) => {
      read.push(...(await explainedAsNodes(fixture.db, statement, parameters)));
    });
    await new AlarmStore(db, lease, () => fixture.now).look([region], 500);
    const ofJobs = read.filter((node) => node['Relation Name'] === 'job');
    expect(new Set(ofJobs.map((node) => node['Index Name']))).toEqual(new Set(['job_due_at', 'job_backlog']));
    const rows = ofJobs.map((node) => node['Actual Rows'] * node['Actual Loops']);
    expect(Math.max(...rows)).toBeLessThan(10);
  });

  it('are set forward by the lease when they are taken, and are due again after it', async () => {
    const region = newRegion();
    const [id] = await dueJobs(region, 1);
    expect(await idsTaken(alarms, region, 10)).toEqual([id]);
    expect((await fixture.job(id ?? '')).dueAt).toEqual(new Date(fixture.now.getTime() + lease));
    expect(await idsTaken(alarms, region, 10)).toEqual([]);
    fixture.advance(lease);
    expect(await idsTaken(alarms, region, 10)).toEqual([id]);
  });

  it('leave state, version and history alone', async () => {
    const region = newRegion();
    const [id] = await dueJobs(region, 1);
    const before = await fixture.job(id ?? '');
    await alarms.takeReads(region, 10);
    expect(await fixture.job(id ?? '')).toEqual({ ...before, dueAt: new Date(fixture.now.getTime() + lease) });
  });

  describe.each<[string, JobState, (store: AlarmStore, region: string, limit: number) => Promise<string[]>]>([
    ['of reads', 'finished', idsTaken],
    [
      'of lost submissions',
      'unconfirmed',
      async (store, region, limit) => (await store.takeIn(region, 'unconfirmed', limit)).map(({ id }) => id),
    ],
  ])('%s', (_which, state, take) => {
    it('are taken once by two dispatchers at the same moment', async () => {
      const region = newRegion();
      const all = await dueJobs(region, 20, state);
      const other = new AlarmStore(await fixture.connect(), lease, () => fixture.now);
      const taken = await Promise.all([take(alarms, region, 12), take(other, region, 12), take(alarms, region, 12)]);
      const rest = await take(alarms, region, 20);
      expect([...taken.flat(), ...rest].toSorted()).toEqual(all.toSorted());
    });

    it('are shared by two dispatchers: what one has in hand the other skips without waiting', async () => {
      const region = newRegion();
      const ids = await dueJobs(region, 4, state);
      const [inHand, others] = [ids.slice(0, 2), ids.slice(2)];
      const release = await fixture.hold('select from job where id = any($1::uuid[]) for update', [inHand]);
      expect((await take(alarms, region, 10)).toSorted()).toEqual(others.toSorted());
      await release();
      expect((await take(alarms, region, 10)).toSorted()).toEqual(inHand.toSorted());
    });
  });

  it('of reads are taken by how long they have been due, and at most as many as asked for', async () => {
    const region = newRegion();
    const ids = await dueJobs(region, 3);
    const finished = await dueJobs(region, 1, 'finished');
    await setDue(finished[0] ?? '', ago(2500));
    expect(await idsTaken(alarms, region, 3)).toEqual([ids[2], finished[0], ids[1]]);
  });

  it('of submissions say whether the attempt was sent', async () => {
    const region = newRegion();
    const [unsent, sent] = await dueJobs(region, 2, 'submitting');
    await fixture.query('update job set submitted_at = now() where id = $1', [sent]);
    const [lost] = await dueJobs(region, 1, 'unconfirmed');
    expect(await alarms.takeIn(region, 'submitting', 10)).toEqual([
      { id: sent, attempt: 1, sent: true },
      { id: unsent, attempt: 1, sent: false },
    ]);
    expect(await alarms.takeIn(region, 'unconfirmed', 10)).toEqual([{ id: lost, attempt: 1, sent: true }]);
  });

  it('that could not be handed on are due again at once', async () => {
    const region = newRegion();
    const [read] = await dueJobs(region, 1);
    const request = await fixture.accept({ region });
    await alarms.takeReads(region, 10);
    expect(await alarms.takeProbe(region)).toEqual([request.id]);
    expect(await alarms.takeProbe(region)).toEqual([]);
    await alarms.giveBack({ jobIds: [read ?? ''] });
    await alarms.giveBack({ requestIds: [request.id] });
    expect(await idsTaken(alarms, region, 10)).toEqual([read]);
    expect(await alarms.takeProbe(region)).toEqual([request.id]);
  });

  it('are not given back to jobs that have moved on meanwhile', async () => {
    const region = newRegion();
    const settled = await fixture.jobIn('succeeded', { region });
    const submitting = await fixture.jobIn('submitting', { region });
    await alarms.giveBack({ jobIds: [settled.id, submitting.id] });
    expect(await fixture.job(settled.id)).toEqual(settled);
    expect(await fixture.job(submitting.id)).toEqual(submitting);
  });

  it('of the type with the fewest jobs at VOD tell whether there is room', async () => {
    const region = newRegion();
    await dueJobs(region, 3);
    expect(await alarms.leastInFlight(region, 10)).toBe(0); // nobody waits
    await dueJobs(region, 1, 'queued');
    expect(await alarms.leastInFlight(region, 10)).toBe(3); // of the other types nobody wants one
    await fixture.jobIn('queued', { region, types: ['AIMediaDNA'] });
    expect(await alarms.leastInFlight(region, 10)).toBe(0);
    await fixture.jobIn('submitting', { region, types: ['AIMediaDNA'] });
    expect(await alarms.leastInFlight(region, 10)).toBe(1);
    expect(await alarms.leastInFlight(region, 1)).toBe(3);
  });

  describe('of queued jobs wait for VOD’s limit', () => {
    const pace = () => new PaceStore(fixture.db, () => 1_000);

    it('of the operation that submits the most urgent, which the look tells', async () => {
      const region = newRegion();
      await fixture.accept({ region });
      const freeInMs = async () => (await alarms.look([region], 1))[0]?.freeInMs;
      expect(await freeInMs()).toBeNull(); // no call was made yet
      await pace().pause(region, 'SubmitAIJob', 60_000);
      expect(await freeInMs()).toBeGreaterThan(50_000);
      await fixture.accept({ region, types: ['AIMediaAudit'], priority: 'high' });
      expect(await freeInMs()).toBeNull();
    });

    it('of whichever operation has a call first for one of them', async () => {
      const region = newRegion();
      expect(await alarms.freeInMs(region, 10)).toBeNull();
      await fixture.accept({ region, types: ['AIMediaAudit'], priority: 'high' });
      await pace().pause(region, 'SubmitAIMediaAuditJob', 60_000);
      await pace().pause(region, 'SubmitAIJob', 20_000);
      expect(await alarms.freeInMs(region, 10)).toBeGreaterThan(50_000); // nobody waits for the other
      await fixture.accept({ region });
      expect(await alarms.freeInMs(region, 1)).toBeGreaterThan(50_000);
      const ms = await alarms.freeInMs(region, 2);
      expect(ms).toBeGreaterThan(10_000);
      expect(ms).toBeLessThanOrEqual(20_000);
      await fixture.query('delete from pace where region = $1', [region]);
      expect(await alarms.freeInMs(region, 2)).toBe(0);
    });
  });
});
